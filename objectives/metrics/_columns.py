"""What measures of numbers do with their inputs: columns that are scored separately, and their moments."""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._inputs import align_targets, check_same_shape, floating_scores, shown
from objectives.metrics._sets import numbers
from objectives.ops.counting import EntryCount
from objectives.ops.selection import where
from objectives.ops.statistics import Rule, statistic, total_of, wide_sum


class Columns(NamedTuple):
    """Predictions, targets and weights (N, D), and whether they were vectors."""

    predictions: TensorVariable
    targets: TensorVariable
    weights: TensorVariable
    is_vector: bool

    @property
    def errors(self):
        """Prediction minus target."""
        return self.predictions - self.targets

    def total(self, x):
        """The weighted sum of each column."""
        return total_of(self.weights * x, axis=0)

    def number(self):
        """How many items of each column have a weight."""
        return total_of(pt.neq(self.weights, 0).astype(self.weights.dtype), axis=0)

    def result(self, scores, multioutput, variances=None):
        """The scores of columns (D,) as what `multioutput` says; that of a vector as a number."""
        known = ("uniform_average", "raw_values", *(["variance_weighted"] if variances is not None else []))
        if multioutput not in known:
            raise ValueError(f"multioutput must be one of {', '.join(map(repr, known))}, not {multioutput!r}")
        if self.is_vector:
            return scores[0]
        if multioutput == "raw_values":
            return scores
        mean = scores.sum() / EntryCount(axis=(0,))(scores)
        if multioutput == "uniform_average":
            return mean
        total = variances.sum()
        varies = pt.neq(total, 0)
        return where(varies, (scores * variances).sum() / where(varies, total, 1), mean)


def columns(predictions, targets, mask, weights) -> Columns:
    """Vectors (N,) and matrices (N, D) as columns; mask and weights are of items (N,) or entries (N, D)."""
    predictions, targets = align_targets(floating_scores(predictions), targets)
    if predictions.ndim not in (1, 2) or targets.ndim != predictions.ndim:
        raise TypeError(
            f"predictions {shown(predictions.type.shape)} and targets {shown(targets.type.shape)} must be vectors (N,) "
            "or matrices (N, D) of the same shape"
        )
    check_same_shape("targets", targets.type.shape, "predictions", predictions.type.shape)
    mask, weights = (_of_entries(x, predictions.ndim) for x in (mask, weights))
    p, t, w = numbers(predictions, targets, mask, weights)
    if p.ndim == 2:
        return Columns(p, t, w, False)
    return Columns(p[:, None], t[:, None], w[:, None], True)


def _of_entries(x, ndim):
    """What is given of items, for each of their entries."""
    if x is None:
        return None
    x = pt.as_tensor_variable(np.asarray(x) if isinstance(x, bool) else x)
    return x[:, None] if x.ndim == 1 < ndim else x


def moments(x, weights):
    """Weight, mean, and weighted sum of squared deviations of each column (3, D), as a statistic."""
    weight = wide_sum(weights, axis=0)
    mean = _mean(x, weights, weight)
    deviation = x - mean
    parts = [weight, mean, wide_sum(weights * deviation * deviation, axis=0)]
    return statistic(pt.stack(parts), Rule.MOMENTS).astype(x.dtype)


def comoments(x, y, weights):
    """What `deviations` gives (6, D), as a statistic."""
    return statistic(pt.stack(deviations(x, y, weights)), Rule.COMOMENTS).astype(x.dtype)


def deviations(x, y, weights):
    """Weight, means, and weighted sums of products of deviations of each column."""
    weight = wide_sum(weights, axis=0)
    mean_x, mean_y = _mean(x, weights, weight), _mean(y, weights, weight)
    dx, dy = x - mean_x, y - mean_y
    products = [wide_sum(weights * a * b, axis=0) for a, b in ((dx, dx), (dy, dy), (dx, dy))]
    return [weight, mean_x, mean_y, *products]


def _mean(x, weights, weight):
    """The weighted mean, exact where all are equal: the second step takes away what rounding left of the first."""
    some = pt.neq(weight, 0)
    weight = where(some, weight, 1)
    mean = wide_sum(weights * x, axis=0) / weight
    return where(some, mean + wide_sum(weights * (x - mean), axis=0) / weight, 0)


def explained(unexplained, total, force_finite=True):
    """``1 - unexplained / total``; if asked, as scikit-learn, 1 for 0 / 0 and 0 for anything else by 0."""
    if not force_finite:
        return 1 - unexplained / total
    varies = pt.neq(total, 0)
    return where(varies, 1 - unexplained / where(varies, total, 1), where(unexplained > 0, 0, 1 - unexplained))


def of_two_or_more(number, scores):
    """NaN where there are fewer than two items, as in scikit-learn."""
    return where(number < 2, np.nan, scores)
