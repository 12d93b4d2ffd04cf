"""Losses of the order of scores: pairs, lists and the area under the ROC curve."""

import numpy as np
import pytensor.tensor as pt

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
    size_option,
)
from objectives._logits import logits_of
from objectives._options import at_least, known_number, positive
from objectives.lookup import BINARY, NON_NEGATIVE, REALS, SIGNS, described
from objectives.losses._terms import finished, pair_shortfalls, signs, soft
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.selection import even_relu, select, where
from objectives.ops.shapes import ones_like

__all__ = ["margin_ranking_loss", "ranking_softmax_loss", "wmw_auc_loss"]


@described(convex=True, minimiser="the better one ahead by the margin", minimum=0, a=REALS, b=REALS, targets=SIGNS)
def margin_ranking_loss(a, b, targets, *, margin=0.0, mask=None):
    r"""Loss of pairs of scores, element by element: the one that is known to be better shall lead by a margin.

    .. math:: L = \max(0, m - y\, (a - b))

    with the scores :math:`a` and :math:`b`, the margin :math:`m` and the targets :math:`y`: 1 where a shall be
    greater, -1 where b shall be.

    Parameters
    ----------
    a : tensor of float
        First scores (...), any real numbers.
    b : tensor of float
        Second scores (...). A vector is aligned with a column `a`, see `align_targets`.
    targets : tensor
        Targets (...) in {-1, 1}, broadcastable to the scores.
    margin : float or tensor
        Margin, not negative.
    mask : tensor of bool, optional
        Pairs that count, broadcastable to `a`; the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `a`.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the scores are integers.
    ValueError
        If `margin` is a negative number.

    Notes
    -----
    At the kink, which is at equal scores if there is no margin, the gradient is half of what it is beyond: a model
    whose scores are all equal when it starts still learns. Targets other than 1 and -1 give NaN: mask ties.

    References
    ----------
    .. [1] Herbrich, R., Graepel, T. and Obermayer, K. (1999), "Support vector learning for ordinal regression",
       ICANN, doi:10.1049/cp:19991091
    .. [2] ``torch.nn.MarginRankingLoss``

    Examples
    --------
    >>> from objectives import margin_ranking_loss
    >>> print(margin_ranking_loss([2.0, 0.5, 0.5], [1.0, 1.0, 1.0], [1, 1, -1], margin=0.25).eval())
    [0.   0.75 0.  ]
    """
    names = "a", "b"
    a, b, mask = elementwise(a, floating(b, "b", names), mask, names=names)
    lead = a - b
    targets = fitted(matching(targets, lead), "targets", lead.type.shape, "a - b")
    targets = signs(targets, False, mask)
    return finished(even_relu(size_option(margin, "margin", lead) - targets * lead), mask)


@described(per="item", convex=True, smooth=True, minimiser="log of the targets", scores=REALS, targets=NON_NEGATIVE)
def ranking_softmax_loss(scores, targets, *, weights=None, axis=-1, mask=None):
    r"""Crossentropy between the relevance of the entries of a list and the softmax of their scores (ListNet).

    .. math:: L = -\sum_i w_i\, y_i \Bigl(s_i - \log \sum_k e^{s_k}\Bigr), \qquad 0 \cdot \infty = 0

    with the scores :math:`s`, the relevances :math:`y` and the weights :math:`w` (1 if not given) of a list's entries.

    Parameters
    ----------
    scores : tensor of float
        Scores (..., n) of lists of n entries, any real numbers.
    targets : tensor
        Relevances (..., n), not negative, or their list is NaN. They need not add up to 1.
    weights : tensor, optional
        Factors of the relevances, broadcastable to `scores`.
    axis : int
        Axis of `scores`, `targets`, `weights` and `mask` along which the lists run.
    mask : tensor of bool, optional
        Entries that are there (..., n), broadcastable to `scores`: lists may differ in length. The others leave the
        softmax and the sum, and have no gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), one for each list, of the dtype of the scores. A list without entries costs 0.

    Raises
    ------
    TypeError
        If `targets` does not have the shape of the scores, or weights or mask do not fit it.

    Notes
    -----
    Unlike that of other losses, the mask is over the entries of an item. To leave out whole lists of no entries from
    an average give `aggregate` the mask ``mask.any(axis=-1)``. Relevances are not normalised: divide them by their
    sum to give each list the same weight. The loss is then least where the softmax is equal to the targets.

    References
    ----------
    .. [1] Cao, Z. et al. (2007), "Learning to rank: from pairwise approach to listwise approach", ICML,
       doi:10.1145/1273496.1273513
    .. [2] ``optax.losses.ranking_softmax_loss``

    Examples
    --------
    >>> from objectives import ranking_softmax_loss
    >>> loss = ranking_softmax_loss([[2.0, 0.0, 9.0]], [[1, 0, 2]], mask=[[True, True, False]])
    >>> print(loss.eval().round(4))
    [0.1269]
    """
    scores = logits_of(scores, names=OF_SCORES)
    mask = None if mask is None else _along(axis, aligned_mask(mask, "scores", scores.type.shape))
    weights = (
        None
        if weights is None
        else _along(axis, fitted(matching(weights, scores), "weights", scores.type.shape, "scores"))
    )
    scores, relevance, _ = items(scores, targets, axis=axis, names=OF_SCORES)
    if are_labels(relevance, scores):
        raise TypeError(
            f"rank mismatch between targets and scores: targets have {relevance.ndim} and scores {scores.ndim} "
            "dimensions. Give the relevance of each entry, in the shape of the scores"
        )
    listed = None
    if mask is not None:
        listed = pt.any(mask & ones_like(scores, "bool"), axis=-1)
        scores = where(mask, scores, -np.inf)
        # not 0: PyTensor would make its product the selection of a product, of anything
        weights = weights if weights is None else where(mask, weights, 1)
    relevance = relevance if weights is None else relevance * weights
    relevance = select(mask, relevance)
    largest = np.asarray(np.inf, scores.dtype)
    return finished(SoftmaxCrossentropy.of(scores, relevance, largest=largest, mask=listed))


