"""Counts of each class against all others, of the best class of each item or of its k best ones."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import as_labels, as_tensor, classwise
from objectives._options import whole_number
from objectives.metrics._ratios import Counts, counts_of_classes, counts_of_labels
from objectives.metrics._sets import check_rows, checked_number, selecting, unless_empty
from objectives.metrics.confusion import binary_confusion_matrix, confusion_matrix
from objectives.ops.labels import one_hot
from objectives.ops.selection import where
from objectives.ops.shapes import ones_like
from objectives.ops.sorting import weighted_rank


def class_counts(predictions, targets, num_classes, weights, mask, axis, top_k=1) -> Counts:
    """Counts (C,), in which some classes may not occur; an item is predicted to be in each of its k best classes."""
    if whole_number(top_k, "top_k", 1) == 1:
        matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
        return counts_of_classes(unless_empty(matrix))
    scores, targets, items, weights, num_classes = _rows(predictions, targets, num_classes, weights, mask, axis, top_k)
    # of equal scores the lower class index comes first, as in `categorical_accuracy`
    best = pt.lt(weighted_rank(-scores, ones_like(scores), "order"), top_k).astype(scores.dtype)
    best = where(pt.isnan(scores).any(axis=-1, keepdims=True), np.nan, best)
    matrices = binary_confusion_matrix(best, targets, weights=weights, mask=items, label_axis=-1)
    return counts_of_labels(pt.specify_shape(unless_empty(matrices), (num_classes, 2, 2)))


def _rows(predictions, targets, num_classes, weights, mask, axis, top_k):
    """Scores and one-hot targets (..., C), with mask and weights (..., 1) beside them, and C."""
    predictions = as_tensor(predictions, "predictions")
    if "int" in predictions.dtype or predictions.dtype == "bool":
        raise TypeError(
            f"top_k={top_k} needs a score for each class: give predictions (..., C) of floats, not class indices of "
            f"{predictions.dtype}"
        )
    check_rows(predictions, targets)
    mask, weights = selecting(mask, weights)
    scores, targets, items = classwise(predictions, targets, mask, axis=axis)
    num_classes = checked_number(num_classes, scores.type.shape[-1])
    if top_k > num_classes:
        raise ValueError(f"top_k must be at most the number of classes, {num_classes}, not {top_k}")
    columns = (x if x is None or x.ndim == 0 else x[..., None] for x in (items, weights))
    return scores, one_hot(as_labels(targets, scores, items), scores), *columns, num_classes
