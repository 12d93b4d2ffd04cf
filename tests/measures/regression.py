"""Rows of regression measures."""

import numpy as np
from cases.case import CLASSES, each_item, positives, reals
from sklearn import metrics as sklearn

from measures.measure import Measure, by_sklearn
from objectives import (
    explained_variance,
    max_error,
    minkowski_distance,
    normalized_root_mean_squared_error,
    peak_signal_noise_ratio,
    r2_score,
    relative_squared_error,
    root_mean_squared_error,
    root_mean_squared_logarithmic_error,
    weighted_mean_absolute_percentage_error,
)

NUMBERS, POSITIVES = each_item(reals), each_item(positives)
RAW = {"multioutput": "raw_values"}
BY_VARIANCE = {"multioutput": "variance_weighted"}
COLUMNS = {"flattens": False}
EACH = {"flattens": False, "result": (CLASSES,)}


def adjusted_r2(p, t, w=None):
    """Adjusted as in statsmodels, by variances with degrees of freedom."""
    r2 = sklearn.r2_score(t, p, sample_weight=w)
    return 1 - (1 - r2) * (len(t) - 1) / (len(t) - 2 - 1)


def rmse_by(size):
    return lambda p, t, w=None: sklearn.root_mean_squared_error(t, p, sample_weight=w) / size(t, w)


def deviation(t, w):
    return np.sqrt(np.cov(t, aweights=w, ddof=0))


def mean_of_columns(p, t, w=None):
    return np.mean([1 - r2 for r2 in sklearn.r2_score(t, p, sample_weight=w, multioutput="raw_values")])


def norm(order):
    def reference(p, t, w=None):
        w = np.ones(len(t)) if w is None else w
        return np.linalg.norm((p - t) * w ** (1 / order), order)

    return reference


def percentage(p, t, w=None):
    error = sklearn.mean_absolute_error(t, p, sample_weight=w)
    return 100 * error / sklearn.mean_absolute_error(t, np.zeros_like(t), sample_weight=w)


def decibels(p, t, w=None):
    return 10 * np.log10(9 / sklearn.mean_squared_error(t, p, sample_weight=w))


MEASURES = [
    Measure(r2_score, NUMBERS, NUMBERS, by_sklearn(sklearn.r2_score), **COLUMNS),
    Measure(r2_score, NUMBERS, NUMBERS, adjusted_r2, {"num_regressors": 2}, **COLUMNS),
    Measure(r2_score, reals, reals, by_sklearn(sklearn.r2_score), **COLUMNS),
    Measure(r2_score, reals, reals, by_sklearn(sklearn.r2_score, **RAW), RAW, **EACH),
    Measure(r2_score, reals, reals, by_sklearn(sklearn.r2_score, **BY_VARIANCE), BY_VARIANCE, **COLUMNS),
    Measure(explained_variance, NUMBERS, NUMBERS, by_sklearn(sklearn.explained_variance_score), **COLUMNS),
    Measure(explained_variance, reals, reals, by_sklearn(sklearn.explained_variance_score, **RAW), RAW, **EACH),
    Measure(
        explained_variance,
        reals,
        reals,
        by_sklearn(sklearn.explained_variance_score, **BY_VARIANCE),
        BY_VARIANCE,
        **COLUMNS,
    ),
    Measure(root_mean_squared_error, NUMBERS, NUMBERS, by_sklearn(sklearn.root_mean_squared_error), **COLUMNS),
    Measure(root_mean_squared_error, reals, reals, by_sklearn(sklearn.root_mean_squared_error), **COLUMNS),
    Measure(
        root_mean_squared_logarithmic_error,
        positives,
        positives,
        by_sklearn(sklearn.root_mean_squared_log_error),
        **COLUMNS,
    ),
    *(
        Measure(
            normalized_root_mean_squared_error,
            POSITIVES,
            POSITIVES,
            rmse_by(size),
            {"normalization": name},
            **COLUMNS,
        )
        for name, size in {
            "mean": lambda t, w: np.average(t, weights=w),
            "range": lambda t, w: np.ptp(t),
            "std": deviation,
            "l2": lambda t, w: np.sqrt(np.dot(t**2, np.ones_like(t) if w is None else w)),
        }.items()
    ),
    Measure(relative_squared_error, reals, reals, mean_of_columns, **COLUMNS),
    Measure(
        relative_squared_error,
        NUMBERS,
        NUMBERS,
        lambda p, t, w=None: np.sqrt(1 - sklearn.r2_score(t, p, sample_weight=w)),
        {"squared": False},
        **COLUMNS,
    ),
    Measure(weighted_mean_absolute_percentage_error, NUMBERS, NUMBERS, percentage),
    Measure(max_error, NUMBERS, NUMBERS, lambda p, t, w=None: sklearn.max_error(t, p)),
    Measure(minkowski_distance, NUMBERS, NUMBERS, norm(2), empty=0),
    Measure(minkowski_distance, NUMBERS, NUMBERS, norm(3.5), {"p": 3.5}, empty=0),
    Measure(minkowski_distance, NUMBERS, NUMBERS, norm(1), {"p": 1}, empty=0),
    Measure(peak_signal_noise_ratio, NUMBERS, NUMBERS, decibels, {"data_range": 3.0}),
]
