"""Rows of the D2 scores."""

import numpy as np
from cases.case import CLASSES, each_item, labels, positives, reals, simplex
from sklearn import metrics as sklearn

from measures.measure import Measure, by_sklearn
from objectives import d2_absolute_error_score, d2_brier_score, d2_log_loss_score, d2_pinball_score, d2_tweedie_score

NUMBERS, POSITIVES = each_item(reals), each_item(positives)
EACH = {"labels": np.arange(CLASSES)}


def of_probabilities(function):
    """Normalize float32 probabilities, which the reference refuses unless they add up to 1 in float64."""
    reference = by_sklearn(function, **EACH)
    return lambda p, *others: reference(p / p.sum(axis=-1, keepdims=True), *others)


MEASURES = [
    Measure(d2_absolute_error_score, NUMBERS, NUMBERS, by_sklearn(sklearn.d2_absolute_error_score), flattens=False),
    Measure(
        d2_pinball_score,
        NUMBERS,
        NUMBERS,
        by_sklearn(sklearn.d2_pinball_score, alpha=0.3),
        {"quantile": 0.3},
        flattens=False,
    ),
    Measure(
        d2_pinball_score,
        reals,
        reals,
        by_sklearn(sklearn.d2_pinball_score, alpha=0.9, multioutput="raw_values"),
        {"quantile": 0.9, "multioutput": "raw_values"},
        result=(CLASSES,),
        flattens=False,
    ),
    *(
        Measure(
            d2_tweedie_score,
            POSITIVES,
            POSITIVES,
            by_sklearn(sklearn.d2_tweedie_score, power=power),
            {"power": power},
            flattens=False,
        )
        for power in (0, 1, 1.5, 2, 3, -1)
    ),
    Measure(d2_log_loss_score, simplex, labels, of_probabilities(sklearn.d2_log_loss_score)),
    Measure(d2_brier_score, simplex, labels, of_probabilities(sklearn.d2_brier_score)),
]
