"""Rows of medians of errors."""

import numpy as np
from cases.case import CLASSES, each_item, reals
from scipy import stats
from sklearn import metrics as sklearn

from measures.measure import Measure, by_sklearn
from objectives import (
    median_absolute_deviation,
    median_absolute_error,
    median_absolute_percentage_error,
    median_error,
    median_percentage_error,
)

NUMBERS = each_item(reals)
RAW = {"multioutput": "raw_values"}
VECTOR = {"weighted": False, "flattens": False}

MEASURES = [
    Measure(median_absolute_error, NUMBERS, NUMBERS, by_sklearn(sklearn.median_absolute_error), flattens=False),
    Measure(median_absolute_error, reals, reals, by_sklearn(sklearn.median_absolute_error), flattens=False),
    Measure(
        median_absolute_error,
        reals,
        reals,
        by_sklearn(sklearn.median_absolute_error, **RAW),
        RAW,
        result=(CLASSES,),
        flattens=False,
    ),
    Measure(median_error, NUMBERS, NUMBERS, lambda p, t: np.median(p - t), **VECTOR),
    Measure(median_error, reals, reals, lambda p, t: np.median(p - t, axis=0).mean(), **VECTOR),
    Measure(median_absolute_deviation, NUMBERS, NUMBERS, lambda p, t: stats.median_abs_deviation(p - t), **VECTOR),
    Measure(
        median_absolute_deviation,
        reals,
        reals,
        lambda p, t: stats.median_abs_deviation(p - t, scale=1 / 1.4826).mean(),
        {"factor": 1.4826},
        **VECTOR,
    ),
    Measure(median_percentage_error, NUMBERS, NUMBERS, lambda p, t: 100 * np.nanmedian((t - p) / t), **VECTOR),
    Measure(
        median_absolute_percentage_error,
        NUMBERS,
        NUMBERS,
        lambda p, t: np.nanmedian(abs((t - p) / t)),
        {"factor": 1.0},
        **VECTOR,
    ),
]
