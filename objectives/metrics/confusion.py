"""Confusion matrices, from which other measures follow."""

import pytensor.tensor as pt

from objectives._inputs import class_axis_last
from objectives.lookup import BINARY, CLASSES, REALS, described
from objectives.metrics._sets import binaries, classes
from objectives.ops.confusion import confusion_counts
from objectives.ops.selection import where
from objectives.ops.statistics import summed, wide_sum

__all__ = ["binary_confusion_matrix", "confusion_matrix"]


@described(best=None, per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_confusion_matrix(predictions, targets, threshold=0.5, *, axis=None, weights=None, mask=None):
    r"""How many elements are rightly and wrongly taken for 0 and 1, all together or for each label.

    .. math::
        M = \begin{pmatrix} TN & FP \\ FN & TP \end{pmatrix}, \qquad
        M_{jk} = \sum_i w_i [t_i = j] [[p_i \ge \theta] = k]

    with the predictions :math:`p`, the threshold :math:`\theta`, the targets :math:`t` and the weights :math:`w` (1 if
    not given).

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or any scores that the threshold fits, such as logits with ``threshold=0``.
    targets : tensor
        Targets (...) in {0, 1}. A vector is aligned with a column of predictions, see `align_targets`.
    threshold : float or tensor
        Least prediction that counts as 1; of several, such as one for each label, in the rank of the predictions.
    axis : int, optional
        The axis of labels, for each of which there is a matrix; all elements are pooled if not given.
    weights : tensor, optional
        How much each element counts, broadcastable to `predictions`; booleans choose elements.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`.

    Returns
    -------
    TensorVariable
        The matrix (2, 2), a row for each target and a column for each prediction, or (L, 2, 2) for L labels; in
        floatX, or the dtype of the predictions if that is wider. It adds up over batches.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    IndexError
        At run time, for a target that is neither 0 nor 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the matrix of its label is NaN.

    Notes
    -----
    A prediction of NaN makes the matrix of its label NaN. True positives are ``M[..., 1, 1]``, and so on;
    ``M[..., 1, :].sum(axis=-1)`` is how many targets are 1.

    References
    ----------
    .. [1] ``sklearn.metrics.confusion_matrix``
    .. [2] ``sklearn.metrics.multilabel_confusion_matrix``

    Examples
    --------
    >>> from objectives import binary_confusion_matrix
    >>> print(binary_confusion_matrix([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval())
    [[2. 1.]
     [0. 2.]]
    """
    targets, predicted, weights = binaries(predictions, targets, threshold, mask, weights)

    def total(target, prediction):
        chosen = (targets if target else pt.invert(targets)) & (predicted if prediction else pt.invert(predicted))
        counted = where(chosen | pt.isnan(weights), weights, 0)
        # of pooled elements in a column, since MLX makes no vector of float64 numbers
        counted = counted.reshape((-1, 1)) if axis is None else class_axis_last(counted, axis)
        return wide_sum(counted, axis=tuple(range(counted.ndim - 1)))

    rows = [pt.stack([total(target, prediction) for prediction in (0, 1)], axis=-1) for target in (0, 1)]
    matrices = pt.stack(rows, axis=-2)
    return summed(matrices[0] if axis is None else matrices).astype(weights.dtype)


@described(best=None, per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def confusion_matrix(predictions, targets, *, num_classes=None, weights=None, mask=None, axis=-1):
    r"""How many items of each class are taken for each class.

    .. math:: M_{jk} = \sum_i w_i [y_i = j] [\hat y_i = k]

    with the target class :math:`y_i`, the predicted class :math:`\hat y_i`, that of the greatest score, and the
    weights :math:`w_i` (1 if not given).

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), floating-point numbers of which greater is better; or predicted class indices (...) of any
        integer dtype or bool.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    num_classes : int, optional
        C. Needed for class indices, and for scores whose number of classes is not known statically.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of scores and of dense targets.

    Returns
    -------
    TensorVariable
        The matrix (C, C): a row for each target class, a column for each predicted one; in floatX, or the dtype of
        the scores if that is wider. It adds up over batches.

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `num_classes` is missing or wrong.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the matrix is NaN.

    Notes
    -----
    Of equal scores the lower class index is predicted, as by ``argmax``. An item with a NaN among its scores makes
    its cell NaN. ``M / M.sum(axis=1, keepdims=True)`` normalises over targets, ``M.sum(axis=0)`` counts predictions.

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
    return summed(counts).astype(given.weights.dtype)
