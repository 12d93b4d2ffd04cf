"""Root mean squared errors: plain, of logarithms, and relative to the scale of the targets."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._options import one_of
from objectives._typing import MultiOutput, TensorLike
from objectives.lookup import REALS, Range, described
from objectives.metrics._columns import columns, moments, norm
from objectives.ops.ranking import even_max
from objectives.ops.selection import where
from objectives.ops.statistics import Rule, statistic, total_of

__all__ = [
    "normalized_root_mean_squared_error",
    "root_mean_squared_error",
    "root_mean_squared_logarithmic_error",
]

ABOVE_MINUS_1 = Range("(-1, ∞)", low=-1)


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def root_mean_squared_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Root mean squared error (RMSE): the square root of the mean squared error, in the unit of the targets.

    Choose `median_absolute_error` if outliers must not count. It is exact over batches, unlike the mean of the roots of
    batches.

    .. math:: E = \sqrt{\frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i}}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar, or (D,) for raw values; NaN without items.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    See Also
    --------
    normalized_root_mean_squared_error, r2_score, squared_error

    References
    ----------
    .. [1] ``sklearn.metrics.root_mean_squared_error``

    Examples
    --------
    >>> from objectives import root_mean_squared_error
    >>> print(root_mean_squared_error([1.0, 2.0], [1.0, 4.0]).eval().round(4))
    1.4142
    """
    given = columns(predictions, targets, mask, weights)
    return given.result(_root_mean_square(given, given.errors), multioutput)


@described(best="min", per="set", differentiable=False, predictions=ABOVE_MINUS_1, targets=ABOVE_MINUS_1)
def root_mean_squared_logarithmic_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Root mean squared logarithmic error (RMSLE): the root mean squared error of log(1 + x).

    Choose it over `root_mean_squared_error` if relative errors matter and numbers, such as counts, may be 0.

    .. math:: E = \sqrt{\frac{\sum_i w_i (\log(1 + p_i) - \log(1 + t_i))^2}{\sum_i w_i}}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns, above -1.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar, or (D,) for raw values; NaN without items, or if a number is below -1.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    See Also
    --------
    root_mean_squared_error, squared_logarithmic_error

    References
    ----------
    .. [1] ``sklearn.metrics.root_mean_squared_log_error``

    Examples
    --------
    >>> from objectives import root_mean_squared_logarithmic_error
    >>> print(root_mean_squared_logarithmic_error([0.0, 9.0], [0.0, 99.0]).eval().round(4))
    1.6282
    """
    given = columns(predictions, targets, mask, weights)
    return given.result(_root_mean_square(given, pt.log1p(given.predictions) - pt.log1p(given.targets)), multioutput)


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def normalized_root_mean_squared_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    normalization: Literal["mean", "range", "std", "l2"] = "mean",
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Normalized root mean squared error (NRMSE): the root mean squared error relative to the scale of the targets.

    Choose it over `root_mean_squared_error` to compare errors of targets with different units.

    .. math:: E = \frac{1}{c} \sqrt{\frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i}}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    normalization : {"mean", "range", "std", "l2"}
        The scale c of the targets: mean, range, population standard deviation, or Euclidean norm, with weights.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar, or (D,) for raw values; NaN without items; infinite or NaN where c is 0.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    See Also
    --------
    root_mean_squared_error, relative_squared_error

    References
    ----------
    .. [1] ``torchmetrics.functional.normalized_root_mean_squared_error``

    Examples
    --------
    >>> from objectives import normalized_root_mean_squared_error
    >>> print(normalized_root_mean_squared_error([1.0, 2.0], [1.0, 4.0], normalization="range").eval().round(4))
    0.4714
    """
    given = columns(predictions, targets, mask, weights)
    scale = _SCALES[one_of(normalization, "normalization", _SCALES)](given)
    return given.result(_root_mean_square(given, given.errors) / scale, multioutput)


def _root_mean_square(given, errors):
    return norm(errors, given.weights) / pt.sqrt(total_of(given.weights, axis=0))


def _range(given):
    counts = pt.neq(given.weights, 0)
    highest, lowest = (
        statistic(even_max(where(counts, x, -np.inf).T), Rule.MAXIMUM) for x in (given.targets, -given.targets)
    )
    return highest + lowest


def _deviation(given):
    parts = moments(given.targets, given.weights)
    return parts[2] / pt.sqrt(parts[0])


_SCALES = {
    "mean": lambda given: moments(given.targets, given.weights)[1],
    "range": _range,
    "std": _deviation,
    "l2": lambda given: norm(given.targets, given.weights),
}
