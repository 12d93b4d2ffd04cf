"""Confusion matrices, from which other measures follow."""

from typing import Literal

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import ratio
from objectives._options import one_of
from objectives._typing import TensorLike
from objectives.lookup import BINARY, CLASSES, REALS, described
from objectives.metrics._sets import binaries, classes, label_axis_last, unless_empty
from objectives.ops.confusion import confusion_counts
from objectives.ops.selection import where
from objectives.ops.statistics import summed, wide_sum

__all__ = ["binary_confusion_matrix", "confusion_matrix"]

_SUMMED = {"true": -1, "pred": -2, "all": (-2, -1)}


@described(best=None, per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def binary_confusion_matrix(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    normalize: Literal["true", "pred", "all"] | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Confusion matrix of binary predictions: true and false negatives and positives, pooled or for each label.

    Choose it for numbers that have no function here. For many classes see `confusion_matrix`.

    .. math:: M = \begin{pmatrix} TN & FP \\ FN & TP \end{pmatrix}, \qquad
        M_{jk} = \sum_i w_i [t_i = j] [[p_i \ge \theta] = k]

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities p (...), or scores for which `threshold` is right, 0 for logits, and targets t (...) in {0, 1}.
    threshold : float or tensor
        Least prediction θ that counts as 1; a tensor, such as one entry per label, has the rank of `predictions`.
    normalize : {"true", "pred", "all"}, optional
        Divide by the sums over targets (rows), predictions (columns) or all; 0/0 is 0. By default cells are counts.
    weights, mask : tensor, optional
        Weight w of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of labels to keep, for one result per label; by default all are pooled.

    Returns
    -------
    TensorVariable
        Matrix (2, 2), or (L, 2, 2) for L labels: targets as rows, predictions as columns. NaN for a NaN prediction.

    Raises
    ------
    TypeError, IndexError
        If ranks do not fit, or a target is neither 0 nor 1; NaN for its label where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.confusion_matrix``, ``sklearn.metrics.multilabel_confusion_matrix``

    Examples
    --------
    >>> from objectives import binary_confusion_matrix
    >>> print(binary_confusion_matrix([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval())
    [[2. 1.]
     [0. 2.]]
    """
    given = binaries(predictions, targets, threshold, mask, weights)

    def total(target, prediction):
        is_target = given.targets if target else pt.invert(given.targets)
        is_predicted = given.predicted if prediction else pt.invert(given.predicted)
        counted = where((is_target & is_predicted) | pt.isnan(given.weights), given.weights, 0)
        # pooled elements as a column, since MLX makes no vectors of float64 numbers
        counted = counted.reshape((-1, 1)) if label_axis is None else label_axis_last(counted, label_axis)
        return wide_sum(counted, axis=tuple(range(counted.ndim - 1)))

    rows = [pt.stack([total(target, prediction) for prediction in (0, 1)], axis=-1) for target in (0, 1)]
    matrices = pt.stack(rows, axis=-2)
    counts = summed(matrices[0] if label_axis is None else matrices).astype(given.weights.dtype)
    return _normalized(counts, normalize)


def _normalized(matrix, normalize):
    """The shares of the cells (..., C, C) in their row, column or matrix; 0 where these are empty."""
    one_of(normalize, "normalize", (*_SUMMED, None))
    if normalize is None:
        return matrix
    return unless_empty(ratio(matrix, matrix.sum(axis=_SUMMED[normalize], keepdims=True)))


@described(best=None, per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def confusion_matrix(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    normalize: Literal["true", "pred", "all"] | None = None,
    num_classes: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Confusion matrix of many classes: the number of items of each class that are predicted as each class.

    Choose it for numbers that have no function here. For binary predictions see `binary_confusion_matrix`.

    .. math:: M_{jk} = \sum_i w_i [y_i = j] [\hat y_i = k]

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), of which ŷ is the first greatest, and any targets.
    normalize : {"true", "pred", "all"}, optional
        Divide by the sums over targets (rows), predictions (columns) or all; 0/0 is 0. By default cells are counts.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    weights, mask : tensor, optional
        Weight w of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        Matrix (C, C): targets as rows, predictions as columns. An item with a NaN score makes a cell NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.confusion_matrix``

    Examples
    --------
    >>> from objectives import confusion_matrix
    >>> print(confusion_matrix([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3).eval())
    [[1. 0. 0.]
     [0. 2. 1.]
     [0. 0. 0.]]
    """
    given = classes(predictions, targets, num_classes, mask, weights, axis=axis)
    counts = confusion_counts(
        given.targets, given.predicted, given.weights, num_rows=given.num_classes, num_columns=given.num_classes
    )
    return _normalized(summed(counts).astype(given.weights.dtype), normalize)
