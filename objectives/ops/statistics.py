"""Statistics of a batch, and how those of two batches become that of both.

A measure of a set is an expression of few statistics: sums, moments, a maximum, or all items themselves. Each is
marked as what it is, so that a validation function finds them in the graph of any expression, accumulates them over
batches and computes the expression once, at the end.
"""

from enum import Enum
from typing import Any

import numpy as np
from pytensor import config
from pytensor.compile.ops import ViewOp
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

# Each function below is given `where` of NumPy, JAX, PyTorch or MLX and two sequences of arrays, or `_choose` and two
# sequences of numbers. They are written with operators alone, so that all can compute them.


def _choose(condition, x, y):
    return x if condition else y


def _add(where, a, b):
    """The sum as an unevaluated sum of two numbers, the second of which holds what rounding took from the first.

    Knuth's exact sum of two, then Dekker's, so that whole numbers stay exact beyond what one of the two can hold.
    """
    (total, error), (x, error_of_x) = a, b
    high = total + x
    part = high - total
    low = (total - (high - part)) + (x - part) + (error + error_of_x)
    low = where(high - high == 0, low, 0)  # of an infinite sum it would be NaN
    result = high + low
    return result, where(result - result == 0, low - (result - high), 0)


def _greatest(where, a, b):
    (x,), (y,) = a, b
    return (where((y > x) | (y != y), y, x),)


def _join_moments(where, a, b):
    """Count, mean and norm of deviations, the root of the sum of their squares (Chan, Golub and LeVeque 1983)."""
    (n, mean, norm), (k, other_mean, other_norm) = a, b
    total, share, between = _shares(where, n, k)
    difference = other_mean - mean
    return total, mean + difference * share, _norm(where, norm, other_norm, difference * between)


def _join_comoments(where, a, b):
    """The same of pairs: count, means, norms of deviations, and the cosine of the angle between them."""
    (n, x, y, norm_x, norm_y, cosine), (k, other_x, other_y, other_norm_x, other_norm_y, other_cosine) = a, b
    total, share, between = _shares(where, n, k)
    dx, dy = other_x - x, other_y - y
    parts_x, parts_y = (norm_x, other_norm_x, dx * between), (norm_y, other_norm_y, dy * between)
    new_x, new_y = _norm(where, *parts_x), _norm(where, *parts_y)
    unit_x, unit_y = where(new_x == 0, 1, new_x), where(new_y == 0, 1, new_y)
    cosines = (cosine, other_cosine, 1)
    products = [c * (a / unit_x) * (b / unit_y) for c, a, b in zip(cosines, parts_x, parts_y, strict=True)]
    return total, x + dx * share, y + dy * share, new_x, new_y, products[0] + products[1] + products[2]


def _shares(where, n, k):
    """Of two counts the total, the share of the second, and what the difference of means is of the new deviations."""
    total = n + k
    share = where(total == 0, 0, k / where(total == 0, 1, total))
    return total, share, abs(n * share) ** 0.5


def _norm(where, *parts):
    """The root of the sum of squares, in units of the greatest, whose square might not be a number."""
    greatest = abs(parts[0])
    for part in parts[1:]:
        greatest = where(abs(part) > greatest, abs(part), greatest)
    unit = where((greatest == 0) | (greatest - greatest != 0), 1, greatest)
    return greatest * sum((part / unit) * (part / unit) for part in parts) ** 0.5


