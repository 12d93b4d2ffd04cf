"""Points of the curves of binary scores: false and true positives at falling thresholds, exact or in bins."""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ratio
from objectives._inputs import elementwise, floating_scores
from objectives.losses._terms import probability
from objectives.metrics._sets import item_weights, selecting, unless_empty
from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import binary_target
from objectives.ops.selection import where
from objectives.ops.shapes import ones_like
from objectives.ops.statistics import accumulator_dtype, joined, summed, wide_sum
from objectives.ops.thresholds import counts_above


class Points(NamedTuple):
    """Thresholds falling from infinity, and the weights of false and true positives at each: vectors (N + 1,).

    All weights are NaN if any score is.
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


def curve_points(predictions, targets, num_bins, mask, weights) -> Points:
    """Exact points, or those of scores rounded to bins."""
    if num_bins is None:
        return exact_points(predictions, targets, mask, weights)
    return _binned_points(predictions, targets, num_bins, mask, weights)


def exact_points(predictions, targets, mask, weights) -> Points:
    """One point per item; tied scores repeat their point."""
    scores, labels, weights = kept_items(predictions, targets, mask, weights)
    return _falling(counts_above(scores, labels, weights))


def _binned_points(predictions, targets, num_bins, mask, weights) -> Points:
    """One point for each of ``num_bins`` values to which scores in [0, 1] are rounded."""
    if not isinstance(num_bins, int | np.integer) or isinstance(num_bins, bool) or num_bins < 2:
        raise ValueError(f"num_bins must be a whole number of at least 2, or None for exact points, not {num_bins!r}")
    mask, weights = selecting(mask, weights)
    scores, targets, mask = elementwise(floating_scores(predictions), targets, mask)
    dtype = accumulator_dtype(scores.dtype)
    weights = item_weights(scores, mask, weights, dtype)
    scores = probability(scores.astype(dtype))
    is_valid = pt.invert(pt.isnan(scores))
    rounded = where(is_valid, scores, 0) * np.asarray(num_bins - 1, dtype) + np.asarray(0.5, dtype)
    counts = confusion_counts(
        binary_target(targets).astype("int64").ravel(),
        num_bins - 1 - rounded.astype("int64").ravel(),  # highest score first
        where(is_valid, weights, np.nan).ravel(),
        num_rows=2,
        num_columns=int(num_bins),
    )
    thresholds = np.maximum(np.arange(num_bins - 1.5, -1, -1), 0) / (num_bins - 1)
    counts = unless_empty(summed(counts).astype(dtype))
    counts = pt.cumsum(where(pt.isnan(counts.sum()), np.nan, counts), axis=1)
    return _falling(pt.concatenate([pt.as_tensor_variable(thresholds.astype(dtype))[None], counts]))


def kept_items(predictions, targets, mask, weights):
    """Scores, labels and weights (N,) of all items in all batches."""
    mask, weights = selecting(mask, weights)
    scores, targets, mask = elementwise(floating_scores(predictions), targets, mask)
    kept = joined(scores.ravel())
    labels = joined(binary_target(targets).ravel())
    return kept, labels, kept_weights(scores, kept, mask, weights)


def kept_weights(like, kept, mask, weights):
    """Weights (N,) of all items in all batches; nothing is kept if all are 1."""
    dtype = accumulator_dtype(kept.dtype)
    if mask is None and weights is None:
        return ones_like(kept if kept.ndim == 1 else kept[:, 0], dtype)
    return joined(item_weights(like, mask, weights, dtype).ravel())


def _falling(rows):
    """A point above all scores, then those of rows (3, N): thresholds, false positives, true positives."""
    start = np.asarray([[np.inf], [0], [0]], rows.dtype)
    rows = pt.concatenate([pt.as_tensor_variable(start), rows], axis=1)
    return Points(rows[0], rows[1], rows[2])


def trapezoid(x, y, axis=None):
    """The trapezoidal rule along the first axis."""
    return wide_sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]), axis).astype(x.dtype) / 2


def roc_area(points):
    """The share of pairs (positive, negative) whose scores are in order; ties count one half."""
    return trapezoid(points.false, points.true) / (points.positives * points.negatives)


def step_area(points):
    """Average precision without interpolation; NaN if nothing counts."""
    recall = points.recall
    area = wide_sum((recall[1:] - recall[:-1]) * points.precision[1:]).astype(recall.dtype)
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
