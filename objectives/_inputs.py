"""What every loss and measure does with its inputs before it computes: conversion, alignment, checks and masking.

Masking is one mechanism for all: `elementwise` and `classwise` replace what stands in masked entries of the inputs
by a harmless constant, and `select` sets the masked entries of the result to 0. Both halves are needed: the first
keeps NaN out of the gradient without the help of any rewrite, the second keeps the constant's loss out of the sum.
"""

import numpy as np
import pytensor.tensor as pt
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_tuple
from pytensor import config
from pytensor.tensor import TensorVariable

from objectives._arrays import readable, refuse_others
from objectives._options import at_least
from objectives._typing import TensorLike
from objectives.mistakes import warn_of_mistake
from objectives.ops.labels import named_class
from objectives.ops.selection import where

NAMES = "predictions", "targets"  # of the first two arguments of most functions
OF_LOGITS = "logits", "targets"
OF_SCORES = "scores", "targets"
UNDER_PREDICTIONS = "logits of predictions", "targets"


def align_targets(predictions: TensorLike, targets: TensorLike) -> tuple[TensorVariable, TensorVariable]:
    r"""Turn a vector of targets into a column if the predictions are a column.

    A column (N, 1) and a vector (N,) broadcast to (N, N), which is never meant. Every element-wise loss and measure
    of this package calls this function first, so that it is needed only for expressions of your own.

    Parameters
    ----------
    predictions : tensor
        Predictions of any shape. They count as a column if their static shape says so, as for ``pt.col()`` and
        ``pt.tensor(shape=(None, 1))``.
    targets : tensor
        Targets; a vector (N,) becomes (N, 1) if `predictions` is a column.

    Returns
    -------
    predictions : TensorVariable
        The predictions, unchanged.
    targets : TensorVariable
        The targets, as a column where the predictions are one.

    Raises
    ------
    TypeError
        If an argument cannot be made a tensor.

    Notes
    -----
    .. math:: (N, 1), (N,) \to (N, 1), (N, 1)

    References
    ----------
    .. [1] ``lasagne.objectives.align_targets``, https://github.com/Lasagne/Lasagne/pull/770

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from objectives import align_targets
    >>> predictions, targets = align_targets(pt.col(), pt.vector())
    >>> targets.type.shape
    (None, 1)
    """
    return _column_beside(as_tensor(predictions, "predictions"), as_tensor(targets, "targets"))


def _column_beside(predictions, targets):
    if targets.ndim == 1 and is_column(predictions.type.shape):
        targets = targets[:, None]
    return predictions, targets


def elementwise(predictions, targets, mask=None, *, fill=0, names=NAMES):
    """Prepare predictions and targets of an element-wise function; masked predictions become ``fill``.

    Errors call them by their ``names`` in the signature of that function.
    """
    name, targets_name = names
    predictions = floating(predictions, name, names)
    predictions, targets = _column_beside(predictions, as_tensor(targets, targets_name))
    check_broadcast(targets_name, targets.type.shape, name, predictions.type.shape)
    predictions = beside_labels(predictions, targets, names)
    targets = matching(targets, predictions, targets_name)
    if mask is None:
        return predictions, targets, None
    larger = predictions if predictions.ndim else targets
    mask = aligned_mask(mask, name, larger.type.shape)
    return where(mask, predictions, fill), where(mask, targets, 0), mask


def beside_labels(predictions, targets, names):
    """The predictions, which have one column if the targets are a column of integers: else these would be labels.

    A width that is not known statically must turn out to be 1, which is checked at run time.
    """
    if "int" not in targets.dtype or targets.ndim < 2 or targets.ndim != predictions.ndim:
        return predictions
    width = predictions.type.shape[-1]
    if targets.type.shape[-1] != 1 or width == 1:
        return predictions
    if width is None:
        return pt.specify_broadcastable(predictions, predictions.ndim - 1)
    raise TypeError(
        f"{names[1]} {shown(targets.type.shape)} are integers, one for each row of {names[0]} "
        f"{shown(predictions.type.shape)}: class indices belong to categorical_crossentropy, or its form with logits, "
        f"as {names[1]}[..., 0]. Give numbers to compare with all columns as floats, "
        f"{names[1]}.astype({names[0]}.dtype)"
    )


