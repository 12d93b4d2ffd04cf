"""How much clusters tell of classes, and classes of clusters: mutual information, in nats."""

import math

from objectives._arithmetic import ratio
from objectives._options import number_from
from objectives.lookup import LABELS, described
from objectives.metrics._contingency import CLUSTERS, contingency_table
from objectives.metrics._information import averaged_entropy, away_from_0, information_of, is_renaming
from objectives.ops.contingency import expected_mutual_information
from objectives.ops.selection import where

__all__ = [
    "adjusted_mutual_info_score",
    "completeness_score",
    "homogeneity_score",
    "mutual_info_score",
    "normalized_mutual_info_score",
    "v_measure_score",
]


@described(per="set", symmetric=True, differentiable=False, predictions=CLUSTERS, targets=LABELS)
def mutual_info_score(predictions, targets, *, num_clusters, num_classes=None, weights=None, mask=None):
    r"""The mutual information of clusters and classes, in nats.

    .. math:: I = \sum_{ck} p_{ck} \log \frac{p_{ck}}{p_c\, p_k}

    with the share :math:`p_{ck}` of items of class c in cluster k, that of the class :math:`p_c` and that of the
    cluster :math:`p_k`, by weight.

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
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        A number from 0 to the lesser of both entropies, in floatX.

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
    0 without items, as in scikit-learn. More clusters give more, see `adjusted_mutual_info_score`. The table of counts
    by class and cluster is all that is accumulated over batches.

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


@described(per="set", symmetric=True, differentiable=False, predictions=CLUSTERS, targets=LABELS)
def normalized_mutual_info_score(
    predictions, targets, *, num_clusters, num_classes=None, average_method="arithmetic", weights=None, mask=None
):
    r"""The mutual information of clusters and classes, of the greatest that there could be.

    .. math:: I_n = \frac{I}{m(H(Y), H(\hat Y))}

    with the mutual information I, and a mean m of the entropies of classes :math:`H(Y)` and of clusters :math:`H(\hat
    Y)`.

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
    average_method : {"arithmetic", "geometric", "min", "max"}
        Which mean of the entropies of classes and clusters is the greatest information that there could be.
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
        If `average_method`, `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    1 where there is one class and one cluster, or no items; 0 where one of them is alone, as in scikit-learn. The
    arithmetic mean gives the `v_measure_score`.

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


@described(per="set", symmetric=True, differentiable=False, predictions=CLUSTERS, targets=LABELS)
def adjusted_mutual_info_score(
    predictions, targets, *, num_clusters, num_classes=None, average_method="arithmetic", mask=None
):
    r"""The mutual information of clusters and classes less what it is by chance: 0 for clusters that tell nothing.

    .. math:: I_a = \frac{I - E}{m(H(Y), H(\hat Y)) - E}

    with the mutual information I, its mean E over all ways to put items into clusters and classes of the same sizes,
    and a mean m of the entropies of classes :math:`H(Y)` and of clusters :math:`H(\hat Y)`.

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
    average_method : {"arithmetic", "geometric", "min", "max"}
        Which mean of the entropies of classes and clusters is the greatest information that there could be.
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
        If `average_method`, `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    1 where there is one class and one cluster, or no items; 0 where one of them is alone, as in scikit-learn. E is
    computed by SciPy, in a time that grows with the number of items in the largest clusters; MLX cannot do that in
    compiled functions, see :doc:`backends`. There are no weights, since E is one of whole numbers of items.

    References
    ----------
    .. [1] ``sklearn.metrics.adjusted_mutual_info_score``
    .. [2] Vinh, N. X., Epps, J. and Bailey, J. (2010), "Information theoretic measures for clusterings comparison:
       variants, properties, normalization and correction for chance", JMLR 11

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
    # exactly, also where each item is its own cluster: then the expectation is the greatest, too
    return where(is_renaming(table), 1, adjusted)


@described(per="set", differentiable=False, predictions=CLUSTERS, targets=LABELS)
def homogeneity_score(predictions, targets, *, num_clusters, num_classes=None, weights=None, mask=None):
    r"""How far clusters hold items of one class only.

    .. math:: h = \frac{I}{H(Y)}

    with the mutual information I and the entropy of classes :math:`H(Y)`.

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
        If `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    1 where there is one class only, or no items, as in scikit-learn.

    References
    ----------
    .. [1] ``sklearn.metrics.homogeneity_score``
    .. [2] Rosenberg, A. and Hirschberg, J. (2007), "V-measure: a conditional entropy-based external cluster evaluation
       measure", EMNLP-CoNLL

    Examples
    --------
    >>> from objectives import homogeneity_score
    >>> print(homogeneity_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.4459
    """
    information = information_of(contingency_table(predictions, targets, num_clusters, num_classes, mask, weights))
    return information.homogeneity


@described(per="set", differentiable=False, predictions=CLUSTERS, targets=LABELS)
def completeness_score(predictions, targets, *, num_clusters, num_classes=None, weights=None, mask=None):
    r"""How far items of a class are in one cluster only.

    .. math:: c = \frac{I}{H(\hat Y)}

    with the mutual information I and the entropy of clusters :math:`H(\hat Y)`.

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
        If `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    1 where there is one cluster only, or no items, as in scikit-learn.

    References
    ----------
    .. [1] ``sklearn.metrics.completeness_score``
    .. [2] Rosenberg, A. and Hirschberg, J. (2007), "V-measure: a conditional entropy-based external cluster evaluation
       measure", EMNLP-CoNLL

    Examples
    --------
    >>> from objectives import completeness_score
    >>> print(completeness_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.2115
    """
    information = information_of(contingency_table(predictions, targets, num_clusters, num_classes, mask, weights))
    return information.completeness


@described(per="set", differentiable=False, predictions=CLUSTERS, targets=LABELS)
def v_measure_score(predictions, targets, *, num_clusters, num_classes=None, beta=1.0, weights=None, mask=None):
    r"""The weighted harmonic mean of homogeneity and completeness.

    .. math:: V = \frac{(1 + \beta)\, h c}{\beta h + c}

    with the homogeneity h and the completeness c.

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
    beta : float
        How many times more the completeness counts than the homogeneity; not negative. Infinity gives the
        completeness.
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
        If `beta`, `num_clusters` or `num_classes` is none of these.
    IndexError
        At run time, for an index out of range, on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    1 where there is one class and one cluster, or no items; 0 where h and c are, as in scikit-learn.

    References
    ----------
    .. [1] ``sklearn.metrics.v_measure_score``
    .. [2] Rosenberg, A. and Hirschberg, J. (2007), "V-measure: a conditional entropy-based external cluster evaluation
       measure", EMNLP-CoNLL

    Examples
    --------
    >>> from objectives import v_measure_score
    >>> print(v_measure_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.2869
    """
    beta = number_from(beta, "beta", 0)
    information = information_of(contingency_table(predictions, targets, num_clusters, num_classes, mask, weights))
    h, c = information.homogeneity, information.completeness
    if math.isinf(beta):
        return c
    return ratio((1 + beta) * h * c, beta * h + c, 0)
