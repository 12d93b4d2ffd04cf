"""Retrieval: at which ranks of a list its relevant entries are."""

import pytensor.tensor as pt

from objectives._arithmetic import ratio
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.metrics._lists import ahead, lists, other, own, retrieved
from objectives.ops.ranking import even_max
from objectives.ops.selection import select, where

__all__ = ["reciprocal_rank", "retrieval_average_precision", "retrieval_roc_auc"]


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def reciprocal_rank(scores, targets, *, k=None, axis=-1, mask=None):
    r"""One by the rank of the first relevant entry, for each list.

    .. math:: R = \frac{1}{\min \{r : y_r > 0\}}

    with the relevance :math:`y_r` of the entry at rank r, 1 for the greatest score.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Relevances (..., L): an entry is relevant if its own is above 0.
    k : int, optional
        How many of the first entries count; all, if not given.
    axis : int
        Axis of `scores`, `targets` and `mask` along which the lists run.
    mask : tensor of bool, optional
        Entries that are there (..., L), broadcastable to `scores`: lists may differ in length. A list without
        entries gives 0.

    Returns
    -------
    TensorVariable
        Numbers from 0 to 1 (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.
    ValueError
        If `k` is not a positive whole number.

    Notes
    -----
    Without a relevant entry among the first k it is 0. The mean over lists is the MRR.

    Greater scores come first, equal ones in the order of the list. NaN scores come before all others, but no entry with
    a score of NaN counts as a hit. The order is found by comparison of all pairs, in memory too: L\ :sup:`2` numbers
    for each list.

    References
    ----------
    .. [1] Voorhees, E. M. (1999), "The TREC-8 question answering track report", TREC-8
    .. [2] ``torchmetrics.functional.retrieval.retrieval_reciprocal_rank``, for positive scores

    Examples
    --------
    >>> from objectives import reciprocal_rank
    >>> print(reciprocal_rank([[0.3, 0.9, 0.6], [0.3, 0.9, 0.6]], [[1, 0, 1], [0, 0, 0]]).eval())
    [0.5 0. ]
    """
    found = retrieved(lists(scores, targets, mask, axis), k)
    return found.given.result(even_max(found.hits / (1 + found.rank)))


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def retrieval_average_precision(scores, targets, *, k=None, axis=-1, mask=None):
    r"""Mean of the precision at the relevant entries, for each list.

    .. math:: A = \frac{1}{|H|} \sum_{r \in H} \frac{|\{q \in H : q \le r\}|}{r}, \qquad H = \{r \le k : y_r > 0\}

    with the relevance :math:`y_r` of the entry at rank r, 1 for the greatest score.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Relevances (..., L): an entry is relevant if its own is above 0.
    k : int, optional
        How many of the first entries count; all, if not given.
    axis : int
        Axis of `scores`, `targets` and `mask` along which the lists run.
    mask : tensor of bool, optional
        Entries that are there (..., L), broadcastable to `scores`: lists may differ in length. A list without
        entries gives 0.

    Returns
    -------
    TensorVariable
        Precisions from 0 to 1 (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.
    ValueError
        If `k` is not a positive whole number.

    Notes
    -----
    Without a relevant entry among the first k it is 0. The mean is over the relevant ones among the first k, not over
    all that there are. The mean over lists is the MAP.

    Greater scores come first, equal ones in the order of the list. NaN scores come before all others, but no entry with
    a score of NaN counts as a hit. The order is found by comparison of all pairs, in memory too: L\ :sup:`2` numbers
    for each list.

    References
    ----------
    .. [1] Manning, C. D., Raghavan, P. and Schütze, H. (2008), "Introduction to Information Retrieval", chapter 8,
       https://nlp.stanford.edu/IR-book
    .. [2] ``torchmetrics.functional.retrieval.retrieval_average_precision``, for positive scores

    Examples
    --------
    >>> from objectives import retrieval_average_precision
    >>> print(retrieval_average_precision([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 0, 0]]).eval().round(4))
    [0.8333]
    """
    found = retrieved(lists(scores, targets, mask, axis), k)
    hits = found.hits
    precision = (1 + (ahead(found.given) * other(hits)).sum(axis=-1)) / (1 + found.rank)
    return found.given.result(ratio((hits * precision).sum(axis=-1), hits.sum(axis=-1)))


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def retrieval_roc_auc(scores, targets, *, k=None, axis=-1, mask=None):
    r"""Share of pairs of a relevant and another entry that are in the right order, for each list.

    .. math::
        A = \frac{1}{|P|} \sum_{(q, r) \in P} [s_q > s_r] + \tfrac{1}{2} [s_q = s_r],
        \qquad P = \{(q, r) : y_q > 0,\ y_r \le 0;\ q, r \le k\}

    with the score :math:`s_r` and the relevance :math:`y_r` of the entry at rank r, 1 for the greatest score: the area
    under the ROC curve of each list.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Relevances (..., L): an entry is relevant if its own is above 0.
    k : int, optional
        How many of the first entries count; all, if not given.
    axis : int
        Axis of `scores`, `targets` and `mask` along which the lists run.
    mask : tensor of bool, optional
        Entries that are there (..., L), broadcastable to `scores`: lists may differ in length. A list without
        entries gives 0.

    Returns
    -------
    TensorVariable
        Areas from 0 to 1 (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.
    ValueError
        If `k` is not a positive whole number.

    Notes
    -----
    Without pairs, where all or none of the first k entries are relevant, it is 0. NaN scores come before all others,
    and their pairs are wrong. Entries of equal scores at rank k are taken in the order of the list.

    References
    ----------
    .. [1] ``torchmetrics.functional.retrieval.retrieval_auroc``, for positive scores

    Examples
    --------
    >>> from objectives import retrieval_roc_auc
    >>> print(retrieval_roc_auc([[0.3, 0.9, 0.6, 0.6]], [[0, 1, 1, 0]]).eval())
    [0.875]
    """
    found = retrieved(lists(scores, targets, mask, axis), k)
    given = found.given
    among = given.there if k is None else where(pt.lt(found.rank, k) | given.missing, given.there, 0)
    # chosen, not multiplied: MLX cannot multiply three operands of different shapes
    is_relevant = pt.gt(found.relevant, 0)
    pairs = own(where(is_relevant, among, 0)) * other(where(is_relevant, 0, among))
    high, low = own(given.scores), other(given.scores)
    above, not_below = (select(order(high, low), pairs).sum(axis=(-2, -1)) for order in (pt.gt, pt.ge))
    right = (above + not_below) / 2  # half of those that are tied
    return given.result(ratio(right, pairs.sum(axis=(-2, -1))))
