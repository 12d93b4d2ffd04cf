"""Retrieval: which entries are among the first of a list."""

import pytensor.tensor as pt

from objectives._arithmetic import ratio
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.metrics._lists import lists, retrieved
from objectives.ops.ranking import even_max
from objectives.ops.selection import where

__all__ = ["fall_out_at_k", "hit_rate_at_k", "precision_at_k", "r_precision", "recall_at_k"]


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def precision_at_k(scores, targets, *, k=None, axis=-1, mask=None):
    r"""Share of relevant entries among the first k, for each list.

    .. math:: P = \frac{|\{r \le k : y_r > 0\}|}{k}

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
    It is divided by k in shorter lists, too.

    Greater scores come first, equal ones in the order of the list. NaN scores come before all others, but no entry with
    a score of NaN counts as a hit. The order is found by comparison of all pairs, in memory too: L\ :sup:`2` numbers
    for each list.

    References
    ----------
    .. [1] Manning, C. D., Raghavan, P. and Schütze, H. (2008), "Introduction to Information Retrieval", chapter 8,
       https://nlp.stanford.edu/IR-book
    .. [2] ``torchmetrics.functional.retrieval.retrieval_precision``, for positive scores

    Examples
    --------
    >>> from objectives import precision_at_k
    >>> print(precision_at_k([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 0, 0]], k=2).eval())
    [0.5]
    """
    found = retrieved(lists(scores, targets, mask, axis), k)
    hits = found.hits.sum(axis=-1)
    return found.given.result(ratio(hits, found.given.there.sum(axis=-1)) if k is None else hits / k)


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def recall_at_k(scores, targets, *, k=None, axis=-1, mask=None):
    r"""Share of the relevant entries that are among the first k, for each list.

    .. math:: R = \frac{|\{r \le k : y_r > 0\}|}{|\{r : y_r > 0\}|}

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
        Recalls from 0 to 1 (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.
    ValueError
        If `k` is not a positive whole number.

    Notes
    -----
    Without relevant entries it is 0.

    Greater scores come first, equal ones in the order of the list. NaN scores come before all others, but no entry with
    a score of NaN counts as a hit. The order is found by comparison of all pairs, in memory too: L\ :sup:`2` numbers
    for each list.

    References
    ----------
    .. [1] Manning, C. D., Raghavan, P. and Schütze, H. (2008), "Introduction to Information Retrieval", chapter 8,
       https://nlp.stanford.edu/IR-book
    .. [2] ``torchmetrics.functional.retrieval.retrieval_recall``, for positive scores

    Examples
    --------
    >>> from objectives import recall_at_k
    >>> print(recall_at_k([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 1, 0]], k=1).eval().round(4))
    [0.3333]
    """
    found = retrieved(lists(scores, targets, mask, axis), k)
    return found.given.result(ratio(found.hits.sum(axis=-1), found.relevant.sum(axis=-1)))


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def hit_rate_at_k(scores, targets, *, k=None, axis=-1, mask=None):
    r"""Whether a relevant entry is among the first k, for each list.

    .. math:: H = [\exists r \le k : y_r > 0]

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
        1 for a hit, 0 otherwise (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.
    ValueError
        If `k` is not a positive whole number.

    Notes
    -----
    Without relevant entries it is 0. The mean over lists is the hit rate.

    Greater scores come first, equal ones in the order of the list. NaN scores come before all others, but no entry with
    a score of NaN counts as a hit. The order is found by comparison of all pairs, in memory too: L\ :sup:`2` numbers
    for each list.

    References
    ----------
    .. [1] ``torchmetrics.functional.retrieval.retrieval_hit_rate``, for positive scores

    Examples
    --------
    >>> from objectives import hit_rate_at_k
    >>> print(hit_rate_at_k([[0.3, 0.9, 0.6], [0.3, 0.9, 0.6]], [[1, 0, 1], [1, 0, 0]], k=2).eval())
    [1. 0.]
    """
    found = retrieved(lists(scores, targets, mask, axis), k)
    return found.given.result(even_max(found.hits))


@described(best="min", per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def fall_out_at_k(scores, targets, *, k=None, axis=-1, mask=None):
    r"""Share of the entries that are not relevant that are among the first k, for each list.

    .. math:: F = \frac{|\{r \le k : y_r \le 0\}|}{|\{r : y_r \le 0\}|}

    with the relevance :math:`y_r` of the entry at rank r, 1 for the greatest score. Less is better.

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
        Shares from 0 to 1 (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.
    ValueError
        If `k` is not a positive whole number.

    Notes
    -----
    Where all entries are relevant it is 0. A list with a NaN among its scores gives NaN.

    Greater scores come first, equal ones in the order of the list. The order is found by comparison of all pairs, in
    memory too: L\ :sup:`2` numbers for each list.

    References
    ----------
    .. [1] ``torchmetrics.functional.retrieval.retrieval_fall_out``, for positive scores

    Examples
    --------
    >>> from objectives import fall_out_at_k
    >>> print(fall_out_at_k([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 0, 0]], k=2).eval())
    [0.5]
    """
    found = retrieved(lists(scores, targets, mask, axis), k)
    others = found.given.there - found.relevant
    shown = where(found.among, others, 0)
    return found.given.result(ratio(shown.sum(axis=-1), others.sum(axis=-1)), errors=True)


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def r_precision(scores, targets, *, axis=-1, mask=None):
    r"""Share of relevant entries among the first R, of which there are R in all, for each list.

    .. math:: P = \frac{|\{r \le R : y_r > 0\}|}{R}, \qquad R = |\{r : y_r > 0\}|

    with the relevance :math:`y_r` of the entry at rank r, 1 for the greatest score.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Relevances (..., L): an entry is relevant if its own is above 0.
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

    Notes
    -----
    Without relevant entries it is 0.

    Greater scores come first, equal ones in the order of the list. NaN scores come before all others, but no entry with
    a score of NaN counts as a hit. The order is found by comparison of all pairs, in memory too: L\ :sup:`2` numbers
    for each list.

    References
    ----------
    .. [1] Manning, C. D., Raghavan, P. and Schütze, H. (2008), "Introduction to Information Retrieval", chapter 8,
       https://nlp.stanford.edu/IR-book
    .. [2] ``torchmetrics.functional.retrieval.retrieval_r_precision``, for positive scores

    Examples
    --------
    >>> from objectives import r_precision
    >>> print(r_precision([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 0, 0]]).eval())
    [0.5]
    """
    found = retrieved(lists(scores, targets, mask, axis), None)
    number = found.relevant.sum(axis=-1)
    first = where(pt.lt(found.rank, number[..., None]), found.hits, 0)
    return found.given.result(ratio(first.sum(axis=-1), number))
