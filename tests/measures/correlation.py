"""Rows of the correlation coefficients."""

import numpy as np
from cases.case import CLASSES, counts, each_item, reals
from scipy import stats

from measures.measure import Measure
from objectives import concordance_correlation, kendall_tau, pearson_correlation, spearman_correlation

NUMBERS, COUNTS = each_item(reals), each_item(counts)
RAW = {"multioutput": "raw_values"}


def pearson(p, t, w=None):
    covariance = np.cov(p, t, aweights=w)
    return covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])


def concordance(p, t, w=None):
    """1 minus the mean squared distance from the diagonal, relative to that of independent numbers."""
    means = np.average(p, weights=w), np.average(t, weights=w)
    spread = np.average((p - means[0]) ** 2, weights=w) + np.average((t - means[1]) ** 2, weights=w)
    return 1 - np.average((p - t) ** 2, weights=w) / (spread + (means[0] - means[1]) ** 2)


def each_column(reference):
    return lambda p, t, w=None: np.array([reference(p[:, j], t[:, j], w) for j in range(p.shape[1])])


def without_weights(function):
    return lambda p, t: function(p, t).statistic


KEPT = {"weighted": False}

MEASURES = [
    Measure(pearson_correlation, NUMBERS, NUMBERS, pearson, flattens=False),
    Measure(pearson_correlation, reals, reals, each_column(pearson), RAW, result=(CLASSES,), flattens=False),
    Measure(concordance_correlation, NUMBERS, NUMBERS, concordance, flattens=False),
    Measure(concordance_correlation, reals, reals, each_column(concordance), RAW, result=(CLASSES,), flattens=False),
    *(
        Measure(function, p, t, without_weights(reference), **KEPT)
        for function, reference in ((spearman_correlation, stats.spearmanr), (kendall_tau, stats.kendalltau))
        for p, t in ((NUMBERS, NUMBERS), (NUMBERS, COUNTS), (COUNTS, COUNTS))
    ),
]
