"""Points of the curves of binary scores: false and true positives at falling thresholds, exact or in bins."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ratio
from objectives._inputs import binary_scores, elementwise
from objectives._options import whole_number
from objectives.losses._terms import probability
from objectives.metrics._sets import item_weights, label_axis_last, selecting, unless_empty
from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import binary_target
from objectives.ops.selection import where
from objectives.ops.shapes import ones_like, own_shape
from objectives.ops.statistics import accumulator_dtype, joined, summed, wide_sum
from objectives.ops.thresholds import counts_above


class Points(NamedTuple):
    """Thresholds falling from infinity, and the weights of false and true positives at each: vectors (N + 1,).

    All weights are NaN if any score is. Of label matrices each is (N + 1, L), one curve per label.
    """

    thresholds: TensorVariable
    false: TensorVariable
    true: TensorVariable

    @property
    def negatives(self):
        return self.false[-1]

    @property
    def positives(self):
        return self.true[-1]

    @property
    def false_rate(self):
        return self.false / self.negatives

    @property
    def true_rate(self):
        return self.true / self.positives

    @property
    def recall(self):
        """As in scikit-learn: 1 at every score if there are no positives."""
        some = pt.neq(self.true + self.false, 0).astype(self.true.dtype)
        return where(pt.neq(self.positives, 0), self.true_rate, some)

    @property
    def precision(self):
        """True positives among all predicted positives; 1 above all scores, where nothing is predicted."""
        predicted = self.true + self.false
        return ratio(self.true, predicted, 1)


def curve_points(predictions, targets, num_bins, mask, weights, label_axis=None) -> Points:
    """Exact points, or those of scores rounded to bins; for each label if there is a ``label_axis``."""
    if num_bins is None:
        return exact_points(predictions, targets, mask, weights, label_axis)
    return _binned_points(predictions, targets, num_bins, mask, weights, label_axis)


def exact_points(predictions, targets, mask, weights, label_axis=None) -> Points:
    """One point per item; tied scores repeat their point."""
    scores, labels, weights = kept_items(predictions, targets, mask, weights, label_axis)
    if label_axis is None:
        rows = counts_above(scores, labels, weights)
    else:
        rows = by_label(lambda x: counts_above(x[0], x[1].astype("int8"), x[2]))(scores, labels, weights)
    return falling(rows)


def _binned_points(predictions, targets, num_bins, mask, weights, label_axis) -> Points:
    """One point for each of ``num_bins`` values to which scores in [0, 1] are rounded."""
    whole_number(num_bins, "num_bins", 2, ": leave it None for exact points")
    mask, weights = selecting(mask, weights)
    scores, targets, mask = elementwise(binary_scores(predictions, targets), targets, mask)
    dtype = accumulator_dtype(scores.dtype)
    weights = item_weights(scores, mask, weights, dtype)
    scores = probability(scores.astype(dtype))
    is_valid = pt.invert(pt.isnan(scores))
    rounded = where(is_valid, scores, 0) * np.asarray(num_bins - 1, dtype) + np.asarray(0.5, dtype)
    given = (
        binary_target(targets).astype("int64"),
        num_bins - 1 - rounded.astype("int64"),  # highest score first
        where(is_valid, weights, np.nan),
    )
    count = partial(confusion_counts, num_rows=2, num_columns=int(num_bins))
    if label_axis is None:
        counts = count(*(x.ravel() for x in given))
    else:
        columns = (columns_of(x, label_axis) for x in given)
        counts = by_label(lambda x: count(x[0].astype("int64"), x[1].astype("int64"), x[2]))(*columns)
    thresholds = np.maximum(np.arange(num_bins - 1.5, -1, -1), 0) / (num_bins - 1)
    counts = unless_empty(summed(counts).astype(dtype))
    unknown = pt.isnan(counts.sum(axis=(-2, -1), keepdims=True))
    counts = pt.cumsum(where(unknown, np.nan, counts), axis=-1)
    thresholds = pt.as_tensor_variable(thresholds.astype(dtype)) * ones_like(counts[..., :1, :])
    return falling(pt.concatenate([thresholds, counts], axis=-2))


def by_label(function):
    """A function of rows that returns a matrix, applied to each label of matrices (N, L), one for each row."""
    of_labels = pt.vectorize(function, signature="(r,n)->(k,m)")

    def vectorized(*columns):
        # one tensor: its lengths need no check, which JAX cannot make, and Numba knows them
        dtype = columns[-1].dtype
        return of_labels(own_shape(pt.stack([x.T.astype(dtype) for x in columns], axis=1)))

    return vectorized


def columns_of(x, label_axis):
    """One column (N, L) per label."""
    x = label_axis_last(x, label_axis)
    return x if x.ndim == 2 else x.reshape((-1, x.type.shape[-1] or own_shape(x).shape[-1]))


def kept_items(predictions, targets, mask, weights, label_axis=None):
    """Scores, labels and weights (N,) of all items in all batches, or (N, L) of all their labels."""
    mask, weights = selecting(mask, weights)
    scores, targets, mask = elementwise(binary_scores(predictions, targets), targets, mask)
    if label_axis is None:
        kept, labels = joined(scores.ravel()), joined(binary_target(targets).ravel())
        return kept, labels, kept_weights(scores, kept, mask, weights)
    kept, labels = (joined(columns_of(x, label_axis)) for x in (scores, binary_target(targets)))
    dtype = accumulator_dtype(kept.dtype)
    if mask is None and weights is None:
        return kept, labels, ones_like(kept, dtype)
    return kept, labels, joined(columns_of(item_weights(scores, mask, weights, dtype), label_axis))


def kept_weights(like, kept, mask, weights):
    """Weights (N,) of all items in all batches; nothing is kept if all are 1."""
    dtype = accumulator_dtype(kept.dtype)
    if mask is None and weights is None:
        return ones_like(kept if kept.ndim == 1 else kept[:, 0], dtype)
    return joined(item_weights(like, mask, weights, dtype).ravel())


def falling(rows):
    """A point above all scores, then those of rows (..., 3, N): thresholds, false positives, true positives."""
    start = pt.as_tensor_variable(np.asarray([[np.inf], [0], [0]], rows.dtype))
    if rows.ndim > 2:  # for each label; a comparison that is never true has its lengths, which JAX need not infer
        start = start + pt.gt(rows.sum(axis=-1, keepdims=True), np.inf).astype(rows.dtype)
    rows = pt.concatenate([start, rows], axis=-1)
    return Points(*(rows[..., k, :].T for k in range(3)))


def trapezoid(x, y, axis=0):
    """The trapezoidal rule along the first axis."""
    return wide_sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]), axis).astype(x.dtype) / 2


def roc_area(points):
    """The share of pairs (positive, negative) whose scores are in order; ties count one half."""
    return trapezoid(points.false, points.true) / (points.positives * points.negatives)


def step_area(points):
    """Average precision without interpolation; NaN if nothing counts."""
    recall = points.recall
    area = wide_sum((recall[1:] - recall[:-1]) * points.precision[1:], axis=0).astype(recall.dtype)
    return where(points.positives + points.negatives > 0, area, np.nan)


def between(points, low, high):
    """Segments of the ROC curve, cut to false positive rates from low to high.

    Four vectors (N,): false positive rates at the left and right ends, then the true positive rates there.
    """
    x, y = points.false_rate, points.true_rate
    width = x[1:] - x[:-1]
    slope = ratio(y[1:] - y[:-1], width)

    def cut(ends):
        return pt.minimum(pt.maximum(ends, np.asarray(low, x.dtype)), np.asarray(high, x.dtype))

    left, right = cut(x[:-1]), cut(x[1:])
    return left, right, y[:-1] + slope * (left - x[:-1]), y[:-1] + slope * (right - x[:-1])


def if_both(points, result):
    """The result where there are positives and negatives, else NaN."""
    return where(points.positives * points.negatives > 0, result, np.nan)


def if_positives(points, result):
    """The result where there are positives, else NaN."""
    return where(points.positives > 0, result, np.nan)
