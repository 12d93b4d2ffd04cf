"""Ranking measures: label ranking for several labels per item, and discounted cumulative gain."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ratio
from objectives._options import known_number, one_of
from objectives._typing import TensorLike
from objectives.lookup import BINARY, NON_NEGATIVE, REALS, described
from objectives.losses._terms import discount
from objectives.metrics._lists import ahead, check_cutoff, lists, not_below
from objectives.ops.ranking import even_max
from objectives.ops.selection import nan_where, neither, where
from objectives.ops.sorting import weighted_rank

__all__ = ["coverage_error", "dcg_score", "label_ranking_average_precision", "label_ranking_loss", "ndcg_score"]


@described(best="min", per="item", train_with="pairwise_logistic_loss", scores=REALS, targets=BINARY)
def label_ranking_loss(
    scores: TensorLike,
    targets: TensorLike,
    *,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Label ranking loss: the fraction of relevant-irrelevant label pairs in the wrong order, for each list.

    Choose it for several labels per item; ties are errors. `coverage_error` counts labels instead. To train, use
    `pairwise_logistic_loss` or `multilabel_margin_loss`.

    .. math:: L = \frac{|\{(j, k) : t_j = 1,\ t_k = 0,\ s_j \le s_k\}|}{|\{j : t_j = 1\}|\ |\{k : t_k = 0\}|}

    Parameters
    ----------
    scores : tensor
        Scores s (..., L), larger is better; NaN makes its list NaN.
    targets : tensor
        Relevant labels t (..., L), in {0, 1}; others make their list NaN.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Fractions (...) in [0, 1], one per list, of the dtype of `scores`; 0 without pairs.

    Raises
    ------
    TypeError
        If ranks or shapes do not fit.

    References
    ----------
    .. [1] Tsoumakas, G. et al. (2010), "Mining multi-label data", doi:10.1007/978-0-387-09823-4_34
    .. [2] ``sklearn.metrics.label_ranking_loss``

    Examples
    --------
    >>> from objectives import label_ranking_loss
    >>> print(label_ranking_loss([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]], [[1, 0, 0], [0, 0, 1]]).eval())
    [0.5 1. ]
    """
    given = _labels(scores, targets, mask, axis)
    relevant, irrelevant = _relevant(given), given.there - _relevant(given)
    errors = (relevant * not_below(given, irrelevant)).sum(axis=-1)
    return given.result(ratio(errors, relevant.sum(axis=-1) * irrelevant.sum(axis=-1)), errors=True)


@described(best="min", per="item", train_with="pairwise_logistic_loss", scores=REALS, targets=BINARY)
def coverage_error(
    scores: TensorLike,
    targets: TensorLike,
    *,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Coverage error: how many labels of highest scores it takes to cover all relevant ones, for each list.

    Choose it for the length of a list that must hold all relevant labels; `label_ranking_loss` is relative. Smaller is
    better, and the best value is the number of relevant labels.

    .. math:: L = |\{k : s_k \ge \min_{j:\, t_j = 1} s_j\}|

    Parameters
    ----------
    scores : tensor
        Scores s (..., L), larger is better; NaN makes its list NaN.
    targets : tensor
        Relevant labels t (..., L), in {0, 1}; others make their list NaN.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Numbers (...) from 0 to L, one per list, of the dtype of `scores`; 0 without a relevant label.

    Raises
    ------
    TypeError
        If ranks or shapes do not fit.

    References
    ----------
    .. [1] Tsoumakas, G. et al. (2010), "Mining multi-label data", doi:10.1007/978-0-387-09823-4_34
    .. [2] ``sklearn.metrics.coverage_error``

    Examples
    --------
    >>> from objectives import coverage_error
    >>> print(coverage_error([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]], [[1, 0, 0], [0, 0, 1]]).eval())
    [2. 3.]
    """
    given = _labels(scores, targets, mask, axis)
    lowest = -even_max(where(_relevant(given) > 0, -given.scores, -np.inf))
    reached = pt.ge(given.scores, lowest[..., None]).astype(given.scores.dtype)
    return given.result((reached * given.there).sum(axis=-1), errors=True)


@described(per="item", train_with="pairwise_logistic_loss", scores=REALS, targets=BINARY)
def label_ranking_average_precision(
    scores: TensorLike,
    targets: TensorLike,
    *,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Label ranking average precision (LRAP): the mean precision at the scores of the relevant labels.

    Choose it for several labels per item. Here tied labels count as ranked above each other;
    `retrieval_average_precision` breaks ties by position.

    .. math:: A = \frac{1}{|R|} \sum_{j \in R} \frac{|\{k \in R : s_k \ge s_j\}|}{|\{k : s_k \ge s_j\}|}, \quad
        R = \{j : t_j = 1\}

    Parameters
    ----------
    scores : tensor
        Scores s (..., L), larger is better; relevant labels of NaN add nothing.
    targets : tensor
        Relevant labels t (..., L), in {0, 1}; others make their list NaN.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Precisions (...) in [0, 1], one per list, of the dtype of `scores`; 1 without relevant labels.

    Raises
    ------
    TypeError
        If ranks or shapes do not fit.

    References
    ----------
    .. [1] Tsoumakas, G. et al. (2010), "Mining multi-label data", doi:10.1007/978-0-387-09823-4_34
    .. [2] ``sklearn.metrics.label_ranking_average_precision_score``

    Examples
    --------
    >>> from objectives import label_ranking_average_precision
    >>> scores, targets = [[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]], [[1, 0, 0], [0, 1, 1]]
    >>> print(label_ranking_average_precision(scores, targets).eval().round(4))
    [0.5    0.5833]
    """
    given = _labels(scores, targets, mask, axis)
    relevant = _relevant(given)
    precision = ratio(not_below(given, relevant), not_below(given, given.there))
    number = relevant.sum(axis=-1)
    return given.result(where(number > 0, ratio((relevant * precision).sum(axis=-1), number), 1))