class Rule(Enum):
    """How a statistic of a batch joins the state of those before it.

    A state stacks its components on a first axis. That of a sum has two, see `_add`; moments are stacked already in
    the statistic of a batch. States of the same rule can be merged in any order.
    """

    SUM = "sum"
    MAXIMUM = "maximum"
    MOMENTS = "moments"
    COMOMENTS = "comoments"
    JOIN = "join"  # all batches one after another: the state is as large as the data

    @property
    def merge(self):
        """A function of ``where`` and the components of two states, which gives those of both."""
        return _MERGES[self]

    @property
    def size(self):
        """The number of components."""
        return {"sum": 2, "maximum": 1, "moments": 3, "comoments": 6}[self.value]

    @property
    def is_stacked(self):
        """Whether the statistic of a batch has an axis of components as the state has."""
        return self in (Rule.MOMENTS, Rule.COMOMENTS)

    def empty(self, statistic, dtype):
        """The state before the first batch, of this dtype; lengths that are not known statically are 1."""
        shape = tuple(1 if n is None else n for n in statistic.type.shape)
        if self is Rule.JOIN:
            return np.zeros((0, *shape[1:]), statistic.dtype)
        shape = (self.size, *(shape[1:] if self.is_stacked else shape))
        return np.full(shape, -np.inf if self is Rule.MAXIMUM else 0, dtype)

    def settled(self, state, dtype):
        """What a state says in place of the statistic of one batch, with NumPy."""
        state = np.asarray(state)
        if self is Rule.JOIN:
            return state
        state = state.astype(dtype)  # before the two of a sum are added, which one may not hold
        if not self.is_stacked:
            state = state[0] + state[1] if self is Rule.SUM else state[0]
        return np.asarray(state)

    def accumulated(self, state, statistic):
        """The state after a batch, with NumPy; single numbers with Python's floats, which are several times as fast."""
        shape = statistic.shape[1:] if self.is_stacked else statistic.shape
        check_lengths(state.shape[1:], shape)
        if not shape and state.dtype == "float64":
            given = statistic.tolist() if self.is_stacked else (float(statistic), 0.0)[: self.size]
            return np.asarray(self.merge(_choose, state.tolist(), given), state.dtype)
        if self is Rule.SUM and (places := few_places(state, statistic)) is not None:
            return Pending.after(state, places, statistic)
        state = np.asarray(state)
        # row by row, since stacking takes longer than adding
        components = statistic if self.is_stacked else (statistic, 0)[: self.size]
        result = np.empty((self.size, *shape), state.dtype)
        with np.errstate(invalid="ignore"):
            for row, component in enumerate(self.merge(np.where, state, components)):
                result[row] = component
        return result

    def merged(self, state, other):
        """The state of both, with NumPy."""
        if self is Rule.JOIN:
            return np.concatenate([state, other])
        with np.errstate(invalid="ignore"):
            merged = np.stack(self.merge(np.where, state, other))
            narrow = merged.astype(state.dtype)
            if self is Rule.SUM and narrow.dtype != merged.dtype:  # of a backend without float64
                narrow[1] = np.where(np.isfinite(narrow[0]), merged[0] - narrow[0] + merged[1], 0)
        return narrow

    def components(self, statistic, zeros_like):
        """The components of the state of one batch."""
        if self.is_stacked:
            return [statistic[i] for i in range(self.size)]
        return [statistic, zeros_like(statistic)][: self.size]


class Pending:
    """A state of sums in place of its array, with what is yet to be added to few of its entries, batch by batch.

    So a batch does not take the time of all cells of a large confusion matrix, and the state is still never changed.
    """

    def __init__(self, array, batches):
        self.array, self.batches = array, batches
        self.shape, self.dtype = array.shape, array.dtype

    @classmethod
    def after(cls, state, places, statistic):
        """The state after a batch, whose statistic is not 0 at these places of its flat array."""
        if isinstance(state, Pending) and len(state.batches) == FEW:
            state = np.asarray(state)
        array, batches = (state.array, state.batches) if isinstance(state, Pending) else (state, ())
        return cls(array, (*batches, (places, statistic.ravel()[places])))

    def __array__(self, dtype=None, copy=None):
        result = self.array.copy()
        flat = result.reshape(len(result), -1)
        with np.errstate(invalid="ignore"):
            for places, added in self.batches:
                total, error = _add(np.where, flat[:, places], (added, 0))
                flat[0, places], flat[1, places] = total, error
        return result if dtype is None else result.astype(dtype)


FEW = 64  # batches that are pending, of which each adds to one in as many entries: no more than the array
LARGE = 1 << 14  # entries of a statistic, in which it is worthwhile to look for those that are not 0


def few_places(state, statistic):
    """Where a statistic is not 0, if that is at few places of many and lengths are those of the state."""
    if statistic.size < LARGE or state.shape[1:] != statistic.shape:
        return None
    places = np.flatnonzero(statistic != 0)  # of booleans, several times as fast
    return places if places.size * FEW <= statistic.size else None


_MERGES = {
    Rule.SUM: _add,
    Rule.MAXIMUM: _greatest,
    Rule.MOMENTS: _join_moments,
    Rule.COMOMENTS: _join_comoments,
}


