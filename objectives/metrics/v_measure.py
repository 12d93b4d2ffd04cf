"""Homogeneity and completeness of clusters, and their mean, the V-measure."""

import math

from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import ratio
from objectives._options import number_from
from objectives._typing import TensorLike
from objectives.lookup import LABELS, described
from objectives.metrics._contingency import CLUSTERS, contingency_table
from objectives.metrics._information import information_of

__all__ = ["completeness_score", "homogeneity_score", "v_measure_score"]


@described(per="set", train_with="", predictions=CLUSTERS, targets=LABELS)
def homogeneity_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Homogeneity: the degree to which each cluster holds items of a single class, from 0 to 1.

    Choose it where splitting a class does no harm. `completeness_score` is the same with clusters and classes
    exchanged, `v_measure_score` their harmonic mean. I is the `mutual_info_score`, and H(Y) the entropy of classes.

    .. math:: h = \frac{I}{H(Y)}

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
        A number in [0, 1]; 1 if there is only one class, and without items, as in scikit-learn.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.homogeneity_score``
    .. [2] Rosenberg, A. and Hirschberg, J. (2007), "V-measure ...", EMNLP-CoNLL, aclanthology.org/D07-1043

    Examples
    --------
    >>> from objectives import homogeneity_score
    >>> print(homogeneity_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.4459
    """
    information = information_of(contingency_table(predictions, targets, num_clusters, num_classes, mask, weights))
    return information.homogeneity


@described(per="set", train_with="", predictions=CLUSTERS, targets=LABELS)
def completeness_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Completeness: the degree to which the items of each class are in a single cluster, from 0 to 1.

    Choose it where merging classes does no harm. `homogeneity_score` is the same with clusters and classes exchanged,
    `v_measure_score` their harmonic mean. I is the `mutual_info_score`, and :math:`H(\hat Y)` the entropy of clusters.

    .. math:: c = \frac{I}{H(\hat Y)}

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
        A number in [0, 1]; 1 if there is only one cluster, and without items, as in scikit-learn.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.completeness_score``
    .. [2] Rosenberg, A. and Hirschberg, J. (2007), "V-measure ...", EMNLP-CoNLL, aclanthology.org/D07-1043

    Examples
    --------
    >>> from objectives import completeness_score
    >>> print(completeness_score([0, 0, 1, 1, 2], [1, 1, 1, 0, 1], num_clusters=3).eval().round(4))
    0.2115
    """
    information = information_of(contingency_table(predictions, targets, num_clusters, num_classes, mask, weights))
    return information.completeness


@described(per="set", train_with="", predictions=CLUSTERS, targets=LABELS)
def v_measure_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_clusters: int,
    num_classes: int | None = None,
    beta: float = 1.0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""V-measure: the weighted harmonic mean of homogeneity and completeness of clusters.

    Choose it where split classes and mixed clusters are both errors. With ``beta=1`` it is the
    `normalized_mutual_info_score`. h is the `homogeneity_score`, and c the `completeness_score`.

    .. math:: V = \frac{(1 + \beta)\, h c}{\beta h + c}

    Parameters
    ----------
    predictions, targets : tensor of int
        Cluster and class indices (...), from 0 to `num_clusters` - 1 and `num_classes` - 1.
    num_clusters : int
        Number of clusters.
    num_classes : int, optional
        Number of classes; by default that of clusters.
    beta : float
        Weight of completeness relative to homogeneity, at least 0; infinity gives completeness.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number in [0, 1]; 1 for one class in one cluster, and without items; 0 if h and c are 0.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.v_measure_score``
    .. [2] Rosenberg, A. and Hirschberg, J. (2007), "V-measure ...", EMNLP-CoNLL, aclanthology.org/D07-1043

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
