"""Rows of the accuracies."""

import numpy as np

from cases.case import Case, binary, labels, one_hot, probabilities, reals, simplex
from objectives.metrics.accuracy import binary_accuracy, categorical_accuracy


def top_k_by_sorting(k):
    def reference(p, t):
        t = np.asarray(t)
        t = t.argmax(-1) if t.ndim == p.ndim else t
        best = np.argsort(-np.asarray(p), axis=-1, kind="stable")[..., :k]
        return (best == t[..., None]).any(-1).astype("float64")

    return reference


def above(threshold):
    return lambda p, t: np.equal(np.asarray(p) > threshold, t).astype("float64")


CASES = [
    Case(binary_accuracy, probabilities, binary, above(0.5)),
    Case(binary_accuracy, reals, binary, above(0), {"threshold": 0}),
    *(
        Case(categorical_accuracy, reals, targets, top_k_by_sorting(k), {"top_k": k})
        for k, targets in ((1, labels), (3, labels), (2, one_hot), (2, simplex))
    ),
]
