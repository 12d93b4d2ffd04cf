"""Rows of the accuracies."""

import numpy as np

from cases.case import Case, binary, labels, one_hot, probabilities, reals, simplex
from objectives.metrics.accuracy import binary_accuracy, categorical_accuracy, exact_match


def top_k_by_sorting(k):
    def reference(p, t):
        t = np.asarray(t)
        t = t.argmax(-1) if t.ndim == p.ndim else t
        best = np.argsort(-np.asarray(p), axis=-1, kind="stable")[..., :k]
        return (best == t[..., None]).any(-1).astype("float64")

    return reference


def above(threshold):
    return lambda p, t: np.equal(np.asarray(p) > threshold, t).astype("float64")


def nearly(rng, shape):
    """Targets of which most are what `probabilities` will be at the same threshold, so that some rows are right."""
    return binary(rng, shape)


def all_above(p, t):
    return np.array([accuracy_score([t], [p > 0.5]) for p, t in zip(np.asarray(p), np.asarray(t), strict=True)])


CASES = [
    Case(binary_accuracy, probabilities, binary, above(0.5)),
    Case(binary_accuracy, reals, binary, above(0), {"threshold": 0}),
    *(
        Case(categorical_accuracy, reals, targets, top_k_by_sorting(k), {"top_k": k})
        for k, targets in ((1, labels), (3, labels), (2, one_hot), (2, simplex))
    ),
    Case(exact_match, probabilities, nearly, all_above),
]
