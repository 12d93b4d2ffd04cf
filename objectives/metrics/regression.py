"""Regression: R2 and explained variance, and the roots of mean squared errors."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import ratio
from objectives._typing import MultiOutput, TensorLike
from objectives.lookup import REALS, Range, described
from objectives.metrics._columns import columns, moments, norm, of_two_or_more, one_minus_ratio
from objectives.ops.ranking import even_max
from objectives.ops.selection import relu, where
from objectives.ops.statistics import Rule, statistic, total_of

__all__ = [
    "explained_variance",
    "normalized_root_mean_squared_error",
    "r2_score",
    "relative_squared_error",
    "root_mean_squared_error",
    "root_mean_squared_logarithmic_error",
]

ABOVE_MINUS_1 = Range("(-1, ∞)", low=-1)


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def r2_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput | Literal["variance_weighted"] = "uniform_average",
    num_regressors: int = 0,
    force_finite: bool = True,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""R2 score (coefficient of determination): the share of the variance of the targets that predictions explain.

    1 is best, and predicting the mean of the targets gives 0. Choose it to compare models across datasets of different
    scale, and `root_mean_squared_error` for an error in the unit of the targets.

    .. math::
        R^2 = 1 - \frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i (t_i - \bar t)^2}, \qquad
        \bar R^2 = 1 - (1 - R^2) \frac{n - 1}{n - k - 1}

    with predictions :math:`p`, targets :math:`t` of weighted mean :math:`\bar t`, and weights :math:`w`; adjusted for
    :math:`k` regressors and :math:`n` items.

    Parameters
    ----------
    predictions : tensor
        Numbers (N,), or (N, D) for D columns.
    targets : tensor
        Numbers of the same shape.
    multioutput : {"uniform_average", "raw_values", "variance_weighted"}
        Mean over the columns, equal or by the variance of the targets, or one value per column.
    num_regressors : int
        Number k of regressors to adjust for; 0 adjusts nothing.
    force_finite : bool
        Whether constant targets give 1 if predicted exactly and 0 otherwise, rather than NaN and -inf.
    weights : tensor, optional
        Weight of each item (N,) or entry (N, D); booleans select.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count; the rest are ignored, whatever they hold.

    Returns
    -------
    TensorVariable
        Scalar, or (D,) for raw values; NaN for fewer than k + 2 items.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    See Also
    --------
    explained_variance, relative_squared_error, root_mean_squared_error

    Notes
    -----
    TFLearn's weighted R2 compares with inputs x instead of the mean: ``aggregate(squared_error(p, x), w) /
    aggregate(squared_error(t, x), w)``.

    References
    ----------
    .. [1] ``sklearn.metrics.r2_score``
    .. [2] ``torchmetrics.functional.r2_score(adjusted=k)``

    Examples
    --------
    >>> from objectives import r2_score
    >>> print(r2_score([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).eval().round(4))
    0.9486
    """
    if not isinstance(num_regressors, int | np.integer) or isinstance(num_regressors, bool) or num_regressors < 0:
        raise ValueError(f"num_regressors must be a whole number of at least 0, not {num_regressors!r}")
    given = columns(predictions, targets, mask, weights)
    number, variation = given.number(), moments(given.targets, given.weights)[2]
    score = one_minus_ratio(norm(given.errors, given.weights), variation, force_finite, power=2)
    if num_regressors:
        free = number - num_regressors - 1
        score = 1 - ratio((1 - score) * (number - 1), relu(free), np.nan)
    return given.result(of_two_or_more(number, score), multioutput, variation)


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def explained_variance(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput | Literal["variance_weighted"] = "uniform_average",
    force_finite: bool = True,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Explained variance: the share of the variance of the targets that predictions explain, whatever their bias.

    Choose it over `r2_score` if a constant error is harmless. 1 is best.

    .. math:: E = 1 - \frac{\mathrm{Var}(t - p)}{\mathrm{Var}(t)}

    with the weighted population variances of the errors and of the targets :math:`t`, for predictions :math:`p`.

    Parameters
    ----------
    predictions : tensor
        Numbers (N,), or (N, D) for D columns.
    targets : tensor
        Numbers of the same shape.
    multioutput : {"uniform_average", "raw_values", "variance_weighted"}
        Mean over the columns, equal or by the variance of the targets, or one value per column.
    force_finite : bool
        Whether constant targets give 1 if the errors are constant too and 0 otherwise, rather than NaN and -inf.
    weights : tensor, optional
        Weight of each item (N,) or entry (N, D); booleans select.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count; the rest are ignored, whatever they hold.

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
    r2_score, relative_squared_error

    References
    ----------
    .. [1] ``sklearn.metrics.explained_variance_score``
    .. [2] SymJAX's ``explained_variance``, which flattens all entries and adds 1e-6 to the variance

    Examples
    --------
    >>> from objectives import explained_variance
    >>> print(explained_variance([3.0, 0.5, 3.0, 8.0], [2.0, -0.5, 2.0, 7.0]).eval())
    1.0
    """
    given = columns(predictions, targets, mask, weights)
    of_errors, of_targets = moments(given.errors, given.weights), moments(given.targets, given.weights)
    score = where(pt.neq(of_targets[0], 0), one_minus_ratio(of_errors[2], of_targets[2], force_finite, power=2), np.nan)
    return given.result(score, multioutput, of_targets[2])


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

    Choose `median_absolute_error` if outliers must not count. It is exact over batches, unlike a mean of batch roots.

    .. math:: E = \sqrt{\frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i}}

    Parameters
    ----------
    predictions : tensor
        Numbers (N,), or (N, D) for D columns.
    targets : tensor
        Numbers of the same shape.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights : tensor, optional
        Weight of each item (N,) or entry (N, D); booleans select.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count; the rest are ignored, whatever they hold.

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
    r"""Root mean squared logarithmic error (RMSLE): root mean squared error of log(1 + x).

    Choose it over `root_mean_squared_error` if relative errors matter and numbers, such as counts, may be 0.

    .. math:: E = \sqrt{\frac{\sum_i w_i (\log(1 + p_i) - \log(1 + t_i))^2}{\sum_i w_i}}

    Parameters
    ----------
    predictions : tensor
        Numbers (N,), or (N, D) for D columns, above -1.
    targets : tensor
        Numbers of the same shape.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights : tensor, optional
        Weight of each item (N,) or entry (N, D); booleans select.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count; the rest are ignored, whatever they hold.

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
    r"""Normalized root mean squared error (NRMSE): the root mean squared error divided by the scale of the targets.

    Choose it over `root_mean_squared_error` to compare errors of targets with different units.

    .. math:: E = \frac{1}{c} \sqrt{\frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i}}

    Parameters
    ----------
    predictions : tensor
        Numbers (N,), or (N, D) for D columns.
    targets : tensor
        Numbers of the same shape.
    normalization : {"mean", "range", "std", "l2"}
        The scale c: weighted mean, range of entries with a weight, weighted population standard deviation, or Euclidean
        norm.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights : tensor, optional
        Weight of each item (N,) or entry (N, D); booleans select.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count; the rest are ignored, whatever they hold.

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
    if normalization not in _SCALES:
        raise ValueError(f"normalization must be one of {', '.join(map(repr, _SCALES))}, not {normalization!r}")
    scale = _SCALES[normalization](given)
    return given.result(_root_mean_square(given, given.errors) / scale, multioutput)


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def relative_squared_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    squared: bool = True,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Relative squared error (RSE): the squared error relative to that of predicting the mean of the targets.

    It is ``1 - r2_score(...)``, except that constant targets give infinity or NaN. 0 is best.

    .. math:: E = \frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i (t_i - \bar t)^2}

    with predictions :math:`p`, targets :math:`t` of weighted mean :math:`\bar t`, and weights :math:`w`.

    Parameters
    ----------
    predictions : tensor
        Numbers (N,), or (N, D) for D columns.
    targets : tensor
        Numbers of the same shape.
    squared : bool
        False for the square root.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights : tensor, optional
        Weight of each item (N,) or entry (N, D); booleans select.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count; the rest are ignored, whatever they hold.

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
    r2_score, normalized_root_mean_squared_error

    References
    ----------
    .. [1] ``torchmetrics.functional.relative_squared_error``

    Examples
    --------
    >>> from objectives import relative_squared_error
    >>> print(relative_squared_error([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]).eval())
    1.0
    """
    given = columns(predictions, targets, mask, weights)
    error = norm(given.errors, given.weights) / moments(given.targets, given.weights)[2]
    return given.result(pt.square(error) if squared else error, multioutput)


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