@described(
    per="set",
    convex=True,
    smooth=True,
    minimiser="positives ahead by gamma",
    minimum=0,
    predictions=REALS,
    targets=BINARY,
)
def wmw_auc_loss(predictions, targets, *, gamma=0.2, power=3, mask=None):
    r"""Surrogate of the area under the ROC curve: each positive shall lead each negative by a margin; one number.

    .. math:: L = \frac{1}{P N} \sum_{i:\, t_i = 1} \sum_{j:\, t_j = 0} \max(0, \gamma - (z_i - z_j))^p

    with the scores :math:`z` and the targets :math:`t` of a batch of P positives and N negatives. The area itself is
    the share of pairs with :math:`z_i > z_j`, and has no useful gradient.

    Parameters
    ----------
    predictions : tensor of float
        Scores (B,) or a column (B, 1): here (...) is one axis. Any real numbers, or probabilities.
    targets : tensor
        Targets (B,) or (B, 1) in {0, 1}.
    gamma : float or tensor
        Margin, positive; between 0.1 and 0.7 for probabilities.
    power : float or tensor
        Power p of the shortfalls, 1 or greater. The gradient is continuous if it is greater than 1.
    mask : tensor of bool, optional
        Items that count (B,); the others are in no pair and have no gradient.

    Returns
    -------
    TensorVariable
        Loss (), of the dtype of the predictions: the mean over all pairs, 0 if there is none. Targets outside [0, 1]
        give NaN.

    Raises
    ------
    TypeError
        If the arguments are no vectors or columns, or the predictions are integers.
    ValueError
        If `gamma` is not positive, or `power` is less than 1.

    Notes
    -----
    It is a loss, 0 where all positives lead by the margin, though TFLearn calls it ``roc_auc_score`` (which is the
    sum over pairs: ``wmw_auc_loss(p, t) * pt.sum(t) * pt.sum(1 - t)``). All pairs of items are computed, in memory
    too: B\ :sup:`2` numbers. Means over batches depend on how the batches are drawn.

    References
    ----------
    .. [1] Yan, L. et al. (2003), "Optimizing classifier performance via an approximation to the
       Wilcoxon-Mann-Whitney statistic", ICML, https://cdn.aaai.org/ICML/2003/ICML03-110.pdf

    Examples
    --------
    >>> from objectives import wmw_auc_loss
    >>> print(wmw_auc_loss([0.9, 0.5, 0.3, 0.4], [1, 1, 0, 0], gamma=0.3, power=2).eval().round(4))
    0.0125
    """
    positive(gamma, "gamma")
    at_least(power, "power", 1)
    scores, targets, mask = elementwise(predictions, targets, mask)
    if scores.ndim != targets.ndim or not (scores.ndim == 1 or scores.type.broadcastable == (False, True)):
        raise TypeError(
            f"predictions and targets must be vectors or columns, not {scores.ndim}-d and {targets.ndim}-d: "
            "flatten them, or index one column"
        )
    relevant = soft(targets)
    irrelevant = 1 - relevant if mask is None else where(mask, 1 - relevant, 0)
    gamma = fitted(matching(gamma, scores), "gamma", (), "loss")
    exponent = power if known_number(power) is not None else fitted(matching(power, scores), "power", (), "loss")
    scores, relevant, irrelevant = (x[:, 0] if x.ndim == 2 else x for x in (scores, relevant, irrelevant))
    weight, short = pair_shortfalls(scores, relevant, irrelevant, gamma)
    return finished(ratio((weight * power_of(short, exponent)).sum(), weight.sum()))


def _along(axis, x):
    """``x`` with its lists along the last axis; a scalar as it is."""
    return class_axis_last(x, axis) if x.ndim else x