def items(predictions, targets, mask=None, *, axis=-1, names=NAMES):
    """Align predictions (..., C), integer (...) or dense (..., C) targets and mask; the class axis becomes the last."""
    name, targets_name = names
    given = floating(predictions, name, names)
    predictions = class_axis_last(given, axis, name)
    targets = as_tensor(targets, targets_name)
    if targets.ndim not in (predictions.ndim - 1, predictions.ndim):
        raise TypeError(
            f"rank mismatch between {targets_name} and {name}: {targets_name} have {targets.ndim} and {name} "
            f"{predictions.ndim} dimensions. Give integer {targets_name} with one dimension less than {name} "
            f"(without the class axis), or one-hot {targets_name} of the same shape."
        )
    if targets.ndim == predictions.ndim:
        targets = matching(class_axis_last(targets, axis, targets_name), predictions, targets_name)
        if targets.type.shape[-1] == 1 != predictions.type.shape[-1]:
            raise TypeError(
                f"{targets_name} {shown(targets.type.shape)} have one entry on the class axis: give class indices "
                f"without that axis, {targets_name}[..., 0], or one-hot rows with one entry for each class"
            )
        check_same_shape(targets_name, targets.type.shape, name, predictions.type.shape)
    else:
        targets = integer_labels(targets, targets_name)
        check_same_items(targets_name, targets.type.shape, name, given.type.shape, axis)
    if mask is not None:
        mask = aligned_mask(mask, f"items of {name}", predictions.type.shape[:-1])
    return predictions, targets, mask


def of_items(predictions, targets, names=NAMES) -> TensorVariable:
    """The targets; there is a warning if these are labels of two classes, beside one score for each item."""
    name, targets_name = names
    predictions, targets = as_tensor(predictions, name), as_tensor(targets, targets_name)
    if predictions.ndim == targets.ndim == 1 and "int" in targets.dtype:
        warn_of_mistake(
            f"{name} {shown(predictions.type.shape)} and {targets_name} of integers are vectors, which are the "
            "scores and the one-hot target of a single item: for many items of two classes use a binary function, "
            f"such as binary_crossentropy_with_logits; one item is a row, {name}[None] and {targets_name}[None]"
        )
    return targets


def classwise(predictions, targets, mask=None, *, axis=-1, fill=0, names=NAMES):
    """Like `items`, and what is masked becomes harmless, for expressions that do not look at the mask."""
    predictions, targets, mask = items(predictions, targets, mask, axis=axis, names=names)
    if mask is None:
        return predictions, targets, None
    rows = mask[..., None]
    # Not the same condition as for the predictions: PyTensor turns a product of two selections by one condition into a
    # selection of the whole product, and masked values would get into the gradient that JAX computes of it.
    left_out = pt.invert(mask if are_labels(targets, predictions) else rows)
    return where(rows, predictions, fill), where(left_out, 0, targets), mask


def vectors(mask=None, *, axis=-1, **named):
    """Vectors (..., D) of one shape by name and a mask (...) of items, with their axis last and ones where masked.

    The first decides the dtype. All are in the order in which they are given, the mask comes last.
    """
    first_name = next(iter(named))
    first = floating(named[first_name], first_name)
    aligned = []
    for name, x in named.items():
        x = first if name == first_name else matching(x, first, name)
        if x.ndim == 0:
            raise TypeError(f"{name} must have an axis of features, but have no dimensions")
        if x.ndim != first.ndim:
            raise TypeError(
                f"rank mismatch between {name} {shown(x.type.shape)} and {first_name} {shown(first.type.shape)}: they "
                "must have the same shape"
            )
        check_same_shape(name, x.type.shape, first_name, first.type.shape)
        aligned.append(class_axis_last(x, axis, name))
    if mask is None:
        return *aligned, None
    mask = aligned_mask(mask, f"items of {first_name}", aligned[0].type.shape[:-1])
    return *(where(mask[..., None], x, 1) for x in aligned), mask


def are_labels(targets, predictions) -> bool:
    """Whether targets that `classwise` prepared are class indices, rather than one number for each class."""
    return targets.ndim < predictions.ndim


def as_labels(targets, predictions, mask):
    """Class indices of targets that `classwise` prepared: dense rows name their first greatest entry."""
    if are_labels(targets, predictions):
        return targets
    labels = named_class(targets)
    return labels if mask is None else where(mask, labels, 0)


