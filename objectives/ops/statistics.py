"""Statistics of a batch, and how those of two batches become that of both.

A measure of a set is an expression of few statistics: sums, moments, a maximum, or all items themselves. Each is
marked as what it is, so that a validation function finds them in the graph of any expression, accumulates them over
batches and computes the expression once, at the end.
"""

from enum import Enum

import numpy as np
from pytensor import config
from pytensor.compile.ops import ViewOp
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

# Each function below is given `where` of NumPy, JAX, PyTorch or MLX with arrays, or that of a Numba kernel with
# numbers. They are written with operators alone, so that all can compute them.


def _add(where, total, error, x, error_of_x):
    """The sum as an unevaluated sum of two numbers, the second of which holds what rounding took from the first.

    Knuth's exact sum of two, then Dekker's, so that whole numbers stay exact beyond what one of the two can hold.
    """
    high = total + x
    part = high - total
    low = (total - (high - part)) + (x - part) + (error + error_of_x)
    result = high + low
    # the error of an infinite sum would be NaN
    return result, where(result - result == 0, low - (result - high), 0)


def _greatest(where, a, b):
    return (where((b > a) | (b != b), b, a),)


def _join_moments(where, n, mean, m2, k, mean_of_k, m2_of_k):
    """Count, mean and sum of squared deviations (Chan, Golub and LeVeque 1983)."""
    total = n + k
    share = where(total == 0, 0, k / where(total == 0, 1, total))
    difference = mean_of_k - mean
    return total, mean + difference * share, m2 + m2_of_k + difference * difference * (n * share)


def _join_comoments(where, n, mean_x, mean_y, m_xx, m_yy, m_xy, k, k_mean_x, k_mean_y, k_xx, k_yy, k_xy):
    """The same of pairs: count, means, and sums of products of deviations."""
    total = n + k
    share = where(total == 0, 0, k / where(total == 0, 1, total))
    dx, dy = k_mean_x - mean_x, k_mean_y - mean_y
    common = n * share
    return (
        total,
        mean_x + dx * share,
        mean_y + dy * share,
        m_xx + k_xx + dx * dx * common,
        m_yy + k_yy + dy * dy * common,
        m_xy + k_xy + dx * dy * common,
    )


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
        """A function of ``where``, the components of one state and those of another, which gives those of both."""
        return _MERGES[self]

    @property
    def size(self):
        """The number of components."""
        return {"sum": 2, "maximum": 1, "moments": 3, "comoments": 6}[self.value]

    @property
    def is_stacked(self):
        """Whether the statistic of a batch has an axis of components as the state has."""
        return self in (Rule.MOMENTS, Rule.COMOMENTS)

    def empty(self, statistic):
        """The state before the first batch; lengths that are not known statically are 1."""
        shape = tuple(1 if n is None else n for n in statistic.type.shape)
        if self is Rule.JOIN:
            return np.zeros((0, *shape[1:]), statistic.dtype)
        shape = shape if self.is_stacked else (self.size, *shape)
        return np.full(shape, -np.inf if self is Rule.MAXIMUM else 0, accumulator_dtype(statistic.dtype))

    def settled(self, state, statistic):
        """What a state says in place of the statistic of one batch."""
        if self.is_stacked or self is Rule.JOIN:
            return state
        return (state[0] + state[1] if self is Rule.SUM else state[0]).astype(statistic.dtype)

    def merged(self, state, other):
        """The state of both, with NumPy."""
        if self is Rule.JOIN:
            return np.concatenate([state, other])
        return np.stack([np.asarray(c) for c in self.merge(np.where, *state, *other)])

    def components(self, statistic, zeros_like):
        """The components of the state of one batch."""
        if self.is_stacked:
            return [statistic[i] for i in range(self.size)]
        return [statistic, zeros_like(statistic)][: self.size]


_MERGES = {
    Rule.SUM: _add,
    Rule.MAXIMUM: _greatest,
    Rule.MOMENTS: _join_moments,
    Rule.COMOMENTS: _join_comoments,
}


def accumulator_dtype(dtype):
    """What statistics of this dtype are accumulated in: at least floatX."""
    return np.promote_types(dtype, config.floatX).name


class Statistic(ViewOp):
    """The identity, which marks a statistic of a batch; a rewrite removes it from what is compiled."""

    __props__ = ("rule",)

    def __init__(self, rule):
        self.rule = rule


class Accumulate(Op):
    """The state after a batch: (state (components, ...), statistic (...)) to state (components, ...).

    Never in place: a batch that fails leaves the state as it was. The first state may have lengths of 1 where the
    statistic is longer; every other difference of shapes is an error.
    """

    __props__ = ("rule",)

    def __init__(self, rule):
        self.rule = rule

    def make_node(self, state, statistic):
        return Apply(self, [state, statistic], [state.type()])

    def perform(self, node, inputs, outputs):
        state, statistic = inputs
        shape = statistic.shape[1:] if self.rule.is_stacked else statistic.shape
        check_lengths(state.shape[1:], shape)
        # row by row: for a few numbers to add, to stack arrays takes longer than to add them
        components = statistic if self.rule.is_stacked else (statistic, 0)[: len(state)]
        result = np.empty((len(state), *shape), state.dtype)
        for row, component in enumerate(self.rule.merge(np.where, *state, *components)):
            result[row] = component
        outputs[0][0] = result

    def compute(self, xp, state, statistic):
        """The same with the functions of a module: NumPy's, or another's of the same names."""
        shape = tuple(statistic.shape[1:] if self.rule.is_stacked else statistic.shape)
        check_lengths(tuple(state.shape[1:]), shape)
        components = self.rule.components(statistic, xp.zeros_like)
        merged = self.rule.merge(xp.where, *(state[i] for i in range(self.rule.size)), *components)
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


def statistic(x, rule):
    """``x``, marked as a statistic of a batch that `rule` joins with those of others."""
    return Statistic(rule)(x)


def summed(x):
    """``x``, marked as a sum over a batch."""
    return statistic(x, Rule.SUM)


def joined(x):
    """``x``, whose first axis is that of items, marked as what must be kept of every item."""
    return statistic(x, Rule.JOIN)
