"""Rows of the accuracies."""

import numpy as np
from sklearn.metrics import accuracy_score

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


def mostly_high(rng, shape):
    return np.sqrt(rng.uniform(0.1, 1, size=shape))


def ones(rng, shape):
    return np.ones(shape, "int8")


def all_above(p, t):
    rows = [(np.asarray(a).reshape(-1, p.shape[-1])) for a in (p, t)]
    return np.array([accuracy_score(t[None], p[None] > 0.5) for p, t in zip(*rows, strict=True)]).reshape(p.shape[:-1])


CASES = [
    Case(binary_accuracy, probabilities, binary, above(0.5)),
    Case(binary_accuracy, reals, binary, above(0), {"threshold": 0}),
    *(
        Case(categorical_accuracy, reals, targets, top_k_by_sorting(k), {"top_k": k})
        for k, targets in ((1, labels), (3, labels), (2, one_hot), (2, simplex))
    ),
    Case(exact_match, probabilities, binary, all_above),
    Case(exact_match, mostly_high, ones, all_above),
]