def as_tensor(x, name="an argument", **options) -> TensorVariable:
    """A tensor of PyTensor; arrays that would lose their mask or their precision are refused."""
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"{name} must not be a masked array, whose mask would be lost: give its data, and as mask= "
            "~numpy.ma.getmaskarray(array), which is True where an entry counts"
        )
    refuse_others(x, name)
    return pt.as_tensor_variable(readable(x, name), **options)


def tensor(x, name="an argument") -> TensorVariable:
    """A tensor; Python numbers in floatX, not in the least dtype that holds them, which could decide the loss's."""
    is_number = isinstance(x, int | float) and not isinstance(x, bool)
    return as_tensor(x, name, dtype=config.floatX) if is_number else as_tensor(x, name)


def floating(x, name, names=NAMES) -> TensorVariable:
    """A real floating-point tensor; integers are refused, since they are targets more often than predictions.

    ``names`` are those of the first two arguments.
    """
    x = tensor(x, name)
    if x.dtype.startswith("float"):
        return x
    if x.dtype.startswith("complex"):
        raise TypeError(f"{name} must be real, not complex numbers ({x.dtype})")
    raise TypeError(
        f"{name} must be floating-point numbers, not {x.dtype}. Are the arguments swapped? The order is "
        f"({', '.join(names)}). If they are meant, convert them: {name}.astype({config.floatX!r})."
    )


def floating_scores(x, name="predictions"):
    """Like `floating`, for measures and symmetric functions, where integers are converted instead."""
    x = tensor(x, name)
    return x.astype(config.floatX) if x.dtype == "bool" or "int" in x.dtype else floating(x, name)


def binary_scores(predictions, targets):
    """Like `floating_scores`, for scores of targets that are 0 or 1: integers beside floats are swapped arguments."""
    scores, targets = tensor(predictions, "predictions"), as_tensor(targets, "targets")
    if not scores.dtype.startswith(("float", "complex")) and targets.dtype.startswith("float"):
        raise TypeError(
            f"predictions are {scores.dtype} and targets {targets.dtype}: are predictions and targets swapped? The "
            "order is (predictions, targets). If such scores are meant, convert them: "
            f"predictions.astype({config.floatX!r})."
        )
    return floating_scores(scores)


def matching(x, like, name="all arguments"):
    """``x`` as a tensor of the same dtype as ``like``, which therefore decides the dtype of the loss."""
    x = as_tensor(x, name)
    if x.dtype.startswith("complex"):
        raise TypeError(f"{name} must be real, not complex numbers ({x.dtype})")
    return x if x.dtype == like.dtype else x.astype(like.dtype)


def integer_labels(labels, name="targets"):
    """Class indices as int64, which every backend can use for indexing."""
    if "int" not in labels.dtype and labels.dtype != "bool":
        raise TypeError(
            f"class indices must be integers, not {labels.dtype}: cast them, {name}.astype('int64'). Labels that are "
            f"missing as NaN need a mask first, mask = labelled({name}), and a number in their place: "
            f"pt.switch(mask, {name}, 0).astype('int64'), or for arrays numpy.nan_to_num({name}).astype('int64')."
        )
    return labels.astype("int64")


def class_axis_last(x, axis, name="predictions"):
    if not isinstance(axis, int | np.integer):
        raise TypeError(f"axis must be an integer, not {axis!r}")
    if x.ndim == 0:
        raise TypeError(f"{name} must have a class axis, but have no dimensions")
    return pt.moveaxis(x, known_axes(axis, x, name), [-1]) if axis not in (-1, x.ndim - 1) else x


def known_axes(axis, x, name):
    """An axis, or several, from 0 and in a tuple."""
    try:
        return normalize_axis_tuple(axis, x.ndim, argname="axis")
    except TypeError as error:
        raise TypeError(f"axis must be an integer or a tuple of integers, not {axis!r}") from error
    except AxisError as error:
        raise AxisError(
            f"axis={axis} is outside {name} {shown(x.type.shape)}: give -{x.ndim} to {x.ndim - 1}"
        ) from error


