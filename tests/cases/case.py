"""What a row of the table is, and how the inputs of rows are drawn."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any

import numpy as np
from lazy import jax, jnp
from references import REFERENCES

import objectives
from objectives import lookup
from objectives.ops.labels import LabelError

ITEMS, PIXELS, CLASSES = 6, 7, 5

# Inputs are drawn by functions of (generator, shape), where the shape is (..., items, classes).


def reals(rng, shape):
    return rng.normal(scale=2, size=shape)


def positives(rng, shape):
    return rng.uniform(0.2, 3, size=shape)


def counts(rng, shape):
    return rng.integers(0, 6, size=shape)


def probabilities(rng, shape):
    return rng.uniform(0.02, 0.98, size=shape)


def simplex(rng, shape):
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def binary(rng, shape):
    return rng.integers(0, 2, size=shape).astype("int8")


def signs(rng, shape):
    return 2 * binary(rng, shape) - 1


def labels(rng, shape):
    return rng.integers(0, shape[-1], size=shape[:-1])


def one_hot(rng, shape):
    return np.eye(shape[-1], dtype="int64")[labels(rng, shape)]


def each_item(draw):
    """The same without the last axis: one number for each item."""

    def items(rng, shape):
        return draw(rng, shape[:-1])

    items.__name__ = f"{draw.__name__} of items"
    return items


@dataclass(frozen=True, eq=False)
class Case:
    """One row of the table.

    Parameters
    ----------
    function
        The loss or measure. Its `objectives.facts` say what one number of its result is for.
    predictions, targets
        How the first two arguments are drawn.
    reference
        Losses from float64 (and int64) JAX arrays in the order of the arguments; JAX differentiates it. It shares no
        code with the function.
    options
        Keyword arguments that are the same for all inputs.
    extras
        How further arguments that hold data are drawn, by name; the reference takes them by name too.
    torch
        A second reference, of PyTorch tensors.
    target_gradient
        Whether the gradient by the targets is tested as well as that by the predictions and extras.
    leading_dimensions
        Whether there can be any number of leading dimensions.
    coupled
        Whether items meet in the loss of one of them, so that masked items leave the losses of the others too. Set
        of itself for what is one number for the whole set.
    mask_per
        What one entry of the mask is for, "element" or "item", if not what one number of the result is for. The
        reference of a loss of items is given a mask of elements as ``mask``.
    pools
        What one number of the result is for, "class" (of an item) or "item", if the loss sums over pixels, an axis
        between those of items and classes. The mask is one of pixels and is given to the reference as ``mask``.
    axis_moves
        Whether ``axis=`` moves the last axis of predictions and of what has the same rank.
    differs
        Facts that the options of this row change, by name.
    best
        Predictions at which the loss of these targets is least, if the facts name a minimizer: a function of the
        targets (and extras by name).
    """

    function: Callable
    predictions: Callable
    targets: Callable
    reference: Callable
    options: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Callable] = field(default_factory=dict)
    torch: Callable | None = None
    target_gradient: bool = False
    leading_dimensions: bool = True
    coupled: bool = False
    known_lengths: tuple[str, ...] = ()  # backends on which the lengths of all inputs must be known
    mask_per: str | None = None
    pools: str | None = None
    axis_moves: bool = True
    differs: dict[str, Any] = field(default_factory=dict)
    best: Callable | None = None

    @property
    def id(self):
        options = ",".join(f"{name}={_short(value)}" for name, value in self.options.items())
        return f"{self.function.__name__}[{self.targets.__name__}{',' + options if options else ''}]"

    @property
    def facts(self):
        return replace(objectives.facts(self.function.__name__), **self.differs)

    @property
    def differentiable(self):
        return self.facts.differentiable

    @property
    def itemwise(self):
        return self.facts.per != "element"

    def apply(self, inputs, **options):
        """The function of inputs in the order of `draw`."""
        predictions, targets, *extras = inputs
        extras = dict(zip(self.extras, extras, strict=True))
        return self.function(predictions, targets, **(extras | self.options | options))

    def draw(self, dtype, *, shape=(ITEMS, CLASSES), seed=0):
        """Predictions, targets and extras; floats of this dtype."""
        rng = np.random.default_rng([seed, *shape])
        shape = (*shape[:-1], PIXELS, shape[-1]) if self.pools else shape
        targets, predictions = self.targets(rng, shape), self.predictions(rng, shape)
        arrays = [predictions, targets, *(draw(rng, shape) for draw in self.extras.values())]
        return [array.astype(dtype) if array.dtype.kind == "f" else array for array in arrays]

    def wrt(self, arrays):
        """The positions of the arguments whose gradients are tested."""
        if not self.differentiable:
            return []
        floats = [i for i, array in enumerate(arrays) if np.dtype(array.dtype).kind == "f"]
        return [i for i in floats if i != 1 or self.target_gradient]

    def result_shape(self, shape=(ITEMS, CLASSES)):
        per = self.pools or self.facts.per
        return {"element": tuple(shape), "class": tuple(shape), "item": tuple(shape[:-1]), "set": ()}[per]

    def mask_shape(self, shape=(ITEMS, CLASSES)):
        if self.pools:
            return (*shape[:-1], PIXELS)
        return tuple(shape) if (self.mask_per or self.facts.per) == "element" else tuple(shape[:-1])

    def masked(self, mask, value):
        """The losses that must be 0: those of masked elements or items, or of items without an element or pixel."""
        return value[~(mask.any(axis=-1) if self.pools or mask.ndim > value.ndim else mask)]

    def left_out(self, mask, array):
        """Where the gradient by this array must be 0."""
        return (
            ~np.broadcast_to(spread(mask, array), array.shape) if covers(mask, array) else np.zeros(array.shape, bool)
        )

    def upstream(self, dtype="float64", *, shape=(ITEMS, CLASSES), seed=1):
        """What the losses are multiplied with before their sum is differentiated."""
        return np.asarray(np.random.default_rng(seed).normal(size=self.result_shape(shape)), dtype=dtype)

    def mask(self):
        """A mask for the inputs that are drawn by default."""
        return np.random.default_rng(1).random(self.mask_shape()) < 0.6

    def expected(self, arrays, upstream, mask=None):
        """What `computed` found when the references were made."""
        return REFERENCES.find(self, arrays, upstream, mask)

    def computed(self, arrays, upstream, mask=None):
        """The reference's losses, and the gradients of their product with ``upstream`` by the inputs of `wrt`."""
        wrt = self.wrt(arrays)
        arrays = [jnp.asarray(a, "float64" if a.dtype.kind == "f" else "int64") for a in arrays]

        def losses(*differentiated):
            given = list(arrays)
            for i, array in zip(wrt, differentiated, strict=True):
                given[i] = array
            return jnp.asarray(self._losses(given, mask), "float64")

        if not wrt:
            return np.asarray(losses()), []
        value, pullback = jax.vjp(losses, *(arrays[i] for i in wrt))
        return np.asarray(value), [np.asarray(gradient) for gradient in pullback(jnp.asarray(upstream, "float64"))]

    def _losses(self, arrays, mask):
        """The reference's losses: of the items in the mask alone if they meet, else of all, 0 outside the mask."""
        leave_out = mask is not None and (self.coupled or self.facts.per == "set")
        predictions, targets, *extras = [a[mask] if leave_out and covers(mask, a) else a for a in arrays]
        extras = dict(zip(self.extras, extras, strict=True))
        if mask is not None and (self.pools or (self.mask_per == "element" and self.facts.per == "item")):
            return self.reference(predictions, targets, **extras, mask=mask)
        value = self.reference(predictions, targets, **extras)
        if mask is None or self.facts.per == "set":
            return value
        return jnp.zeros(mask.shape).at[mask].set(value) if leave_out else jnp.where(spread(mask, value), value, 0)


