"""How well the scores of a list put what is right or relevant first: labels, and discounted gains."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import ratio
from objectives._options import one_of
from objectives.lookup import BINARY, NON_NEGATIVE, REALS, described
from objectives.metrics._lists import check_cutoff, lists, not_below, other, own
from objectives.ops.ranking import even_max
from objectives.ops.selection import nan_where, neither, select, where

__all__ = ["coverage_error", "dcg_score", "label_ranking_average_precision", "label_ranking_loss", "ndcg_score"]


@described(best="min", per="item", differentiable=False, scores=REALS, targets=BINARY)
def label_ranking_loss(scores, targets, *, axis=-1, mask=None):
    r"""Share of pairs of a right and a wrong label that the scores have the wrong way round, for each list.

    .. math:: L = \frac{|\{(j, k) : t_j = 1,\ t_k = 0,\ s_j \le s_k\}|}{|\{j : t_j = 1\}|\ |\{k : t_k = 0\}|}

    with the scores :math:`s` and the targets :math:`t` of a list: equal scores are errors.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Which labels are right (..., L), in {0, 1}; others make their list NaN.
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

    Notes
    -----
    Without pairs, where all labels are right or all wrong, it is 0. A list with a NaN among its scores gives NaN. All
    pairs of entries are compared, in memory too: L\ :sup:`2` numbers for each list.

    References
    ----------
    .. [1] Tsoumakas, G., Katakis, I. and Vlahavas, I. (2010), "Mining multi-label data", Data Mining and Knowledge
       Discovery Handbook, doi:10.1007/978-0-387-09823-4_34
    .. [2] ``sklearn.metrics.label_ranking_loss``

    Examples
    --------
    >>> from objectives import label_ranking_loss
    >>> print(label_ranking_loss([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]], [[1, 0, 0], [0, 0, 1]]).eval())
    [0.5 1. ]
    """
    given = _labels(scores, targets, mask, axis)
    right, wrong = _right(given), given.there - _right(given)
    pairs = own(right) * other(wrong)
    # chosen, not multiplied: MLX cannot multiply three operands of different shapes
    errors = select(pt.ge(other(given.scores), own(given.scores)), pairs).sum(axis=(-2, -1))
    return given.result(ratio(errors, pairs.sum(axis=(-2, -1))), errors=True)


@described(best="min", per="item", differentiable=False, scores=REALS, targets=BINARY)
def coverage_error(scores, targets, *, axis=-1, mask=None):
    r"""How far down the list all right labels are found, for each list.

    .. math:: L = |\{k : s_k \ge \min_{j:\, t_j = 1} s_j\}|

    with the scores :math:`s` and the targets :math:`t` of a list.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Which labels are right (..., L), in {0, 1}; others make their list NaN.
    axis : int
        Axis of `scores`, `targets` and `mask` along which the lists run.
    mask : tensor of bool, optional
        Entries that are there (..., L), broadcastable to `scores`: lists may differ in length. A list without
        entries gives 0.

    Returns
    -------
    TensorVariable
        Numbers of labels from 0 to L (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.

    Notes
    -----
    The best value is the number of right labels. Without right labels it is 0. A list with a NaN among its scores gives
    NaN.

    References
    ----------
    .. [1] Tsoumakas, G., Katakis, I. and Vlahavas, I. (2010), "Mining multi-label data", Data Mining and Knowledge
       Discovery Handbook, doi:10.1007/978-0-387-09823-4_34
    .. [2] ``sklearn.metrics.coverage_error``

    Examples
    --------
    >>> from objectives import coverage_error
    >>> print(coverage_error([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]], [[1, 0, 0], [0, 0, 1]]).eval())
    [2. 3.]
    """
    given = _labels(scores, targets, mask, axis)
    lowest = -even_max(where(_right(given) > 0, -given.scores, -np.inf))
    reached = pt.ge(given.scores, lowest[..., None]).astype(given.scores.dtype)
    return given.result((reached * given.there).sum(axis=-1), errors=True)


@described(per="item", differentiable=False, scores=REALS, targets=BINARY)
def label_ranking_average_precision(scores, targets, *, axis=-1, mask=None):
    r"""Mean, over the right labels, of the share of right ones among those ranked as high, for each list.

    .. math::
        A = \frac{1}{|R|} \sum_{j \in R} \frac{|\{k \in R : s_k \ge s_j\}|}{|\{k : s_k \ge s_j\}|},
        \qquad R = \{j : t_j = 1\}

    with the scores :math:`s` and the targets :math:`t` of a list.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Which labels are right (..., L), in {0, 1}; others make their list NaN.
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
    Without right labels it is 1, as in scikit-learn. A right label whose score is NaN adds nothing. All pairs of
    entries are compared, in memory too: L\ :sup:`2` numbers for each list.

    References
    ----------
    .. [1] Tsoumakas, G., Katakis, I. and Vlahavas, I. (2010), "Mining multi-label data", Data Mining and Knowledge
       Discovery Handbook, doi:10.1007/978-0-387-09823-4_34
    .. [2] ``sklearn.metrics.label_ranking_average_precision_score``

    Examples
    --------
    >>> from objectives import label_ranking_average_precision
    >>> scores, targets = [[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]], [[1, 0, 0], [0, 1, 1]]
    >>> print(label_ranking_average_precision(scores, targets).eval().round(4))
    [0.5    0.5833]
    """
    given = _labels(scores, targets, mask, axis)
    right, as_high = _right(given), not_below(given, given.scores)
    precision = ratio((as_high * other(right)).sum(axis=-1), as_high.sum(axis=-1))
    number = right.sum(axis=-1)
    return given.result(where(number > 0, ratio((right * precision).sum(axis=-1), number), 1))


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def dcg_score(scores, targets, *, k=None, gain="linear", axis=-1, mask=None):
    r"""Discounted cumulative gain: the relevance that a list has to offer, less the further down, for each list.

    .. math:: D = \sum_{r = 1}^{k} \frac{g_r}{\log_2(r + 1)}

    with the gain :math:`g_r` at rank r: the relevance y, or :math:`2^y - 1`.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Relevances (..., L), not negative; negative ones make their list NaN.
    k : int, optional
        How many of the first entries count; all, if not given.
    gain : {"linear", "exponential"}
        The gain of a relevance y: y itself, or :math:`2^y - 1`.
    axis : int
        Axis of `scores`, `targets` and `mask` along which the lists run.
    mask : tensor of bool, optional
        Entries that are there (..., L), broadcastable to `scores`: lists may differ in length. A list without
        entries gives 0.

    Returns
    -------
    TensorVariable
        Gains (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.
    ValueError
        If `k` is not a positive whole number, or `gain` is unknown.

    Notes
    -----
    Entries of equal scores share the gain that they have on average in all their orders. NaN scores come before all
    others and gain nothing. All pairs of entries are compared, in memory too: L\ :sup:`2` numbers for each list.

    References
    ----------
    .. [1] Järvelin, K. and Kekäläinen, J. (2002), "Cumulated gain-based evaluation of IR techniques", ACM Transactions
       on Information Systems 20, doi:10.1145/582415.582418
    .. [2] McSherry, F. and Najork, M. (2008), "Computing information retrieval performance measures efficiently in the
       presence of tied scores", ECIR, doi:10.1007/978-3-540-78646-7_38
    .. [3] ``sklearn.metrics.dcg_score``

    Examples
    --------
    >>> from objectives import dcg_score
    >>> print(dcg_score([[3.0, 1.0, 2.0]], [[2, 0, 1]]).eval().round(4))
    [2.6309]
    >>> print(dcg_score([[3.0, 1.0, 2.0]], [[2, 0, 1]], k=1, gain="exponential").eval())
    [3.]
    """
    given = lists(scores, targets, mask, axis)
    return given.result(_dcg(given, given.scores, _gains(given, gain), k))


@described(per="item", differentiable=False, scores=REALS, targets=NON_NEGATIVE)
def ndcg_score(scores, targets, *, k=None, gain="linear", axis=-1, mask=None):
    r"""Normalised discounted cumulative gain: `dcg_score` by that of the best order, for each list.

    .. math:: N = \frac{D(s)}{D(y)}

    with the discounted cumulative gain :math:`D` in the order of the scores :math:`s`, and in that of the relevances
    :math:`y`.

    Parameters
    ----------
    scores : tensor
        Scores (..., L) of lists of L entries, of which greater is better. Integers become floatX.
    targets : tensor
        Relevances (..., L), not negative; negative ones make their list NaN.
    k : int, optional
        How many of the first entries count; all, if not given.
    gain : {"linear", "exponential"}
        The gain of a relevance y: y itself, or :math:`2^y - 1`.
    axis : int
        Axis of `scores`, `targets` and `mask` along which the lists run.
    mask : tensor of bool, optional
        Entries that are there (..., L), broadcastable to `scores`: lists may differ in length. A list without
        entries gives 0.

    Returns
    -------
    TensorVariable
        Scores from 0 to 1 (...), one number for each list, of the dtype of the scores.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or the mask does not fit it.
    ValueError
        If `k` is not a positive whole number, or `gain` is unknown.

    Notes
    -----
    Without relevant entries it is 0. Entries of equal scores share the gain that they have on average in all their
    orders. NaN scores come before all others and gain nothing. All pairs of entries are compared, in memory too: L\
    :sup:`2` numbers for each list.

    References
    ----------
    .. [1] Järvelin, K. and Kekäläinen, J. (2002), "Cumulated gain-based evaluation of IR techniques", ACM Transactions
       on Information Systems 20, doi:10.1145/582415.582418
    .. [2] ``sklearn.metrics.ndcg_score``

    Examples
    --------
    >>> from objectives import ndcg_score
    >>> print(ndcg_score([[3.0, 1.0, 2.0], [0.5, 0.5, 0.5]], [[2, 0, 1], [2, 0, 1]]).eval().round(4))
    [1.   0.81]
    """
    given = lists(scores, targets, mask, axis)
    gains = _gains(given, gain)
    return given.result(ratio(_dcg(given, given.scores, gains, k), _dcg(given, given.relevance, gains, k)))


def _labels(scores, targets, mask, axis):
    """Lists whose relevances are 0 or 1, or NaN."""
    given = lists(scores, targets, mask, axis)
    return given._replace(relevance=nan_where(neither(given.relevance, 0, 1), given.relevance))


def _right(given):
    """1 for the right labels that are there."""
    return (given.relevance > 0).astype(given.scores.dtype)


def _gains(given, gain):
    one_of(gain, "gain", ("linear", "exponential"))
    return given.relevance if gain == "linear" else pt.expm1(given.relevance * np.log(2).astype(given.scores.dtype))


def _dcg(given, order, gains, k):
    """The discounted gains of lists in descending ``order``.

    Of c tied entries behind b others each has the mean discount of the ranks from b to b + c - 1.
    """
    check_cutoff(k)
    dtype = order.dtype
    tied = (pt.ge(other(order), own(order)) & pt.le(other(order), own(order))).astype(dtype) * other(given.there)
    before = pt.invert(pt.le(other(order), own(order))).astype(dtype) * other(given.there)
    first, number = before.sum(axis=-1)[..., None], tied.sum(axis=-1)
    rank = given.positions.astype(dtype)
    discount = np.log(2).astype(dtype) / pt.log(rank + 2)
    discount = discount if k is None else where(rank < k, discount, 0)
    among = pt.ge(rank, first) & pt.lt(rank, first + number[..., None])
    return (gains * ratio((among.astype(dtype) * discount).sum(axis=-1), number)).sum(axis=-1)