@described(per="item", train_with="pairwise_logistic_loss", scores=REALS, targets=NON_NEGATIVE)
def dcg_score(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    gain: Literal["linear", "exponential"] = "linear",
    ties: Literal["average", "order"] = "average",
    log_base: float = 2,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Discounted cumulative gain (DCG): the total relevance of a ranked list, discounted by the logarithm of the rank.

    Choose it for the total gain of graded relevances, and `ndcg_score` to compare lists.

    .. math:: D = \sum_{r = 1}^{k} \frac{g_r}{\log_b(r + 1)}

    Parameters
    ----------
    scores, targets : tensor
        Scores (..., L), where NaN ranks first and gains nothing, and relevances (..., L), NaN if one is negative.
    top_k : int, optional
        Number k of first entries to consider, at least 1; by default all.
    gain : {"linear", "exponential"}
        Gain g of a relevance y: y, or :math:`2^y - 1`.
    ties : {"average", "order"}
        Whether entries of equal scores share their mean gain, or keep the order of the list.
    log_base : float
        Base b of the logarithm, greater than 1; the greater it is, the less late ranks are discounted.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Gains (...), one per list, of the dtype of `scores`.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

    References
    ----------
    .. [1] Järvelin, K. et al. (2002), "Cumulated gain-based evaluation of IR techniques", doi:10.1145/582415.582418
    .. [2] McSherry, F. et al. (2008), on "... the presence of tied scores", doi:10.1007/978-3-540-78646-7_38
    .. [3] ``sklearn.metrics.dcg_score``

    Examples
    --------
    >>> from objectives import dcg_score
    >>> print(dcg_score([[3.0, 1.0, 2.0]], [[2, 0, 1]]).eval().round(4))
    [2.6309]
    """
    if not (known_number(log_base) or 0) > 1:
        raise ValueError(f"log_base must be a number greater than 1, not {log_base!r}")
    given = lists(scores, targets, mask, axis)
    dcg = _dcg(given, _gains(given, gain), top_k, ties)
    return given.result(dcg * np.log2(log_base).astype(dcg.dtype))


@described(per="item", train_with="pairwise_logistic_loss", scores=REALS, targets=NON_NEGATIVE)
def ndcg_score(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    gain: Literal["linear", "exponential"] = "linear",
    ties: Literal["average", "order"] = "average",
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Normalized discounted cumulative gain (NDCG): `dcg_score` divided by that of the best order, for each list.

    Choose it for graded relevances; for relevances of 0 and 1 see also `retrieval_average_precision`. D is the DCG in
    the order of the scores s, and of the relevances y.

    .. math:: N = \frac{D(s)}{D(y)}

    Parameters
    ----------
    scores, targets : tensor
        Scores s (..., L), where NaN ranks first and gains nothing, and relevances y (..., L), NaN if one is negative.
    top_k : int, optional
        Number k of first entries to consider, at least 1; by default all.
    gain : {"linear", "exponential"}
        Gain of a relevance y: y, or :math:`2^y - 1`.
    ties : {"average", "order"}
        Whether entries of equal scores share their mean gain, or keep the order of the list.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Scores (...) in [0, 1], one per list, of the dtype of `scores`; 0 without a relevant entry.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

    References
    ----------
    .. [1] Järvelin, K. et al. (2002), doi:10.1145/582415.582418; ``sklearn.metrics.ndcg_score``

    Examples
    --------
    >>> from objectives import ndcg_score
    >>> print(ndcg_score([[3.0, 1.0, 2.0], [0.5, 0.5, 0.5]], [[2, 0, 1], [2, 0, 1]]).eval().round(4))
    [1.   0.81]
    """
    given = lists(scores, targets, mask, axis)
    gains = _gains(given, gain)
    by_relevance = given._replace(scores=given.relevance)  # ties have equal gains: their order does not matter
    return given.result(ratio(_dcg(given, gains, top_k, ties), _dcg(by_relevance, gains, top_k, "order")))


def _labels(scores, targets, mask, axis):
    """Lists whose relevances are 0 or 1, and NaN for others."""
    given = lists(scores, targets, mask, axis)
    return given._replace(relevance=nan_where(neither(given.relevance, 0, 1), given.relevance))


def _relevant(given):
    """1 for relevant labels, else 0."""
    return (given.relevance > 0).astype(given.scores.dtype)


def _gains(given, gain):
    one_of(gain, "gain", ("linear", "exponential"))
    return given.relevance if gain == "linear" else pt.expm1(given.relevance * np.log(2).astype(given.scores.dtype))


def _dcg(given, gains, top_k, ties):
    """The discounted gains of lists; tied entries share the mean of their discounts if ``ties`` says so."""
    check_cutoff(top_k)
    one_of(ties, "ties", ("average", "order"))
    discounts = where(given.missing, 0, discount(ahead(given, given.there), top_k))
    if ties == "average":
        tied, number = (weighted_rank(given.scores, x, "only") for x in (given.there * discounts, given.there))
        discounts = ratio(tied, number)
    return (gains * discounts).sum(axis=-1)
