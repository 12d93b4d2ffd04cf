"""Ranking losses: pairwise, listwise, and a surrogate of the area under the ROC curve."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor import TensorVariable

from objectives._arithmetic import power_of, ratio
from objectives._inputs import (
    OF_SCORES,
    aligned_mask,
    are_labels,
    class_axis_last,
    elementwise,
    fitted,
    floating,
    items,
    matching,
    shown,
    size_option,
)
from objectives._logits import logits_of
from objectives._options import at_least, known_number, one_of, positive, whole_number
from objectives._typing import TensorLike
from objectives.lookup import BINARY, NON_NEGATIVE, REALS, SIGNS, described
from objectives.losses._terms import discount, finished, pair_shortfalls, signs, soft
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.selection import even_relu, nan_where, scaled, select, where
from objectives.ops.shapes import ones_like, own_shape
from objectives.ops.softplus import softplus

__all__ = ["margin_ranking_loss", "pairwise_logistic_loss", "ranking_softmax_loss", "wmw_auc_loss"]


@described(convex=True, minimizer="the better one ahead by the margin", minimum=0, a=REALS, b=REALS, targets=SIGNS)
def margin_ranking_loss(
    a: TensorLike, b: TensorLike, targets: TensorLike, *, margin: TensorLike = 0.0, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Margin ranking loss (pairwise hinge): the score of the better of two items must lead by a margin.

    Choose it for pairs whose order is known, and `ranking_softmax_loss` for lists with relevances.

    .. math:: L = \max(0, m - t\, (a - b))

    Parameters
    ----------
    a : tensor of float
        First scores (...).
    b : tensor of float
        Second scores (...).
    targets : tensor
        Targets t (...): 1 where `a` should be larger, -1 where `b` should be; others, such as 0 for a tie, give NaN.
    margin : float or tensor
        Margin m, not negative. At the kink the gradient is halved: even with a margin of 0, equal scores move apart.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `a`.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or the margin do not fit.

    References
    ----------
    .. [1] Herbrich, R. et al. (1999), "Support vector learning for ordinal regression", doi:10.1049/cp:19991091
    .. [2] ``torch.nn.MarginRankingLoss``

    Examples
    --------
    >>> from objectives import margin_ranking_loss
    >>> print(margin_ranking_loss([2.0, 0.5, 0.5], [1.0, 1.0, 1.0], [1, 1, -1], margin=0.25).eval())
    [0.   0.75 0.  ]
    """
    names = "a", "b"
    first, second, mask = elementwise(a, floating(b, "b", names), mask, names=names)
    lead = first - second
    better = signs(fitted(matching(targets, lead, "targets"), "targets", lead.type.shape, "a"), False, mask)
    return finished(even_relu(size_option(margin, "margin", lead) - better * lead), mask)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimizer="the more relevant far ahead",
    minimum=0,
    scores=REALS,
    targets=NON_NEGATIVE,
)
def pairwise_logistic_loss(
    scores: TensorLike,
    targets: TensorLike,
    *,
    lambda_weights: Literal["dcg", "ndcg"] | None = None,
    top_k: int | None = None,
    gain: Literal["linear", "exponential"] = "linear",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Pairwise logistic loss (RankNet, LambdaRank): the more relevant of two entries of a list must score higher.

    Choose it for lists with graded relevances; ``lambda_weights="ndcg"`` (LambdaRank) trains `ndcg_score`. Equally
    relevant entries form no pair. All pairs are computed, in memory of L² for each list.

    .. math:: L = \sum_{i, j:\, y_i > y_j} w_i\, \lambda_{ij} \log (1 + e^{s_j - s_i}), \qquad
        \lambda_{ij} = |g_i - g_j| \left|\frac{1}{\log_2 (r_i + 1)} - \frac{1}{\log_2 (r_j + 1)}\right| \Big/ D

    Parameters
    ----------
    scores, targets : tensor
        Scores s (..., L), whose ranks r count from 1, ties in order, and relevances y (..., L), not negative.
    lambda_weights : {"dcg", "ndcg"}, optional
        Weight :math:`\lambda_{ij}` of a pair, constant for the gradient: how much exchanging its entries would change
        the `dcg_score`, D = 1, or the `ndcg_score`, where D is the best DCG. By default it is 1 (RankNet).
    top_k : int, optional
        Number of first entries that `lambda_weights` consider, at least 1; by default all.
    gain : {"linear", "exponential"}
        Gain g of a relevance y in `lambda_weights`: y, or :math:`2^y - 1`.
    weights : tensor, optional
        Weight w of each entry, in its pairs with less relevant ones; broadcastable to `scores`.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are in no pair, with a gradient of 0.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Losses (...), one per list, of the dtype of `scores`; 0 without a pair, NaN for NaN or negative relevances.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or options do not fit, or the scores are the output of a softmax or sigmoid.

    References
    ----------
    .. [1] Burges, C. J. C. (2010), "From RankNet to LambdaRank to LambdaMART", Microsoft Research MSR-TR-2010-82

    Examples
    --------
    >>> from objectives import pairwise_logistic_loss
    >>> print(pairwise_logistic_loss([[2.0, 0.0, 9.0]], [[1, 0, 2]], mask=[[True, True, False]]).eval().round(4))
    [0.1269]
    """
    if lambda_weights is None and (top_k is not None or gain != "linear"):
        raise ValueError('top_k and gain are options of lambda_weights: give lambda_weights="ndcg" as well')
    s, y, weights, mask = _lists(scores, targets, weights, mask, axis)
    # not arange: MLX must know its length beforehand
    index = pt.cumsum(pt.ones((own_shape(s).shape[-1],), dtype="float32"))
    if mask is not None:
        s, y = where(mask, s, 0), where(pt.invert(mask), 0, y)
        weights = weights if weights is None else where(mask, weights, 1)
    # in value and gradient of the whole list: an entry may be in no pair
    unknown = pt.any(pt.isnan(s) | pt.isnan(y) | (y < 0), axis=-1)
    s = nan_where(unknown[..., None], s)
    pairs = _ordered(y, mask)
    # pairs that do not count might have no difference: infinity minus itself
    loss = softplus(where(pairs, _behind(s), 0))
    if lambda_weights is not None:
        one_of(lambda_weights, "lambda_weights", ("dcg", "ndcg"))
        factor = _lambda_weights(s, y, index, mask, lambda_weights, top_k, gain)
        loss = scaled(factor, loss)
    loss = where(pairs, loss, 0).sum(axis=-1)
    loss = (loss if weights is None else scaled(weights, loss)).sum(axis=-1)
    listed = None if mask is None else pt.any(mask, axis=-1)
    return finished(nan_where(unknown, loss), listed)


@described(per="item", convex=True, smooth=True, minimizer="log of the targets", scores=REALS, targets=NON_NEGATIVE)
def ranking_softmax_loss(
    scores: TensorLike,
    targets: TensorLike,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Ranking softmax loss (ListNet): the crossentropy of the relevances and the softmax of the scores of a list.

    Choose it to train what `ndcg_score` measures; for pairs see `margin_ranking_loss`. Relevances are not normalized:
    divide them by their sum to weight all lists equally.

    .. math:: L = -\sum_i w_i\, y_i \log \operatorname{softmax}(s)_i, \qquad 0 \cdot \infty = 0

    Parameters
    ----------
    scores : tensor of float
        Scores s (..., L) of lists.
    targets : tensor
        Relevances y (..., L), not negative; a negative one makes its list NaN.
    weights : tensor, optional
        Weight w of each entry, broadcastable to `scores`.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are in no softmax, with a gradient of 0.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Losses (...), one per list, of the dtype of `scores`; 0 for a list without entries that count.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or the scores are the output of a softmax or sigmoid.

    References
    ----------
    .. [1] Cao, Z. et al. (2007), "Learning to rank: from pairwise to listwise approach", doi:10.1145/1273496.1273513

    Examples
    --------
    >>> from objectives import ranking_softmax_loss
    >>> print(ranking_softmax_loss([[2.0, 0.0, 9.0]], [[1, 0, 2]], mask=[[True, True, False]]).eval().round(4))
    [0.1269]
    """
    s, relevance, weights, mask = _lists(scores, targets, weights, mask, axis)
    listed = None
    if mask is not None:
        listed = pt.any(mask, axis=-1)
        s = where(mask, s, -np.inf)
        # not 0: PyTensor would merge the product of two selections of 0, which lets masked NaN through
        weights = weights if weights is None else where(mask, weights, 1)
    relevance = relevance if weights is None else relevance * weights
    relevance = select(mask, relevance)
    largest = np.asarray(np.inf, s.dtype)
    return finished(SoftmaxCrossentropy.of(s, relevance, largest=largest, mask=listed))


@described(
    per="set",
    convex=True,
    smooth=True,
    minimizer="positives ahead by the margin",
    minimum=0,
    predictions=REALS,
    targets=BINARY,
)
def wmw_auc_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    margin: TensorLike = 0.2,
    power: TensorLike = 3,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Wilcoxon-Mann-Whitney (WMW) loss: a differentiable surrogate of the ROC AUC for two classes, over all pairs.

    Choose it to train what `roc_auc_score` measures, as TFLearn calls it. It is 0 if each of the P positives leads each
    of the N negatives by the margin. All pairs are computed, in memory of B².

    .. math:: L = \frac{1}{P N} \sum_{i:\, t_i = 1} \sum_{j:\, t_j = 0} \max(0, m - (z_i - z_j))^q

    Parameters
    ----------
    predictions : tensor of float
        Scores z (B,) or (B, 1), probabilities or others.
    targets : tensor
        Targets t in {0, 1}, of the same shape; those outside [0, 1] give NaN.
    margin : float or tensor
        Margin m, positive; for probabilities usually between 0.1 and 0.7.
    power : float or tensor
        Power q of each shortfall, at least 1; the gradient is continuous above 1.
    mask : tensor of bool, optional
        Items that count; the rest are in no pair and have a gradient of exactly 0.

    Returns
    -------
    TensorVariable
        Loss (), the mean over all pairs, of the dtype of `predictions`; 0 if there are none.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or options do not fit.

    References
    ----------
    .. [1] Yan, L. et al. (2003), "Optimizing classifier performance via an approximation to the Wilcoxon-Mann-Whitney
       statistic", ICML, https://cdn.aaai.org/ICML/2003/ICML03-110.pdf

    Examples
    --------
    >>> from objectives import wmw_auc_loss
    >>> print(wmw_auc_loss([0.9, 0.5, 0.3, 0.4], [1, 1, 0, 0], margin=0.3, power=2).eval().round(4))
    0.0125
    """
    positive(margin, "margin")
    at_least(power, "power", 1)
    scores, t, mask = elementwise(predictions, targets, mask)
    if scores.ndim != t.ndim or not (scores.ndim == 1 or scores.type.broadcastable == (False, True)):
        raise TypeError(
            f"predictions and targets must be vectors or columns (B, 1), not {scores.ndim}-d and {t.ndim}-d: "
            "flatten them, or index one column"
        )
    relevant = soft(t)
    irrelevant = 1 - relevant if mask is None else where(mask, 1 - relevant, 0)
    lead = fitted(matching(margin, scores, "margin"), "margin", (), "loss")
    exponent = power if known_number(power) is not None else fitted(matching(power, scores), "power", (), "loss")
    scores, relevant, irrelevant = (x[:, 0] if x.ndim == 2 else x for x in (scores, relevant, irrelevant))
    weight, short = pair_shortfalls(scores, relevant, irrelevant, lead)
    return finished(ratio((weight * power_of(short, exponent)).sum(), weight.sum()))


def _along(axis, x):
    """``x`` with its lists along the last axis; scalars stay."""
    return class_axis_last(x, axis) if x.ndim else x


def _lists(scores, targets, weights, mask, axis):
    """Scores, relevances, weights and mask of entries, with lists along the last axis; nothing is masked yet."""
    s = logits_of(scores, names=OF_SCORES)
    mask = None if mask is None else _along(axis, aligned_mask(mask, "scores", s.type.shape))
    weights = None if weights is None else _along(axis, fitted(matching(weights, s), "weights", s.type.shape, "scores"))
    s, relevance, _ = items(s, targets, axis=axis, names=OF_SCORES)
    if are_labels(relevance, s):
        raise TypeError(
            f"rank mismatch between targets {shown(relevance.type.shape)} and scores {shown(s.type.shape)}: give the "
            "relevance of each entry, in the shape of the scores"
        )
    return s, relevance, weights, mask if mask is None else mask & ones_like(s, "bool")


def _ordered(y, mask):
    """Whether an entry (row) is more relevant than another (column) (..., L, L), and both count."""
    pairs = y[..., :, None] > y[..., None, :]
    return pairs if mask is None else pairs & mask[..., :, None] & mask[..., None, :]


def _behind(x):
    """By how much each entry (row) is behind each other (column) of its list (..., L, L)."""
    return x[..., None, :] - x[..., :, None]


def _lambda_weights(s, y, index, mask, measure, top_k, gain):
    """By how much an exchange of two entries would change the (N)DCG (..., L, L), a constant for the gradient."""
    if top_k is not None:
        whole_number(top_k, "top_k", 1, ": leave it None for whole lists")
    one_of(gain, "gain", ("linear", "exponential"))
    gains = y if gain == "linear" else pt.expm1(y * np.log(2).astype(s.dtype))
    discounts = _discounts(s, index, mask, top_k)
    if measure == "ndcg":
        gains = gains * ratio(1, (gains * _discounts(y, index, mask, top_k)).sum(axis=-1))[..., None]
    return disconnected_grad(pt.abs(_behind(gains)) * pt.abs(_behind(discounts)))


def _discounts(order, index, mask, top_k):
    """One over the binary logarithm of 1 + the rank of each entry; 0 beyond the first k."""
    own, other = order[..., :, None], order[..., None, :]
    ahead = (other > own) | (pt.ge(other, own) & (index < index[:, None]))
    ahead = ahead if mask is None else ahead & mask[..., None, :]
    return discount(ahead.astype(order.dtype).sum(axis=-1), top_k)
