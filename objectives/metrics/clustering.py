"""How well clusters agree with classes: shares of items and of pairs of items."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import ratio
from objectives._options import one_of
from objectives.lookup import LABELS, described
from objectives.metrics._contingency import CLUSTERS, contingency_table
from objectives.ops.contingency import best_assignment

__all__ = [
    "adjusted_rand_score",
    "clustering_accuracy",
    "fowlkes_mallows_score",
    "pair_confusion_matrix",
    "rand_score",
]


@described(per="set", differentiable=False, predictions=CLUSTERS, targets=LABELS)
def clustering_accuracy(
    predictions, targets, *, num_clusters, num_classes=None, method="majority", weights=None, mask=None
):
    r"""How many items have the class that their cluster stands for.

    .. math::
        A = \frac{1}{N} \sum_k \max_c n_{ck}, \qquad A_{one\,to\,one} = \frac{1}{N} \max_\pi \sum_k n_{\pi(k), k}

    with the number :math:`n_{ck}` of items of class c in cluster k, by weight, their total N, and assignments
    :math:`\pi` of different classes to different clusters.

    Parameters
    ----------
    predictions : tensor of int
        Cluster indices (...) from 0 to `num_clusters` - 1.
    targets : tensor of int
        Class indices (...) from 0 to `num_classes` - 1.
    num_clusters : int
        The number of clusters.
    num_classes : int, optional
        The number of classes, that of clusters if not given.
    method : {"majority", "one_to_one"}
        Whether a cluster stands for its most frequent class, or each for another one, as well as that can be.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        A number in [0, 1], in floatX.

    Raises
    ------
    TypeError
        If predictions or targets are not integers of the same shape.
    ValueError
        If `method`, `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    Several clusters may stand for the same class in the first, so that more clusters give more; it is also called
    purity. The second, found by the Hungarian algorithm, is at most as great: a cluster without a class of its own
    counts as wrong. NaN without items. The assignment is made by SciPy; MLX cannot do that in compiled functions,
    see :doc:`backends`. The table of counts adds up over batches, and the other measures of clusters share it.

    References
    ----------
    .. [1] "purity" in Manning, C. D., Raghavan, P. and Schütze, H. (2008), "Introduction to information retrieval",
       section 16.3
    .. [2] ``scipy.optimize.linear_sum_assignment``

    Examples
    --------
    >>> from objectives import clustering_accuracy
    >>> clusters, classes = [0, 0, 1, 1, 2], [1, 1, 1, 0, 1]
    >>> print(clustering_accuracy(clusters, classes, num_clusters=3, num_classes=2).eval())
    0.8
    >>> print(clustering_accuracy(clusters, classes, num_clusters=3, method="one_to_one").eval())
    0.6
    """
    one_of(method, "method", ("majority", "one_to_one"))
    table = contingency_table(predictions, targets, num_clusters, num_classes, mask, weights)
    right = table.max(axis=0).sum() if method == "majority" else best_assignment(table)
    return ratio(right, table.sum(), np.nan)


@described(best=None, per="set", differentiable=False, predictions=CLUSTERS, targets=LABELS)
def pair_confusion_matrix(predictions, targets, *, num_clusters, num_classes=None, mask=None):
    r"""How many pairs of items are rightly and wrongly put together and apart.

    .. math::
        M_{jk} = \sum_{i \ne i'} [[y_i = y_{i'}] = j] [[\hat y_i = \hat y_{i'}] = k]

    with the class :math:`y_i` and the cluster :math:`\hat y_i` of item i.

    Parameters
    ----------
    predictions : tensor of int
        Cluster indices (...) from 0 to `num_clusters` - 1.
    targets : tensor of int
        Class indices (...) from 0 to `num_classes` - 1.
    num_clusters : int
        The number of clusters.
    num_classes : int, optional
        The number of classes, that of clusters if not given.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The matrix (2, 2), in floatX: a row for pairs of different classes and one for those of the same, a column for
        different clusters and one for the same. Each pair counts twice, in both orders.

    Raises
    ------
    TypeError
        If predictions or targets are not integers of the same shape.
    ValueError
        If `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    The matrix itself does not add up over batches; the table of counts by class and cluster, which it is computed from,
    does.

    References
    ----------
    .. [1] ``sklearn.metrics.cluster.pair_confusion_matrix``

    Examples
    --------
    >>> from objectives import pair_confusion_matrix
    >>> print(pair_confusion_matrix([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval())
    [[ 6.  2.]
     [10.  2.]]
    """
    table = contingency_table(predictions, targets, num_clusters, num_classes, mask)
    of_class, of_cluster = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    total = of_class.sum()
    # of each item in a cell, how many others are so; differences of whole numbers, so that 0 is exactly 0
    others = [total - of_class - of_cluster + table, of_cluster - table, of_class - table, table - 1]
    counts = [(table * other).sum(axis=(0, 1), keepdims=True) for other in others]
    return pt.concatenate(counts, axis=1).reshape((2, 2))


@described(per="set", symmetric=True, differentiable=False, predictions=CLUSTERS, targets=LABELS)
def rand_score(predictions, targets, *, num_clusters, num_classes=None, mask=None):
    r"""The Rand index: how many pairs of items are rightly put together or apart.

    .. math:: R = \frac{TP + TN}{TP + TN + FP + FN}

    with the pairs of the same class in the same cluster TP, of different classes in different clusters TN, of different
    classes in the same cluster FP, and of the same class in different clusters FN.

    Parameters
    ----------
    predictions : tensor of int
        Cluster indices (...) from 0 to `num_clusters` - 1.
    targets : tensor of int
        Class indices (...) from 0 to `num_classes` - 1.
    num_clusters : int
        The number of clusters.
    num_classes : int, optional
        The number of classes, that of clusters if not given.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        A number in [0, 1], in floatX.

    Raises
    ------
    TypeError
        If predictions or targets are not integers of the same shape.
    ValueError
        If `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    1 where there are no pairs, as in scikit-learn. By chance it is far from 0, see `adjusted_rand_score`.

    References
    ----------
    .. [1] ``sklearn.metrics.rand_score``
    .. [2] Rand, W. M. (1971), "Objective criteria for the evaluation of clustering methods",
       doi:10.1080/01621459.1971.10482356

    Examples
    --------
    >>> from objectives import rand_score
    >>> print(rand_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.4
    """
    pairs = pair_confusion_matrix(predictions, targets, num_clusters=num_clusters, num_classes=num_classes, mask=mask)
    return ratio(pairs[0, 0] + pairs[1, 1], pairs.sum(), 1)


@described(per="set", symmetric=True, differentiable=False, predictions=CLUSTERS, targets=LABELS)
def adjusted_rand_score(predictions, targets, *, num_clusters, num_classes=None, mask=None):
    r"""The Rand index less what it is by chance: 0 for clusters that tell nothing, 1 for perfect ones.

    .. math:: R = \frac{2\,(TP \cdot TN - FN \cdot FP)}{(TP + FN)(FN + TN) + (TP + FP)(FP + TN)}

    with the numbers of pairs of `rand_score`.

    Parameters
    ----------
    predictions : tensor of int
        Cluster indices (...) from 0 to `num_clusters` - 1.
    targets : tensor of int
        Class indices (...) from 0 to `num_classes` - 1.
    num_clusters : int
        The number of clusters.
    num_classes : int, optional
        The number of classes, that of clusters if not given.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        A number of at most 1, in floatX.

    Raises
    ------
    TypeError
        If predictions or targets are not integers of the same shape.
    ValueError
        If `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    1 where clusters and classes are the same division, also where there are no pairs, as in scikit-learn.

    References
    ----------
    .. [1] ``sklearn.metrics.adjusted_rand_score``
    .. [2] Hubert, L. and Arabie, P. (1985), "Comparing partitions", doi:10.1007/BF01908075

    Examples
    --------
    >>> from objectives import adjusted_rand_score
    >>> print(adjusted_rand_score([0, 0, 1, 1], [1, 1, 0, 2], num_clusters=2, num_classes=3).eval().round(4))
    0.5714
    """
    pairs = pair_confusion_matrix(predictions, targets, num_clusters=num_clusters, num_classes=num_classes, mask=mask)
    shares = ratio(pairs, pairs.sum(), 0)  # of which products are no great numbers
    tn, fp, fn, tp = (shares[i, j] for i in (0, 1) for j in (0, 1))
    return ratio(2 * (tp * tn - fn * fp), (tp + fn) * (fn + tn) + (tp + fp) * (fp + tn), 1)


@described(per="set", symmetric=True, differentiable=False, predictions=CLUSTERS, targets=LABELS)
def fowlkes_mallows_score(predictions, targets, *, num_clusters, num_classes=None, mask=None):
    r"""The geometric mean of precision and recall of pairs of items that are put together.

    .. math:: F = \frac{TP}{\sqrt{(TP + FP)(TP + FN)}}

    with the numbers of pairs of `rand_score`.

    Parameters
    ----------
    predictions : tensor of int
        Cluster indices (...) from 0 to `num_clusters` - 1.
    targets : tensor of int
        Class indices (...) from 0 to `num_classes` - 1.
    num_clusters : int
        The number of clusters.
    num_classes : int, optional
        The number of classes, that of clusters if not given.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        A number in [0, 1], in floatX.

    Raises
    ------
    TypeError
        If predictions or targets are not integers of the same shape.
    ValueError
        If `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    0 where no pair is rightly together, also where there are no pairs, as in scikit-learn.

    References
    ----------
    .. [1] ``sklearn.metrics.fowlkes_mallows_score``
    .. [2] Fowlkes, E. B. and Mallows, C. L. (1983), "A method for comparing two hierarchical clusterings",
       doi:10.1080/01621459.1983.10478008

    Examples
    --------
    >>> from objectives import fowlkes_mallows_score
    >>> print(fowlkes_mallows_score([0, 0, 1, 1], [1, 1, 0, 2], num_clusters=2, num_classes=3).eval().round(4))
    0.7071
    """
    pairs = pair_confusion_matrix(predictions, targets, num_clusters=num_clusters, num_classes=num_classes, mask=mask)
    return ratio(pairs[1, 1], pt.sqrt(pairs[:, 1].sum()) * pt.sqrt(pairs[1, :].sum()), 0)
