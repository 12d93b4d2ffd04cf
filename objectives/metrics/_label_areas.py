"""Areas under the curves of label matrices: averages over labels, and areas within each item."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import mean, ratio
from objectives._inputs import binary_scores, elementwise
from objectives._options import one_of
from objectives.metrics._points import columns_of
from objectives.metrics._sets import item_weights, selecting
from objectives.ops.labels import binary_target
from objectives.ops.selection import where
from objectives.ops.sorting import weighted_rank
from objectives.ops.statistics import accumulator_dtype, total_of

AVERAGES = ("macro", "weighted", "micro", "samples", None)


def label_axis_of(average, label_axis, **others):
    """The axis of labels that have an area each; None where all elements are pooled.

    The options that an average over items does not take are given by name.
    """
    one_of(average, "average", AVERAGES)
    if average == "samples":
        if label_axis is None:
            raise ValueError("average='samples' is a mean over the items of a label matrix: give its label_axis, too")
        if given := [name for name, value in others.items() if value is not None]:
            raise ValueError(f"average='samples' compares all labels of an item, exactly: leave {given[0]} None")
    return None if average == "micro" else label_axis


def averaged(areas, points, average):
    """The area of all elements, or those of labels and their average."""
    if areas.ndim == 0 or average is None:
        return areas
    if average == "macro":
        return mean(areas, 0)
    # a label without positives has no share, whatever its area is
    shares = points.positives
    shared = where(pt.neq(shares, 0), areas * shares, 0)
    return ratio(shared.sum(), shares.sum(), mean(areas, 0))


def mean_of_items(area, predictions, targets, mask, weights, label_axis):
    """The mean of the areas of items, each weighted by the mean weight of its labels that count."""
    mask, weights = selecting(mask, weights)
    scores, targets, mask = elementwise(binary_scores(predictions, targets), targets, mask)
    dtype = accumulator_dtype(scores.dtype)
    targets = binary_target(targets)
    weights = item_weights(scores, mask, weights, dtype)
    scores, targets, weights = (columns_of(x, label_axis) for x in (scores.astype(dtype), targets, weights))
    unknown = pt.isnan(scores) | pt.lt(targets, 0)
    is_positive = pt.gt(targets, 0)
    areas = area(scores, where(is_positive, weights, 0), where(is_positive, 0, weights))
    areas = where(unknown.any(axis=-1), np.nan, areas)
    number = pt.neq(weights, 0).astype(dtype).sum(axis=-1)
    shares = ratio(weights.sum(axis=-1), number)
    return total_of(where(pt.neq(shares, 0), shares * areas, 0)) / total_of(shares)


def roc_areas(scores, positives, negatives):
    """The share of the pairs of each row that are in order; NaN without pairs."""
    in_order = (positives * weighted_rank(scores, negatives)).sum(axis=-1)  # ties count half
    return in_order / (positives.sum(axis=-1) * negatives.sum(axis=-1))


def average_precisions(scores, positives, negatives):
    """The mean precision at the positives of each row; 0 without any."""
    true, false = (weighted_rank(-scores, weights, "all") for weights in (positives, negatives))
    return ratio((positives * ratio(true, true + false)).sum(axis=-1), positives.sum(axis=-1))
