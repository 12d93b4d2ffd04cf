"""Ratios of true and false positives and negatives, for each class or label, and their averages."""

import math
from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ones_where, ratio
from objectives._options import number_from, one_of
from objectives.metrics._sets import unless_empty
from objectives.ops.selection import where

AVERAGES = ("macro", "weighted", "micro", None)


class Counts(NamedTuple):
    """Weights of true positives, true negatives, predicted and actual positives, predicted and actual negatives.

    Each is a sum of its own, so that an empty one is exactly 0, whatever the weights.
    """

    true_positives: TensorVariable
    true_negatives: TensorVariable
    predicted: TensorVariable
    actual: TensorVariable
    not_predicted: TensorVariable
    not_actual: TensorVariable


def counts_of_classes(matrix) -> Counts:
    """Counts (C,) of each class against all others, from a confusion matrix (C, C)."""
    # the diagonal, which PyTensor does not convert for PyTorch
    right = where(pt.constant(np.eye(matrix.type.shape[0], dtype="bool")), matrix, 0).sum(axis=0)
    predicted, actual = matrix.sum(axis=0), matrix.sum(axis=1)
    not_predicted, not_actual = predicted.sum() - predicted, actual.sum() - actual
    return Counts(right, not_actual - (predicted - right), predicted, actual, not_predicted, not_actual)


def counts_of_labels(matrix) -> Counts:
    """Counts (...) with 1 as positive, from binary confusion matrices (..., 2, 2)."""
    tn, fp, fn, tp = (matrix[..., i, j] for i in (0, 1) for j in (0, 1))
    return Counts(tp, tn, tp + fp, tp + fn, tn + fn, tn + fp)


# Each returns the numerator and the denominator of a ratio.


def precision_of(counts):
    return counts.true_positives, counts.predicted


def recall_of(counts):
    return counts.true_positives, counts.actual


def specificity_of(counts):
    return counts.true_negatives, counts.not_actual


def negative_predictive_value_of(counts):
    return counts.true_negatives, counts.not_predicted


def jaccard_of(counts):
    return counts.true_positives, counts.predicted + counts.actual - counts.true_positives


def fbeta_of(beta):
    """The formula of the F score with this beta."""
    beta = number_from(beta, "beta", 0)
    square = beta * beta
    if math.isinf(square):
        return recall_of

    def fbeta(counts):
        return (1 + square) * counts.true_positives, square * counts.actual + counts.predicted

    return fbeta


def score(formula, counts, zero_division):
    """The ratio of each entry of the counts."""
    numerator, denominator = formula(counts)
    return ratio(numerator, denominator, _checked(zero_division))


def averaged(formula, counts, average, zero_division, *, present=None):
    """The ratios of all classes, their mean over classes that are `present`, or the ratio of pooled counts.

    With a `zero_division` of NaN the mean skips classes whose ratio is 0/0, too.
    """
    one_of(average, "average", AVERAGES)
    if average == "micro":
        return score(formula, Counts(*(count.sum() for count in counts)), zero_division)
    scores = score(formula, counts, zero_division)
    if average is None:
        return scores
    # all True by default: MLX cannot check the shape of a new vector against the other arguments
    present = pt.invert(pt.isinf(scores)) if present is None else present
    shares = ones_where(present, scores.dtype)
    shares = counts.actual if average == "weighted" else shares
    if math.isnan(zero_division):
        has_ratio = pt.neq(formula(counts)[1], 0)
        scores, shares = where(has_ratio, scores, 0), where(has_ratio, shares, 0)
    return ratio((shares * scores).sum(), shares.sum(), zero_division)


def averaged_over_classes(formula, counts, average, zero_division, absent):
    """The `averaged` ratio of counts (C,), in which some classes may not occur."""
    one_of(absent, "absent", ("ignore", "count"))
    present = pt.neq(counts.actual + counts.predicted, 0) if absent == "ignore" else None
    return averaged(formula, counts, average, zero_division, present=present)


def averaged_over_labels(formula, matrix, average, zero_division):
    """The `averaged` ratio of binary confusion matrices (L, 2, 2), or that of a single one."""
    one_of(average, "average", AVERAGES)
    counts = counts_of_labels(unless_empty(matrix))
    if matrix.ndim == 2:
        return score(formula, counts, zero_division)
    return averaged(formula, counts, average, zero_division)


def _checked(zero_division):
    if not isinstance(zero_division, int | float) or not (zero_division in (0, 1) or math.isnan(zero_division)):
        raise ValueError(f"zero_division must be 0, 1 or NaN, not {zero_division!r}")
    return zero_division