def covers(mask, array):
    """Whether the mask is about entries or rows of this array."""
    return array.shape[: mask.ndim] == mask.shape


def spread(mask, array):
    """The mask with the rank of an array that it covers."""
    return mask.reshape(mask.shape + (1,) * (array.ndim - mask.ndim))


def poisoned(case, arrays, mask, *, poison=None, bad_label=None):
    """The inputs with NaN, infinities and invalid labels where they are masked."""
    rng = np.random.default_rng(2)
    result = []
    for array in arrays:
        if not covers(mask, array):
            result.append(array)
            continue
        choices = [-100, 100] if bad_label is None else [bad_label]
        if array.dtype.kind == "f":
            choices = [np.nan, np.inf, -np.inf] if poison is None else [poison]
        bad = rng.choice(choices, size=array.shape)
        result.append(np.where(spread(mask, array), array, bad).astype(array.dtype))
    return result


# Numbers between those of a range that is a set of numbers.
BETWEEN = {lookup.BINARY: [0.5], lookup.SIGNS: [0, 0.5], lookup.BINARY_OR_SIGNS: [0.5]}
# Functions whose documentation says more of a range: soft targets weigh pairs, negative predictions count as 0.
WIDER = {
    ("multilabel_margin_loss", "targets"): lookup.UNIT,
    ("wmw_auc_loss", "targets"): lookup.UNIT,
    ("squared_logarithmic_error", "predictions"): lookup.REALS,
}


