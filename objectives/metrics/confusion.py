"""The confusion matrix."""

from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._sets import classes
from objectives.ops.confusion import confusion_counts
from objectives.ops.statistics import summed

__all__ = ["confusion_matrix"]


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
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
    return summed(counts)
