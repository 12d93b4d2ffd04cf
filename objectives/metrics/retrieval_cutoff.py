"""Retrieval measures of the first k entries of a list: precision, recall, hit rate, fall-out, R-precision."""

import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ratio
from objectives._typing import TensorLike
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.metrics._lists import lists, retrieved
from objectives.ops.ranking import even_max
from objectives.ops.selection import where

__all__ = ["fall_out_at_k", "hit_rate_at_k", "precision_at_k", "r_precision", "recall_at_k"]


@described(per="item", train_with="ranking_softmax_loss", scores=REALS, targets=NON_NEGATIVE)
def precision_at_k(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Precision at k: the fraction of the first k entries that are relevant, for each list.

    Choose it where users see k entries; `recall_at_k` asks how much of what is relevant they see. It divides by k in
    shorter lists, too.

    .. math:: P = \frac{|\{r \le k : y_r > 0\}|}{k}

    Parameters
    ----------
    scores : tensor
        Scores (..., L), larger is better; ties keep the order of the list; NaN ranks first and is never a hit.
    targets : tensor
        Relevances (..., L), y_r at rank r; above 0 is relevant, and a negative one makes its list NaN.
    top_k : int, optional
        Number k of first entries to consider, at least 1; by default all.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Precisions (...) in [0, 1], one per list, of the dtype of `scores`; 0 without entries.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

    References
    ----------
    .. [1] Manning, C. D. et al. (2008), "Introduction to Information Retrieval", chapter 8, nlp.stanford.edu/IR-book
    .. [2] ``torchmetrics.functional.retrieval.retrieval_precision``, for positive scores

    Examples
    --------
    >>> from objectives import precision_at_k
    >>> print(precision_at_k([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 0, 0]], top_k=2).eval())
    [0.5]
    """
    found = retrieved(lists(scores, targets, mask, axis), top_k)
    hits = found.hits.sum(axis=-1)
    return found.given.result(ratio(hits, found.given.there.sum(axis=-1)) if top_k is None else hits / top_k)


@described(per="item", train_with="ranking_softmax_loss", scores=REALS, targets=NON_NEGATIVE)
def recall_at_k(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Recall at k: the fraction of the relevant entries that are among the first k, for each list.

    Choose it for the candidates that a later stage ranks, and `precision_at_k` for what users see.

    .. math:: R = \frac{|\{r \le k : y_r > 0\}|}{|\{r : y_r > 0\}|}

    Parameters
    ----------
    scores : tensor
        Scores (..., L), larger is better; ties keep the order of the list; NaN ranks first and is never a hit.
    targets : tensor
        Relevances (..., L), y_r at rank r; above 0 is relevant, and a negative one makes its list NaN.
    top_k : int, optional
        Number k of first entries to consider, at least 1; by default all.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Recalls (...) in [0, 1], one per list, of the dtype of `scores`; 0 without a relevant entry.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

    References
    ----------
    .. [1] Manning, C. D. et al. (2008), "Introduction to Information Retrieval", chapter 8, nlp.stanford.edu/IR-book
    .. [2] ``torchmetrics.functional.retrieval.retrieval_recall``, for positive scores

    Examples
    --------
    >>> from objectives import recall_at_k
    >>> print(recall_at_k([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 1, 0]], top_k=1).eval().round(4))
    [0.3333]
    """
    found = retrieved(lists(scores, targets, mask, axis), top_k)
    return found.given.result(ratio(found.hits.sum(axis=-1), found.relevant.sum(axis=-1)))


@described(per="item", train_with="ranking_softmax_loss", scores=REALS, targets=NON_NEGATIVE)
def hit_rate_at_k(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Hit rate at k: 1 if at least one of the first k entries is relevant, else 0, for each list.

    Choose it if one hit is enough; its mean over lists is the hit rate. For lists with a single relevant entry it
    equals `recall_at_k`.

    .. math:: H = [\exists r \le k : y_r > 0]

    Parameters
    ----------
    scores : tensor
        Scores (..., L), larger is better; ties keep the order of the list; NaN ranks first and is never a hit.
    targets : tensor
        Relevances (..., L), y_r at rank r; above 0 is relevant, and a negative one makes its list NaN.
    top_k : int, optional
        Number k of first entries to consider, at least 1; by default all.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        1 or 0 (...), one per list, of the dtype of `scores`.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

    References
    ----------
    .. [1] ``torchmetrics.functional.retrieval.retrieval_hit_rate``, for positive scores

    Examples
    --------
    >>> from objectives import hit_rate_at_k
    >>> print(hit_rate_at_k([[0.3, 0.9, 0.6], [0.3, 0.9, 0.6]], [[1, 0, 1], [1, 0, 0]], top_k=2).eval())
    [1. 0.]
    """
    found = retrieved(lists(scores, targets, mask, axis), top_k)
    return found.given.result(even_max(found.hits))


@described(best="min", per="item", train_with="ranking_softmax_loss", scores=REALS, targets=NON_NEGATIVE)
def fall_out_at_k(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Fall-out at k: the fraction of the irrelevant entries that are among the first k, for each list.

    Choose it beside `recall_at_k`, as the false positive rate of the first k entries. Smaller is better.

    .. math:: F = \frac{|\{r \le k : y_r = 0\}|}{|\{r : y_r = 0\}|}

    Parameters
    ----------
    scores : tensor
        Scores (..., L), larger is better; ties keep the order of the list; NaN makes its list NaN.
    targets : tensor
        Relevances (..., L), y_r at rank r; above 0 is relevant, and a negative one makes its list NaN.
    top_k : int, optional
        Number k of first entries to consider, at least 1; by default all.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Fractions (...) in [0, 1], one per list, of the dtype of `scores`; 0 if all entries are relevant.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

    References
    ----------
    .. [1] ``torchmetrics.functional.retrieval.retrieval_fall_out``, for positive scores

    Examples
    --------
    >>> from objectives import fall_out_at_k
    >>> print(fall_out_at_k([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 0, 0]], top_k=2).eval())
    [0.5]
    """
    found = retrieved(lists(scores, targets, mask, axis), top_k)
    others = found.given.there - found.relevant
    shown = where(found.in_top_k, others, 0)
    return found.given.result(ratio(shown.sum(axis=-1), others.sum(axis=-1)), errors=True)


@described(per="item", train_with="ranking_softmax_loss", scores=REALS, targets=NON_NEGATIVE)
def r_precision(
    scores: TensorLike,
    targets: TensorLike,
    *,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""R-precision: the precision of the first R entries, where R is the number of relevant entries, for each list.

    Choose it over `precision_at_k` if lists differ in the number of relevant entries: a perfect list always scores 1.

    .. math:: P = \frac{|\{r \le R : y_r > 0\}|}{R}, \qquad R = |\{r : y_r > 0\}|

    Parameters
    ----------
    scores : tensor
        Scores (..., L), larger is better; ties keep the order of the list; NaN ranks first and is never a hit.
    targets : tensor
        Relevances (..., L), y_r at rank r; above 0 is relevant, and a negative one makes its list NaN.
    mask : tensor of bool, optional
        Entries (..., L) that count, for lists of several lengths; the rest are ignored, whatever they hold.
    axis : int
        Axis of list entries.

    Returns
    -------
    TensorVariable
        Precisions (...) in [0, 1], one per list, of the dtype of `scores`; 0 without a relevant entry.

    Raises
    ------
    TypeError
        If ranks or shapes do not fit.

    References
    ----------
    .. [1] Manning, C. D. et al. (2008), "Introduction to Information Retrieval", chapter 8, nlp.stanford.edu/IR-book
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