def outside(case, name, array, ndim):
    """Numbers outside the range of an argument, but for class indices, of which tests/test_labels.py has some."""
    known = WIDER.get((case.function.__name__, name), case.facts.arguments[name])
    if known in (lookup.CLASSES, lookup.LABELS) and array.ndim < ndim:
        return []
    high = 1 if known is lookup.CLASSES else known.high
    numbers = [known.low - 100, known.low - 0.01, high + 0.01, high + 1, *BETWEEN.get(known, [])]
    return [n for n in numbers if np.isfinite(n) and (array.dtype.kind == "f" or n == round(n))]


def with_wrong_numbers(case, arrays, mask):
    """Inputs of which one is NaN or outside its range in the first place of the mask: of predictions all that is there.

    With them the name and the number, and the index of the item.
    """
    place = tuple(np.argwhere(mask)[0])
    for i, (name, array) in enumerate(zip(_names(case), arrays, strict=True)):
        if name not in case.facts.arguments or not covers(mask, array):
            continue
        unknown = [np.nan] if array.dtype.kind == "f" else []
        for number in outside(case, name, array, arrays[0].ndim) + unknown:
            bad = [a.copy() for a in arrays]
            bad[i][place if i == 0 else (*place, *[0] * (array.ndim - len(place)))] = number
            yield (name, number), place[0], bad


def _names(case):
    """Of the arguments that are arrays."""
    return [*[*signature(case.function).parameters][:2], *case.extras]


def check_wrong_numbers(case, arrays, mask, compute):
    """They make their item NaN, in value and gradient, and no other; ``compute`` gives both for inputs."""
    if case.facts.minimizer == "any":
        return  # it is 0 whatever it is given
    good = compute(arrays)
    names = _names(case)
    for what, item, bad in with_wrong_numbers(case, arrays, mask):
        try:
            results = compute(bad)
        except LabelError:
            assert case.itemwise and what[0] == "targets", what
            continue
        value, *gradients = results
        # by the argument that holds the number; by the predictions if it is a target
        by = {names[i]: g for i, g in zip(case.wrt(arrays), gradients, strict=True)}
        own = by.get(what[0], gradients[0]) if "targets" not in what[0] else gradients[0]
        assert np.isnan(value).any() and np.isnan(own).any(), what
        if case.facts.per == "set" or case.coupled:
            continue
        for found, expected in zip(results, good, strict=True):
            if len(found) == len(value):
                rest = (np.delete(x, item, axis=0) for x in (found, expected))
                np.testing.assert_array_equal(*rest, err_msg=str(what))


def _short(value):
    return "..." if isinstance(value, np.ndarray) else getattr(value, "__name__", value)


def with_torch(name, **options):
    """The torch.nn.functional of this name, unreduced, with dense targets of the dtype of the predictions."""

    def function(p, t, *extras):
        import torch

        tensors = {k: torch.as_tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        t = t.to(p.dtype) if t.ndim == p.ndim else t
        return getattr(torch.nn.functional, name)(p, t, *extras, reduction="none", **tensors)

    return function
