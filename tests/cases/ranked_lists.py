"""Rows of the ranking measures: label ranking and discounted gains."""

import numpy as np
from sklearn import metrics

from cases.case import Case, binary, counts, positives, reals
from objectives.metrics.ranking import (
    coverage_error,
    dcg_score,
    label_ranking_average_precision,
    label_ranking_loss,
    ndcg_score,
)


def tied(rng, shape):
    return rng.integers(0, 3, size=shape).astype("float64")


def each_list(measure, **options):
    """A measure of scikit-learn, which takes (targets, scores), applied list by list; 0 without entries.

    With a mask, of the entries that count.
    """

    def of_list(scores, targets):
        return measure(targets[None], scores[None], **options)

    return lists_of(of_list)


def lists_of(of_list):
    """A measure of one list (L,), applied to lists (..., L) with a mask."""

    def reference(scores, targets, *, mask=None):
        scores, targets = np.asarray(scores), np.asarray(targets)
        mask = np.ones(scores.shape, bool) if mask is None else mask
        values = np.zeros(scores.shape[:-1])
        for i in np.ndindex(values.shape):
            if mask[i].any():
                values[i] = of_list(scores[i][mask[i]], targets[i][mask[i]])
        return values

    return reference


def one_entry(measure, value_of_one):
    """scikit-learn refuses lists of one entry."""

    def checked(targets, scores, **options):
        return value_of_one(targets.item()) if scores.size == 1 else measure(targets, scores, **options)

    return checked


def powers(measure):
    return lambda targets, scores, **options: measure(2.0**targets - 1, scores, **options)


def in_order(base, k, best=False):
    """By a loop over a stable sort, in which tied entries keep their order."""

    def total(order, targets):
        first = np.argsort(-order, kind="stable")[:k]
        return sum(targets[i] / np.emath.logn(base, rank + 2) for rank, i in enumerate(first))

    def of_list(scores, targets):
        found, greatest = total(scores, targets), total(targets, targets) if best else 1
        return found / greatest if greatest else 0

    return lists_of(of_list)


DCG = one_entry(metrics.dcg_score, float)
NDCG = one_entry(metrics.ndcg_score, lambda target: float(target > 0))

CASES = [
    *(
        Case(function, scores, binary, each_list(measure), mask_per="element")
        for function, measure in (
            (label_ranking_loss, metrics.label_ranking_loss),
            (coverage_error, metrics.coverage_error),
            (label_ranking_average_precision, metrics.label_ranking_average_precision_score),
        )
        for scores in (reals, tied)
    ),
    *(
        Case(function, scores, targets, each_list(measure, k=k), {"top_k": k}, mask_per="element")
        for function, measure in ((dcg_score, DCG), (ndcg_score, NDCG))
        for scores, targets, k in (
            (reals, counts, None),
            (reals, positives, 2),
            (tied, counts, None),
            (tied, counts, 3),
        )
    ),
    Case(dcg_score, tied, counts, each_list(powers(DCG)), {"gain": "exponential"}, mask_per="element"),
    Case(
        ndcg_score, tied, counts, each_list(powers(NDCG), k=2), {"gain": "exponential", "top_k": 2}, mask_per="element"
    ),
    Case(dcg_score, reals, counts, in_order(10, None), {"log_base": 10}, mask_per="element"),
    Case(dcg_score, tied, counts, in_order(2, 3), {"ties": "order", "top_k": 3}, mask_per="element"),
    Case(ndcg_score, tied, counts, in_order(2, None, best=True), {"ties": "order"}, mask_per="element"),
]