def accumulator_dtype(dtype):
    """What measures of numbers of this dtype are: at least floatX."""
    return np.promote_types(dtype, config.floatX).name


def wide_sum(x, axis=None):
    """The sum of items in float64: float32 ends counting at 2^24. Backends without float64 add in blocks."""
    if x.ndim == 2 and axis == 0 and x.type.broadcastable[1]:  # PyTensor sums vectors faster than columns
        return x.dimshuffle(0).astype("float64").sum()[None]
    return x.astype("float64").sum(axis=axis)


class Statistic(ViewOp):
    """The identity, which marks a statistic of a batch; a rewrite removes it from what is compiled."""

    __props__ = ("rule",)

    def __init__(self, rule):
        self.rule = rule


class WhereNothing(ViewOp):
    """The identity, which marks what an expression gives where nothing counts; a rewrite removes it as well.

    That number is for training, which goes on. A validation function, which knows nothing, says NaN in its place.
    """


class Accumulate(Op):
    """The state after a batch: (state (components, ...), statistic (...)) to state (components, ...).

    For backends with arrays of their own, which stay where they are; elsewhere `Rule.accumulated` needs no compiler.

    Never in place: a batch that fails leaves the state as it was. The first state may have lengths of 1 where the
    statistic is longer; every other difference of shapes is an error.
    """

    __props__ = ("rule",)

    def __init__(self, rule):
        self.rule = rule

    def make_node(self, *inputs):
        state, statistic = inputs
        return Apply(self, [state, statistic], [state.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.asarray(self.rule.accumulated(*inputs))

    def compute(self, xp, state, statistic):
        """The same with the functions of a module: NumPy's, or another's of the same names."""
        shape = tuple(statistic.shape[1:] if self.rule.is_stacked else statistic.shape)
        check_lengths(tuple(state.shape[1:]), shape)
        before = [state[i] for i in range(self.rule.size)]
        merged = self.rule.merge(xp.where, before, self.rule.components(statistic, xp.zeros_like))
        return xp.stack([xp.broadcast_to(component, shape) for component in merged])

    def infer_shape(self, *arguments):
        state, statistic = arguments[-1]
        return [(state[0], *(statistic[1:] if self.rule.is_stacked else statistic))]


def check_lengths(known, given):
    """Refuse a batch whose statistic has other lengths than those before it."""
    if known != given and any(n not in (1, m) for n, m in zip(known, given, strict=True)):
        raise ValueError(
            f"the statistic of this batch has the shape {given}, that of the batches before it {known}: all batches "
            "must have the same number of columns, classes or bins"
        )


def concatenated(chunks):
    """All that was kept, except empty arrays, which may have other columns: they were made before any batch."""
    return np.concatenate([np.asarray(chunk) for chunk in chunks if len(chunk)] or [np.asarray(chunks[-1])])


def accumulated(state, statistic, rule) -> Any:
    """The state after a batch with this statistic."""
    return Accumulate(rule)(state, statistic)


def merged_states(rules, state, other):
    """The state of two validations: arrays by name, merged by the rule of that name, and the number of batches.

    It is NumPy alone, so that states can be merged where nothing is compiled.
    """
    counts = int(state["batches"]), int(other["batches"])
    merged = {"batches": np.asarray(sum(counts))}
    for name, rule in rules.items():
        arrays = np.asarray(state[name]), np.asarray(other[name])
        if all(counts):  # a state of no batches has lengths of 1
            known, given = (array.shape[1:] for array in arrays)
            if known != given:
                raise ValueError(
                    f"{name} has the shape {given} in one state and {known} in the other: all batches must have the "
                    "same number of columns, classes or bins"
                )
        merged[name] = rule.merged(*arrays)
    return merged


def statistic(x, rule):
    """``x``, marked as a statistic of a batch that `rule` joins with those of others."""
    return Statistic(rule)(x)


def summed(x):
    """``x``, marked as a sum over a batch."""
    return statistic(x, Rule.SUM)


def where_nothing(x):
    """``x``, marked as the number that an expression gives where nothing counts."""
    return WhereNothing()(x)


def total_of(x, axis=None):
    """The sum over the items of a batch as a statistic, then in the dtype of the items."""
    return summed(wide_sum(x, axis)).astype(x.dtype)


def joined(x):
    """``x``, whose first axis is that of items, marked as what must be kept of every item."""
    return statistic(x, Rule.JOIN)
