"""Inputs of regression measures as columns, which are scored separately, and the moments of columns."""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import mean, ratio
from objectives._inputs import align_targets, as_tensor, check_same_shape, floating_scores, shown
from objectives._options import one_of
from objectives.metrics._sets import numbers
from objectives.ops.scaling import in_units, unit
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
        """Predictions minus targets."""
        return self.predictions - self.targets

    def total(self, x):
        """The weighted sum of each column."""
        return total_of(self.weights * x, axis=0)

    def number(self):
        """The number of items in each column whose weight is not 0."""
        return total_of(pt.neq(self.weights, 0).astype(self.weights.dtype), axis=0)

    def result(self, scores, multioutput, norms=None):
        """Scores of columns (D,) combined as ``multioutput`` says; the score of a vector is a scalar.

        ``norms`` are those of the deviations of targets from their mean, for measures that take "variance_weighted".
        """
        known = ("uniform_average", "raw_values", *(["variance_weighted"] if norms is not None else []))
        one_of(multioutput, "multioutput", known)
        if self.is_vector:
            return scores[0]
        if multioutput == "raw_values":
            return scores
        if multioutput == "uniform_average":
            return mean(scores, 0)
        variances = pt.square(in_units(norms, unit(norms.sum())))
        return ratio((scores * variances).sum(), variances.sum(), mean(scores, 0))


def columns(predictions, targets, mask, weights) -> Columns:
    """Vectors (N,) or matrices (N, D) as columns; mask and weights are per item (N,) or per entry (N, D)."""
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
    """Weights or a mask of items, spread over the entries of each item."""
    if x is None:
        return None
    x = as_tensor(np.asarray(x) if isinstance(x, bool) else x, "mask or weights")
    return x[:, None] if x.ndim == 1 < ndim else x


def moments(x, weights):
    """Weight, mean and norm of the deviations from it for each column (3, D), as a statistic."""
    of_x = Deviations(x, weights)
    return statistic(pt.stack([of_x.weight, of_x.mean, of_x.lengths()[1]]), Rule.MOMENTS).astype(x.dtype)


def norm(x, weights):
    """The root of the weighted sum of squares of each column (D,), from a statistic: moments about 0."""
    weight = wide_sum(weights, axis=0)
    scale = unit(ratio(wide_sum(weights * pt.abs(x), axis=0), weight), weights.dtype)
    size = scale * pt.sqrt(wide_sum(weights * pt.square(in_units(x, scale)), axis=0))
    return statistic(pt.stack([weight, 0 * weight, size]), Rule.MOMENTS)[2].astype(x.dtype)


def comoments(x, y, weights):
    """The result of `deviations` (6, D), as a statistic."""
    return statistic(pt.stack(deviations(x, y, weights)), Rule.COMOMENTS).astype(x.dtype)


def deviations(x, y, weights):
    """For each column: weight, both means, both norms of deviations, and the cosine between them (0 if a norm is 0)."""
    of_x, of_y = Deviations(x, weights), Deviations(y, weights)
    (length_x, norm_x), (length_y, norm_y) = of_x.lengths(), of_y.lengths()
    cosine = ratio(of_x.product(of_y), length_x * length_y)
    return [of_x.weight, of_x.mean, of_y.mean, norm_x, norm_y, cosine]


class Deviations:
    """The deviations of columns from their weighted means, in units of their size: nothing overflows or underflows.

    They take three passes over the items: for a first mean, for what rounding took from it, and for the deviations.
    """

    def __init__(self, x, weights):
        self.weights, self.weight = weights, wide_sum(weights, axis=0)
        first = ratio(wide_sum(weights * x, axis=0), self.weight)
        self.mean = first + self._average(x - first)  # exact if all entries are equal
        self.unit = unit(self._average(pt.abs(x - first)), weights.dtype)
        self.scaled = in_units(x - self.mean, self.unit)
        self.shift = self._average(self.scaled)  # of entries that differ only in the last digits of their mean

    def _average(self, x):
        return ratio(wide_sum(self.weights * x, axis=0), self.weight)

    def product(self, other):
        """The weighted sum of products of the deviations of two columns, in their units.

        The shift takes little from it: an entry deviates either not at all or more than the mean has been rounded.
        """
        total = wide_sum(self.weights * self.scaled * other.scaled, axis=0)
        return total - self.weight * self.shift * other.shift

    def lengths(self):
        """The root of the weighted sum of squares, in units and as it is."""
        squares = self.product(self)
        length = pt.sqrt(where(squares < 0, 0, squares))
        return length, self.unit * length


def one_minus_ratio(unexplained, total, force_finite=True, *, power=1):
    """``1 - (unexplained / total)**power``; with ``force_finite``, 1 for 0/0 and 0 for x/0, as in scikit-learn."""
    if not force_finite:
        return 1 - (unexplained / total) ** power
    return 1 - ratio(unexplained, total, where(unexplained > 0, 1, unexplained)) ** power


def of_two_or_more(number, scores):
    """Scores, NaN for fewer than two items, as in scikit-learn."""
    return where(number < 2, np.nan, scores)
