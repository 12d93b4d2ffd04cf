"""Rows of calibration errors and curves, and of perplexity."""

import numpy as np
from cases.case import binary, each_item, labels, one_hot, probabilities, reals, simplex
from scipy.special import log_softmax

from measures.measure import Measure
from objectives import (
    binary_calibration_curve,
    binary_calibration_error,
    calibration_curve,
    calibration_error,
    perplexity,
)

UNITS, TARGETS = each_item(probabilities), each_item(binary)
NOTHING = {"empty": np.array([[np.nan], [np.nan], [0]])}  # a weight of 0 in each bin


def sixteenths(rng, shape):
    """Probabilities on the edges of eight bins, 0 and 1 included; exact in float32 too."""
    return rng.integers(0, 17, size=shape[:-1]) / 16


def by_bin(num_bins):
    """Weight, mean confidence and accuracy, bin by bin."""

    def bins(confidence, is_right, weights):
        found = np.digitize(confidence, np.linspace(0, 1, num_bins + 1)[:-1]) - 1
        for b in range(num_bins):
            inside = found == b
            if inside.any():
                w = weights[inside]
                yield b, w.sum(), np.average(confidence[inside], weights=w), np.average(is_right[inside], weights=w)

    return bins


def of_binary(p, t, weights=None):
    return p, t, np.ones(len(t)) if weights is None else weights


def of_classes(p, t, weights=None):
    t = t.argmax(-1) if t.ndim == 2 else t
    return of_binary(p.max(-1), p.argmax(-1) == t, weights)


def error(kind, num_bins, norm):
    def reference(*given):
        rows = [(n, abs(accuracy - confidence)) for _, n, confidence, accuracy in by_bin(num_bins)(*kind(*given))]
        total = sum(n for n, _ in rows)
        if norm == "max":
            return max(gap for _, gap in rows)
        power = {"l1": 1, "l2": 2}[norm]
        return (sum(n * gap**power for n, gap in rows) / total) ** (1 / power)

    return reference


def curve(kind, num_bins):
    def reference(*given):
        rows = np.full((3, num_bins), np.nan)
        rows[2] = 0
        for b, n, confidence, accuracy in by_bin(num_bins)(*kind(*given)):
            rows[:, b] = confidence, accuracy, n
        return rows

    return reference


def mean_perplexity(z, t, weights=None):
    t = t.argmax(-1) if t.ndim == 2 else t
    return np.exp(np.average(-log_softmax(z, axis=-1)[np.arange(len(t)), t], weights=weights))


MEASURES = [
    *(
        Measure(calibration_error, simplex, targets, error(of_classes, bins, norm), {"num_bins": bins, "norm": norm})
        for targets, bins, norm in ((labels, 15, "l1"), (labels, 5, "l2"), (one_hot, 7, "max"))
    ),
    *(
        Measure(binary_calibration_error, draw, TARGETS, error(of_binary, bins, norm), {"num_bins": bins, "norm": norm})
        for draw, bins, norm in ((UNITS, 15, "l1"), (sixteenths, 8, "l2"), (UNITS, 1, "max"))
    ),
    Measure(calibration_curve, simplex, labels, curve(of_classes, 4), {"num_bins": 4}, result=(3, 4), **NOTHING),
    Measure(
        binary_calibration_curve, sixteenths, TARGETS, curve(of_binary, 8), {"num_bins": 8}, result=(3, 8), **NOTHING
    ),
    Measure(perplexity, reals, labels, mean_perplexity),
    Measure(perplexity, reals, one_hot, mean_perplexity),
]
