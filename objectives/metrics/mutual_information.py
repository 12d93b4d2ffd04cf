"""Agreement of clusters with classes, by mutual information."""

from typing import Literal

from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import ratio
from objectives._typing import TensorLike
from objectives.lookup import LABELS, described
from objectives.metrics._contingency import CLUSTERS, contingency_table
from objectives.metrics._information import averaged_entropy, away_from_0, information_of, is_renaming
from objectives.ops.contingency import expected_mutual_information
from objectives.ops.selection import where

__all__ = [
    "adjusted_mutual_info_score",
    "mutual_info_score",
    "normalized_mutual_info_score",
]


@described(per="set", symmetric=True, train_with="", predictions=CLUSTERS, targets=LABELS)
def mutual_info_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Mutual information of clusters and classes, in nats: how much knowing one tells about the other.

    Choose `normalized_mutual_info_score` for a number in [0, 1], and `adjusted_mutual_info_score` to compare different
    numbers of clusters: more clusters share more information. :math:`p_{ck}` is the fraction of items of class c in
    cluster k, counted with weights, :math:`p_c` that of the class and :math:`p_k` that of the cluster.

    .. math:: I = \sum_{ck} p_{ck} \log \frac{p_{ck}}{p_c\, p_k}

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters : int
        Number of clusters.
    num_classes : int, optional
        Number of classes; by default that of clusters.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number from 0 to the lesser of both entropies; 0 without items.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.mutual_info_score``

    Examples
    --------
    >>> from objectives import mutual_info_score
    >>> print(mutual_info_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.2231
    """
    information = information_of(contingency_table(predictions, targets, num_clusters, num_classes, mask, weights))
    return information.mutual


@described(per="set", symmetric=True, train_with="", predictions=CLUSTERS, targets=LABELS)
def normalized_mutual_info_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    average_method: Literal["arithmetic", "geometric", "min", "max"] = "arithmetic",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Normalized mutual information (NMI): mutual information of clusters and classes divided by their mean entropy.

    Choose it to compare data sets, and `adjusted_mutual_info_score` to compare numbers of clusters. With the arithmetic
    mean it is the `v_measure_score`. I is the `mutual_info_score`, and m a mean of the entropies of classes Y and
    clusters :math:`\hat Y`.

    .. math:: I_n = \frac{I}{m(H(Y), H(\hat Y))}

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters : int
        Number of clusters.
    num_classes : int, optional
        Number of classes; by default that of clusters.
    average_method : {"arithmetic", "geometric", "min", "max"}
        Mean m of both entropies; only "min" is the greatest possible information.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number in [0, 1]; 1 for one class in one cluster, and without items; 0 for one class in several clusters.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.normalized_mutual_info_score``

    Examples
    --------
    >>> from objectives import normalized_mutual_info_score
    >>> print(normalized_mutual_info_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.2869
    """
    information = information_of(contingency_table(predictions, targets, num_clusters, num_classes, mask, weights))
    share = ratio(information.mutual, averaged_entropy(information, average_method), 0)
    return where(information.is_trivial, 1, share)


@described(per="set", symmetric=True, train_with="", predictions=CLUSTERS, targets=LABELS)
def adjusted_mutual_info_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    average_method: Literal["arithmetic", "geometric", "min", "max"] = "arithmetic",
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Adjusted mutual information (AMI): mutual information corrected for chance, 0 for random clusters.

    Choose it to compare numbers of clusters, especially of unequal sizes; `adjusted_rand_score` is faster. I is the
    `mutual_info_score`, E its mean over all ways to assign items to classes and clusters of these sizes (whole numbers,
    hence no weights), and m a mean of the entropies of classes Y and clusters :math:`\hat Y`. SciPy computes E,
    slowly for large clusters; MLX cannot call it: see :doc:`backends`.

    .. math:: I_a = \frac{I - E}{m(H(Y), H(\hat Y)) - E}

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters, num_classes : int
        Numbers of clusters and of classes; by default there are as many classes as clusters.
    average_method : {"arithmetic", "geometric", "min", "max"}
        Mean m of both entropies.
    mask : tensor of bool, optional
        Items that count (...); the rest are ignored, whatever they hold.

    Returns
    -------
    TensorVariable
        At most 1: 1 if clusters equal classes up to numbering, and without items; else 0 for one class or one cluster.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.adjusted_mutual_info_score``
    .. [2] Vinh, N. X. et al. (2010), "Information theoretic measures for clusterings comparison ...", JMLR 11

    Examples
    --------
    >>> from objectives import adjusted_mutual_info_score
    >>> print(adjusted_mutual_info_score([0, 0, 1, 1], [1, 1, 0, 2], num_clusters=2, num_classes=3).eval().round(4))
    0.5714
    """
    table = contingency_table(predictions, targets, num_clusters, num_classes, mask)
    information = information_of(table)
    expected = expected_mutual_information(table)
    more, most = (
        away_from_0(x - expected) for x in (information.mutual, averaged_entropy(information, average_method))
    )
    adjusted = where(information.is_one_sided, 0, more / most)
    # exactly 1 even if each item is its own cluster, where the expectation is the maximum, too
    return where(is_renaming(table), 1, adjusted)
