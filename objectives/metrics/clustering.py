"""Agreement of clusters with classes, by items and by pairs of items."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import ratio
from objectives._options import one_of
from objectives._typing import TensorLike
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


@described(per="set", train_with="", predictions=CLUSTERS, targets=LABELS)
def clustering_accuracy(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    method: Literal["majority", "one_to_one"] = "majority",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Clustering accuracy (purity): the fraction of items whose class is the one that their cluster stands for.

    Purity grows with the number of clusters: to compare numbers, use ``method="one_to_one"``. :math:`n_{ck}` is
    the weight of items of class c in cluster k, N that of all, and :math:`\pi` assigns different classes to clusters.

    .. math:: A = \frac{1}{N} \sum_k \max_c n_{ck}, \qquad A_{one\,to\,one} = \frac{1}{N} \max_\pi \sum_k n_{\pi(k), k}

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters, num_classes : int
        Numbers of clusters and of classes; by default there are as many classes as clusters.
    method : {"majority", "one_to_one"}
        Whether a cluster stands for its most frequent class, or for a class of its own or none, so that most items are
        right; for the latter SciPy is called, which MLX cannot do in compiled functions: see :doc:`backends`.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number in [0, 1]; NaN without items.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] "purity" in Manning, C. D. et al. (2008), "Introduction to Information Retrieval", section 16.3
    .. [2] ``scipy.optimize.linear_sum_assignment``

    Examples
    --------
    >>> from objectives import clustering_accuracy
    >>> print(clustering_accuracy([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval())
    0.8
    """
    one_of(method, "method", ("majority", "one_to_one"))
    table = contingency_table(predictions, targets, num_clusters, num_classes, mask, weights)
    right = table.max(axis=0).sum() if method == "majority" else best_assignment(table)
    return ratio(right, table.sum(), np.nan)


@described(best=None, per="set", train_with="", predictions=CLUSTERS, targets=LABELS)
def pair_confusion_matrix(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Pair confusion matrix: counts of item pairs by whether their classes, and their clusters, are the same.

    Choose it for measures of pairs that have no function here; `rand_score` and others are computed from it. There are
    no weights: n items make n (n - 1) pairs only if n is a whole number. Over batches a validation adds up counts by
    class and cluster, since pairs across batches count, too. :math:`y_i` is the class and :math:`\hat y_i` the cluster
    of item i.

    .. math:: M_{jk} = \sum_{i \ne i'} [[y_i = y_{i'}] = j] [[\hat y_i = \hat y_{i'}] = k]

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters : int
        Number of clusters.
    num_classes : int, optional
        Number of classes; by default that of clusters.
    mask : tensor of bool, optional
        Items that count (...); the rest are ignored, whatever they hold.

    Returns
    -------
    TensorVariable
        Counts (2, 2): rows for different and same classes, columns likewise for clusters; pairs count in both orders.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

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
    # the partners of an item in each cell of the table; differences of whole numbers, so that 0 is exactly 0
    others = [total - of_class - of_cluster + table, of_cluster - table, of_class - table, table - 1]
    counts = [(table * other).sum(axis=(0, 1), keepdims=True) for other in others]
    return pt.concatenate(counts, axis=1).reshape((2, 2))


@described(per="set", symmetric=True, train_with="", predictions=CLUSTERS, targets=LABELS)
def rand_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Rand index: the fraction of item pairs that clusters put together or apart as classes do.

    Choose `adjusted_rand_score` where chance matters: the Rand index of random clusters is far from 0. Two items of the
    same class are in the same cluster (TP) or not (FN), as are two items of different classes (FP or TN). Pairs are
    counted, so that there are no weights; see `pair_confusion_matrix`.

    .. math:: R = \frac{TP + TN}{TP + TN + FP + FN}

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters : int
        Number of clusters.
    num_classes : int, optional
        Number of classes; by default that of clusters.
    mask : tensor of bool, optional
        Items that count (...); the rest are ignored, whatever they hold.

    Returns
    -------
    TensorVariable
        A number in [0, 1]; 1 if there are no pairs, as in scikit-learn.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.rand_score``
    .. [2] Rand, W. M. (1971), "Objective criteria for the evaluation ...", doi:10.1080/01621459.1971.10482356

    Examples
    --------
    >>> from objectives import rand_score
    >>> print(rand_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.4
    """
    pairs = pair_confusion_matrix(predictions, targets, num_clusters=num_clusters, num_classes=num_classes, mask=mask)
    return ratio(pairs[0, 0] + pairs[1, 1], pairs.sum(), 1)


@described(per="set", symmetric=True, train_with="", predictions=CLUSTERS, targets=LABELS)
def adjusted_rand_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Adjusted Rand index (ARI): the Rand index corrected for chance, 0 for random clusters and 1 for perfect ones.

    Choose it to compare clusterings of any size; `adjusted_mutual_info_score` is better for unequal clusters. TP, TN,
    FP and FN count pairs of items as in `rand_score`, without weights.

    .. math:: R = \frac{2\,(TP \cdot TN - FN \cdot FP)}{(TP + FN)(FN + TN) + (TP + FP)(FP + TN)}

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters : int
        Number of clusters.
    num_classes : int, optional
        Number of classes; by default that of clusters.
    mask : tensor of bool, optional
        Items that count (...); the rest are ignored, whatever they hold.

    Returns
    -------
    TensorVariable
        A number of at most 1; 1 if clusters equal classes up to their numbering, and if there are no pairs.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

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
    shares = ratio(pairs, pairs.sum(), 0)  # whose products do not overflow
    tn, fp, fn, tp = (shares[i, j] for i in (0, 1) for j in (0, 1))
    return ratio(2 * (tp * tn - fn * fp), (tp + fn) * (fn + tn) + (tp + fp) * (fp + tn), 1)


@described(per="set", symmetric=True, train_with="", predictions=CLUSTERS, targets=LABELS)
def fowlkes_mallows_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Fowlkes-Mallows index: the geometric mean of precision and recall over item pairs that share a cluster.

    Choose it over `rand_score` where most pairs are apart: pairs that are apart in both do not count. TP, FP and FN
    count pairs of items as in `rand_score`, without weights.

    .. math:: F = \frac{TP}{\sqrt{(TP + FP)(TP + FN)}}

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters : int
        Number of clusters.
    num_classes : int, optional
        Number of classes; by default that of clusters.
    mask : tensor of bool, optional
        Items that count (...); the rest are ignored, whatever they hold.

    Returns
    -------
    TensorVariable
        A number in [0, 1]; 0 if no pair has the same class and the same cluster, and if there are no pairs.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

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