def aligned_mask(mask, name, shape):
    """A boolean mask for something of this static shape: a scalar, or of the same rank and no larger."""
    mask = as_tensor(np.asarray(mask) if isinstance(mask, bool) else mask, "mask")
    if mask.dtype != "bool":
        raise TypeError(
            f"mask must be boolean (True counts), not {mask.dtype}: compare, for example pt.neq(mask, 0), or give "
            "factors to aggregate(weights=...) instead"
        )
    if name.startswith("items") and mask.ndim == len(shape) + 1:
        raise TypeError(
            f"rank mismatch between mask {shown(mask.type.shape)} and {name} {shown(shape)}: the mask says which items "
            "count, so that it has no class axis. Of a mask of entries take mask.all(axis=-1), items of which all count"
        )
    return fitted(mask, "mask", shape, name)


def fitted(x, name, shape, other_name):
    """``x`` aligned to something of this static shape, which it may not enlarge."""
    if x.ndim == 1 and is_column(shape):
        x = x[:, None]
    check_broadcast(name, x.type.shape, other_name, shape)
    if x.ndim and (not shape or any(n == 1 and m not in (1, None) for m, n in zip(x.type.shape, shape, strict=True))):
        raise TypeError(
            f"{name} {shown(x.type.shape)} would enlarge the {other_name} {shown(shape)}: give it the same shape"
        )
    # A length that is not known statically must turn out to be 1, which is checked at run time.
    unknown = (
        [i for i, (m, n) in enumerate(zip(x.type.shape, shape, strict=True)) if m is None and n == 1] if x.ndim else []
    )
    return pt.specify_broadcastable(x, *unknown) if unknown else x


def option(x, name, like):
    """A hyperparameter in the dtype of ``like``: a scalar, or a tensor of the same rank that does not enlarge it."""
    refuse_others(x, name)
    return fitted(matching(x, like, name), name, like.type.shape, "result")


def size_option(x, name, like):
    """Like `option`; a number must not be negative."""
    return option(at_least(x, name, 0), name, like)


def column_option(x, name, like):
    """Like `option`; a vector holds one number for each entry of the last axis."""
    refuse_others(x, name)
    x = matching(x, like, name)
    return option(pt.shape_padleft(x, like.ndim - 1) if x.ndim == 1 < like.ndim else x, name, like)


def is_column(shape) -> bool:
    return len(shape) == 2 and shape[0] != 1 and shape[1] == 1


def check_broadcast(name, shape, other_name, other_shape):
    """Refuse static shapes of different rank (scalars are fine), or that broadcast to something larger than both."""
    if not shape or not other_shape:
        return
    shapes = f"{name} {shown(shape)} and {other_name} {shown(other_shape)}"
    if len(shape) != len(other_shape):
        indexed = "" if " " in other_name else f", or {other_name}[:, 0] to make a column a vector"
        raise TypeError(
            f"rank mismatch between {shapes}: broadcasting would pair entries that do not belong together. Index or "
            f"expand one of them, for example {name}[:, None] to make a vector a column{indexed}"
        )
    pairs = list(zip(shape, other_shape, strict=True))
    if any(m not in (None, 1, n) and n not in (None, 1) for m, n in pairs):
        raise TypeError(f"shape mismatch between {shapes}: they must have the same shape")
    if any(m == 1 != n for m, n in pairs) and any(n == 1 != m for m, n in pairs):
        raise TypeError(f"shape mismatch between {shapes}: they broadcast to something larger than both")


def check_same_shape(name, shape, other_name, other_shape):
    """Refuse static shapes that cannot be equal."""
    if any(m != n and None not in (m, n) for m, n in zip(shape, other_shape, strict=True)):
        raise TypeError(
            f"shape mismatch between {name} {shown(shape)} and {other_name} {shown(other_shape)}: they must have the "
            "same shape"
        )


def check_same_items(name, shape, scores_name, scores_shape, axis):
    """Refuse static shapes of class indices that are not those of the scores without their class axis."""

    def fits(axis):
        others = [n for i, n in enumerate(scores_shape) if i != axis]
        return all(m == n or None in (m, n) for m, n in zip(shape, others, strict=True))

    rank = len(scores_shape)
    if not fits(axis % rank):
        possible = [i for i in range(rank) if fits(i)]
        hint = f". If the classes are on another axis, give axis={possible[0]}" if possible else ""
        raise TypeError(
            f"shape mismatch between integer {name} {shown(shape)} and {scores_name} {shown(scores_shape)}, whose "
            f"classes are on axis {axis}: without it they must have the same shape{hint}"
        )


def shown(shape) -> str:
    """A static shape as text, with ? for a length that is not known."""
    return "(" + ", ".join("?" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
