"""Bounds that a count reaches exactly: Numba and XLA multiply by reciprocals where the expression divides."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import mode, parameter

from objectives import (
    precision_at_recall,
    recall_at_precision,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)

SHARES = (1.0, 0.9, 0.5)
# Numbers n whose product with 1 / n is less than 1, and others with a whole number of items for each share.
NUMBERS = (49, 98, 103, 107, 161, 10, 30, 110, 190, 490)
SIZE = 3 * max(NUMBERS)


def falling(*groups, size=SIZE):
    """Scores, targets and weights of groups of items (target, number), highest score first; the rest weighs 0."""
    scores, targets, weights = np.zeros((3, size), "float32")
    start = 0
    for score, group in zip(range(len(groups), 0, -1), groups, strict=True):
        for target, number in group:
            items = slice(start, start := start + number)
            scores[items], targets[items], weights[items] = score, target, 1
    return scores, targets, weights


def reached(n, k, size=SIZE):
    """Items where k of n reach a bound at the second score: the result rises from k / n to 1 unless it is missed."""
    return falling([(1, k)], [(0, n - k)], [(1, n - k)], [(0, k)], size=size)


def predicted(n, k, size=SIZE):
    """Items where k of the n with the highest score are positive: no lower threshold is as precise."""
    return falling([(1, k), (0, n - k)], [(0, n)], [(1, n - k)], size=size)


def bounded(backend):
    """One function of scores, targets and weights that computes all measures at each share."""
    inputs = [pt.vector(dtype="float32") for _ in range(3)]
    options = {"weights": inputs[2]}
    outputs = [
        measure(*inputs[:2], **options, **{name: share})
        for share in SHARES
        for measure, name in (
            (recall_at_precision, "precision"),
            (precision_at_recall, "recall"),
            (sensitivity_at_specificity, "specificity"),
            (specificity_at_sensitivity, "sensitivity"),
        )
    ]
    return pytensor.function(inputs, pt.stack(outputs), mode=mode(backend))


def missed(function, n, size=SIZE):
    """The shares whose product with n is a whole number, but whose bound is missed."""
    for i, share in enumerate(SHARES):
        k = round(share * n)
        if abs(share * n - k) < 1e-9:
            found = function(*predicted(n, k, size))[4 * i], *function(*reached(n, k, size))[4 * i + 1 : 4 * i + 4]
            if not np.allclose(found, [k / n, 1, 1, 1], rtol=1e-6):
                yield share


@pytest.mark.parametrize("backend", ["FAST_COMPILE", parameter("JAX")])
def test_shares_that_are_whole_numbers(backend):
    function = bounded(backend)
    assert {n: shares for n in NUMBERS if (shares := [*missed(function, n)])} == {}


def test_perfect_scores_without_weights():
    """Numba knows that the total is a sum of ones, and multiplies by its reciprocal."""
    scores, targets = pt.dvector(), pt.lvector()
    outputs = [
        precision_at_recall(scores, targets, recall=1.0),
        sensitivity_at_specificity(scores, targets, specificity=1.0),
        specificity_at_sensitivity(scores, targets, sensitivity=1.0),
    ]
    function = pytensor.function([scores, targets], outputs, mode="NUMBA")
    for n in (49, 98, 103, 107, 161):
        right = np.repeat([1, 0], n)
        np.testing.assert_allclose(function(right.astype("float64"), right), 1, err_msg=f"{n} positives")
