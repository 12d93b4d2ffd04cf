"""Inputs of measures over a set, brought to one form: vectors of items and the weight of each."""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from numpy.lib.array_utils import normalize_axis_index
from pytensor import config
from pytensor.tensor import TensorVariable

from objectives._inputs import (
    aligned_mask,
    as_labels,
    as_tensor,
    check_same_shape,
    classwise,
    elementwise,
    fitted,
    floating_scores,
    integer_labels,
    option,
    shown,
)
from objectives.ops.labels import best_class, binary_target
from objectives.ops.selection import select, where
from objectives.ops.shapes import own_shape
from objectives.ops.statistics import accumulator_dtype, where_nothing


class Classes(NamedTuple):
    """What `classes` returns: vectors (N,) of target classes, predicted classes and weights; the number of classes."""

    targets: TensorVariable
    predicted: TensorVariable
    weights: TensorVariable
    num_classes: int


def classes(predictions, targets, num_classes=None, mask=None, weights=None, *, axis=-1) -> Classes:
    """Target and predicted class of each item, from scores (..., C) or class indices (...).

    An item with a NaN score has no predicted class: its weight is NaN.
    """
    mask, weights = selecting(mask, weights)
    predictions = as_tensor(predictions, "predictions")
    if "int" in predictions.dtype or predictions.dtype == "bool":
        predicted, targets, mask = _indices(predictions, targets, mask)
        num_classes = checked_number(num_classes, None)
        weights = item_weights(targets, mask, weights, config.floatX)
    else:
        check_rows(predictions, targets)
        scores, targets, mask = classwise(predictions, targets, mask, axis=axis)
        num_classes = checked_number(num_classes, scores.type.shape[-1])
        best, targets = best_class(scores), as_labels(targets, scores, mask)
        predicted = where(best < 0, 0, best)
        weights = item_weights(targets, mask, weights, accumulator_dtype(scores.dtype))
        weights = where(best < 0, np.nan, weights)
    return Classes(targets.ravel(), predicted.ravel(), weights.ravel(), num_classes)


class Binary(NamedTuple):
    """What `binaries` returns, all of one shape: boolean targets, boolean predictions and weights."""

    targets: TensorVariable
    predicted: TensorVariable
    weights: TensorVariable


def binaries(predictions, targets, threshold, mask=None, weights=None) -> Binary:
    """Whether targets are 1, whether predictions are at least the threshold, and the weight of each element.

    The weight is NaN where the prediction is NaN, and where a target is neither 0 nor 1 on a backend that cannot raise.
    """
    mask, weights = selecting(mask, weights)
    predictions, targets, mask = elementwise(floating_scores(predictions), targets, mask)
    targets = binary_target(targets)
    positive = pt.ge(predictions, option(threshold, "threshold", predictions))
    weights = item_weights(predictions, mask, weights, accumulator_dtype(predictions.dtype))
    unknown = pt.isnan(predictions) | pt.lt(targets, 0)
    return Binary(pt.neq(targets, 0), positive, where(unknown, np.nan, weights))


def numbers(predictions, targets, mask=None, weights=None, *, fill=0):
    """Predictions, targets and weights of one shape, in the dtype of accumulated sums."""
    mask, weights = selecting(mask, weights)
    predictions, targets, mask = elementwise(floating_scores(predictions), targets, mask, fill=fill)
    dtype = accumulator_dtype(predictions.dtype)
    return predictions.astype(dtype), targets.astype(dtype), item_weights(predictions, mask, weights, dtype)


def item_weights(like, mask, weights, dtype):
    """The weight of each entry of ``like``: 1 by default, 0 where masked."""
    weights = as_tensor(1 if weights is None else weights, "weights").astype(dtype)
    weights = select(mask, fitted(weights, "weights", like.type.shape, "items"))
    # own_shape: PyTensor would infer the shape of a selection from all its operands
    return pt.second(own_shape(like), weights if weights.ndim == 0 else own_shape(weights))


def selecting(mask, weights):
    """Mask and weights; boolean weights, which select items, become part of the mask."""
    weights = None if weights is None else as_tensor(weights, "weights")
    if weights is None or weights.dtype != "bool":
        return mask, weights
    return weights if mask is None else pt.and_(as_tensor(mask, "mask"), weights), None


def label_axis_last(x, label_axis):
    """Move the axis of labels to the end."""
    if not isinstance(label_axis, int | np.integer):
        raise TypeError(f"label_axis must be an integer, or None to pool all elements, not {label_axis!r}")
    axis = normalize_axis_index(int(label_axis), x.ndim, "label_axis")
    return x if axis == x.ndim - 1 else pt.moveaxis(x, axis, -1)


def unless_empty(counts):
    """Summed counts; NaN in a validation where nothing counts, so that all measures computed from them are NaN."""
    return where(pt.neq(counts.sum(), 0), counts, where_nothing(counts))


def _indices(predicted, targets, mask):
    targets = as_tensor(targets, "targets")
    if targets.ndim != predicted.ndim:
        raise TypeError(
            f"rank mismatch between targets {shown(targets.type.shape)} and predicted class indices "
            f"{shown(predicted.type.shape)}: they must have the same shape. Scores of classes must be floating-point "
            "numbers with one dimension more than the targets."
        )
    check_same_shape("targets", targets.type.shape, "predictions", predicted.type.shape)
    predicted, targets = integer_labels(predicted), integer_labels(targets)
    if mask is None:
        return predicted, targets, None
    mask = aligned_mask(mask, "predictions", predicted.type.shape)
    return where(mask, predicted, 0), where(mask, targets, 0), mask


def check_rows(predictions, targets):
    """Refuse two vectors: they are binary predictions more often than the scores and the one-hot target of one item."""
    shape = as_tensor(predictions, "predictions").type.shape
    if len(shape) == 1 == as_tensor(targets, "targets").ndim:
        raise TypeError(
            f"predictions {shown(shape)} and targets are vectors, which would be one item: scores of classes are rows "
            "(..., C). For probabilities p of one of two classes stack [1 - p, p], or use the binary form of the "
            "measure, binary_..., where there is one."
        )


def checked_number(num_classes, length):
    """The number of classes, given or known from the scores."""
    if num_classes is None and length is not None:
        return length
    if num_classes is None:
        raise ValueError(
            "num_classes must be given: class indices do not tell the number of classes, nor do scores whose number of "
            "classes is not known statically"
        )
    num_classes = positive_number(num_classes, "num_classes")
    if length not in (None, num_classes):
        raise ValueError(f"num_classes is {num_classes}, but predictions have scores for {length} classes")
    return num_classes


def positive_number(x, name):
    """A number of classes or clusters."""
    if not isinstance(x, int | np.integer) or isinstance(x, bool) or x < 1:
        raise ValueError(f"{name} must be a positive whole number, not {x!r}")
    return int(x)
