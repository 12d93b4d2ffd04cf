"""Rows of the retrieval measures, whose references sort."""

import numpy as np
from sklearn import metrics

from cases.case import Case, binary, counts, reals
from cases.ranked_lists import lists_of, tied
from objectives.metrics.retrieval import reciprocal_rank, retrieval_average_precision, retrieval_roc_auc
from objectives.metrics.retrieval_cutoff import (
    fall_out_at_k,
    hit_rate_at_k,
    precision_at_k,
    r_precision,
    recall_at_k,
)


def of_sorted(measure, k=None):
    """A measure of the relevances in the order of a stable sort and of the cutoff."""

    def of_list(scores, targets):
        relevant = (targets > 0)[np.argsort(-scores, kind="stable")]
        return measure(relevant, len(relevant) if k is None else k)

    return lists_of(of_list)


def first_hit(relevant, k):
    hits = np.flatnonzero(relevant[:k])
    return 1 / (1 + hits[0]) if len(hits) else 0


def mean_precision(relevant, k):
    precisions = [relevant[: i + 1].mean() for i in np.flatnonzero(relevant[:k])]
    return np.mean(precisions) if precisions else 0


def share_of_relevant(relevant, k):
    return relevant[:k].sum() / relevant.sum() if relevant.any() else 0


def share_of_others(relevant, k):
    return share_of_relevant(~relevant, k)


def among_as_many_as_relevant(relevant, k):
    return relevant[: relevant.sum()].mean() if relevant.any() else 0


def area(k=None):
    def of_list(scores, targets):
        first = np.argsort(-scores, kind="stable")[:k]
        relevant = targets[first] > 0
        return metrics.roc_auc_score(relevant, scores[first]) if 0 < relevant.sum() < len(relevant) else 0

    return lists_of(of_list)


SORTED = {
    reciprocal_rank: first_hit,
    retrieval_average_precision: mean_precision,
    precision_at_k: lambda relevant, k: relevant[:k].sum() / k,
    recall_at_k: share_of_relevant,
    hit_rate_at_k: lambda relevant, k: float(relevant[:k].any()),
    fall_out_at_k: share_of_others,
}
DRAWS = ((reals, binary, 2), (tied, counts, 3), (tied, binary, None))

CASES = [
    *(
        Case(function, scores, targets, of_sorted(measure, k), {"top_k": k}, mask_per="element")
        for function, measure in SORTED.items()
        for scores, targets, k in DRAWS
    ),
    *(
        Case(retrieval_roc_auc, scores, targets, area(k), {"top_k": k}, mask_per="element")
        for scores, targets, k in ((reals, binary, None), (tied, counts, 4), (tied, binary, None))
    ),
    Case(r_precision, reals, binary, of_sorted(among_as_many_as_relevant), mask_per="element"),
    Case(r_precision, tied, binary, of_sorted(among_as_many_as_relevant), mask_per="element"),
]
