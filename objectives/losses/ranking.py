"""Ranking losses: pairwise, listwise, and a surrogate of the area under the ROC curve."""

import numpy as np
import pytensor.tensor as pt
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
    known_number,
    matching,
    size_option,
)
from objectives._probabilities import refuse_probabilities
from objectives._typing import TensorLike
from objectives.lookup import BINARY, NON_NEGATIVE, REALS, SIGNS, described
from objectives.losses._terms import finished, pair_shortfalls, signs, soft
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.selection import even_relu, select, where
from objectives.ops.shapes import ones_like

__all__ = ["margin_ranking_loss", "ranking_softmax_loss", "wmw_auc_loss"]


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
        Margin m, not negative. At the kink the gradient is halved, so that equal scores still learn with 0.
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
    better = signs(fitted(matching(targets, lead), "targets", lead.type.shape, "a"), False, mask)
    return finished(even_relu(size_option(margin, "margin", lead) - better * lead), mask)


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
        Weight of each entry, broadcastable to `scores`.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are in no softmax, with a gradient of 0.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Losses (...), one per list, of the dtype of `scores`; 0 where not ``mask.any(axis=axis)``.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or the scores are the output of a softmax.

    References
    ----------
    .. [1] Cao, Z. et al. (2007), "Learning to rank: from pairwise approach to listwise approach",
       doi:10.1145/1273496.1273513
    .. [2] ``optax.losses.ranking_softmax_loss``

    Examples
    --------
    >>> from objectives import ranking_softmax_loss
    >>> print(ranking_softmax_loss([[2.0, 0.0, 9.0]], [[1, 0, 2]], mask=[[True, True, False]]).eval().round(4))
    [0.1269]
    """
    s = floating(scores, "scores")
    refuse_probabilities(s, name="scores")
    mask = None if mask is None else _along(axis, aligned_mask(mask, "scores", s.type.shape))
    weights = None if weights is None else _along(axis, fitted(matching(weights, s), "weights", s.type.shape, "scores"))
    s, relevance, _ = items(s, targets, axis=axis, names=OF_SCORES)
    if are_labels(relevance, s):
        raise TypeError(
            f"rank mismatch between targets and scores: targets have {relevance.ndim} and scores {s.ndim} "
            "dimensions. Give the relevance of each entry, in the shape of the scores"
        )
    listed = None
    if mask is not None:
        listed = pt.any(mask & ones_like(s, "bool"), axis=-1)
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

    Choose it to train what `roc_auc_score` measures; TFLearn gives it that name, though it is a loss: 0 if each of the
    P positives leads each of the N negatives by the margin. All pairs are computed, in B\ :sup:`2` memory.

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
    for name, number, low, wanted in (("margin", margin, 1e-300, "positive"), ("power", power, 1, "at least 1")):
        if (known := known_number(number)) is not None and not known >= low:
            raise ValueError(f"{name} must be {wanted}, not {number}")
    scores, t, mask = elementwise(predictions, targets, mask)
    if scores.ndim != t.ndim or not (scores.ndim == 1 or scores.type.broadcastable == (False, True)):
        raise TypeError(
            f"predictions and targets must be vectors or columns (B, 1), not {scores.ndim}-d and {t.ndim}-d: "
            "flatten them, or index one column"
        )
    relevant = soft(t)
    irrelevant = 1 - relevant if mask is None else where(mask, 1 - relevant, 0)
    lead = fitted(matching(margin, scores), "margin", (), "loss")
    exponent = power if known_number(power) is not None else fitted(matching(power, scores), "power", (), "loss")
    scores, relevant, irrelevant = (x[:, 0] if x.ndim == 2 else x for x in (scores, relevant, irrelevant))
    weight, short = pair_shortfalls(scores, relevant, irrelevant, lead)
    return finished(ratio((weight * power_of(short, exponent)).sum(), weight.sum()))


def _along(axis, x):
    """``x`` with its lists along the last axis; scalars stay."""
    return class_axis_last(x, axis) if x.ndim else x
