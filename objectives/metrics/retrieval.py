"""Retrieval measures of the ranks of relevant entries: reciprocal rank, average precision, ROC AUC of each list."""

import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ratio
from objectives._typing import TensorLike
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.metrics._lists import ahead, lists, retrieved
from objectives.ops.ranking import even_max
from objectives.ops.selection import where
from objectives.ops.sorting import weighted_rank

__all__ = ["reciprocal_rank", "retrieval_average_precision", "retrieval_roc_auc"]


@described(per="item", train_with="ranking_softmax_loss", scores=REALS, targets=NON_NEGATIVE)
def reciprocal_rank(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Reciprocal rank: 1 divided by the rank of the first relevant entry of each list; its mean is the MRR.

    Choose it if one relevant entry is enough, and `retrieval_average_precision` if all count.

    .. math:: R = \frac{1}{\min \{r : y_r > 0\}}

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
        Numbers (...) in [0, 1], one per list, of the dtype of `scores`; 0 without a relevant entry.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

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
    found = retrieved(lists(scores, targets, mask, axis), top_k)
    return found.given.result(even_max(found.hits / (1 + found.rank)))


@described(per="item", train_with="pairwise_logistic_loss", scores=REALS, targets=NON_NEGATIVE)
def retrieval_average_precision(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Average precision (AP) of a ranked list: the mean precision at the ranks of its relevant entries.

    Choose it if all relevant entries count, and `ndcg_score` for graded relevances; for two classes see
    `average_precision_score`. Its mean over lists is the MAP. Only relevant entries among the first k are averaged.

    .. math:: A = \frac{1}{|H|} \sum_{r \in H} \frac{|\{q \in H : q \le r\}|}{r}, \qquad H = \{r \le k : y_r > 0\}

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
        Precisions (...) in [0, 1], one per list, of the dtype of `scores`; 0 without a relevant entry.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

    References
    ----------
    .. [1] Manning, C. D. et al. (2008), "Introduction to Information Retrieval", chapter 8, nlp.stanford.edu/IR-book
    .. [2] ``torchmetrics.functional.retrieval.retrieval_average_precision``, for positive scores

    Examples
    --------
    >>> from objectives import retrieval_average_precision
    >>> print(retrieval_average_precision([[0.3, 0.9, 0.6, 0.1]], [[1, 1, 0, 0]]).eval().round(4))
    [0.8333]
    """
    found = retrieved(lists(scores, targets, mask, axis), top_k)
    hits = found.hits
    precision = (1 + ahead(found.given, hits)) / (1 + found.rank)
    return found.given.result(ratio((hits * precision).sum(axis=-1), hits.sum(axis=-1)))


@described(per="item", train_with="pairwise_logistic_loss", scores=REALS, targets=NON_NEGATIVE)
def retrieval_roc_auc(
    scores: TensorLike,
    targets: TensorLike,
    *,
    top_k: int | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""ROC AUC of a ranked list: the fraction of pairs with the relevant entry before the irrelevant one.

    Choose it if only the order within a list matters; `roc_auc_score` compares the entries of all lists. With scores
    :math:`s_r` at rank r:

    .. math:: A = \frac{1}{|P|} \sum_{(q, r) \in P} [s_q > s_r] + \tfrac{1}{2} [s_q = s_r],
              \qquad P = \{(q, r) : y_q > 0,\ y_r = 0;\ q, r \le k\}

    Parameters
    ----------
    scores : tensor
        Scores (..., L), larger is better; ties count half, and all pairs with NaN are wrong.
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
        Areas (...) in [0, 1], one per list, of the dtype of `scores`; 0 without pairs.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or options do not fit.

    References
    ----------
    .. [1] ``torchmetrics.functional.retrieval.retrieval_auroc``, for positive scores

    Examples
    --------
    >>> from objectives import retrieval_roc_auc
    >>> print(retrieval_roc_auc([[0.3, 0.9, 0.6, 0.6]], [[0, 1, 1, 0]]).eval())
    [0.875]
    """
    found = retrieved(lists(scores, targets, mask, axis), top_k)
    given = found.given
    among = given.there if top_k is None else where(pt.lt(found.rank, top_k) | given.missing, given.there, 0)
    relevant = found.relevant * among
    irrelevant = among - relevant
    right = (relevant * weighted_rank(given.scores, irrelevant)).sum(axis=-1)  # ties count half
    return given.result(ratio(right, relevant.sum(axis=-1) * irrelevant.sum(axis=-1)))
