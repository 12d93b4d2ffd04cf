"""Regression: the share of the variance of the targets that predictions explain."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import ratio
from objectives._options import whole_number
from objectives._typing import MultiOutput, TensorLike
from objectives.lookup import REALS, described
from objectives.metrics._columns import columns, moments, norm, of_two_or_more, one_minus_ratio
from objectives.ops.selection import relu, where

__all__ = ["explained_variance", "r2_score", "relative_squared_error"]


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

    1 is best; the mean of the targets, :math:`\bar t`, gives 0. Choose it to compare targets of different scale, and
    `explained_variance` if a constant error is harmless. :math:`\bar R^2` is adjusted for k regressors and n items.

    .. math:: R^2 = 1 - \frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i (t_i - \bar t)^2}, \qquad
        \bar R^2 = 1 - (1 - R^2) \frac{n - 1}{n - k - 1}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    multioutput : {"uniform_average", "raw_values", "variance_weighted"}
        Mean over the columns, equal or by the variance of the targets, or one value per column.
    num_regressors : int
        Number k of regressors to adjust for, as ``adjusted`` of torchmetrics; 0 adjusts nothing.
    force_finite : bool
        Whether constant targets give 1 if predicted exactly and 0 otherwise, rather than NaN and -inf.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar, or (D,) for raw values; NaN for fewer than k + 2 items.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    References
    ----------
    .. [1] ``sklearn.metrics.r2_score``
    .. [2] TFLearn's weighted R2 is ``aggregate(squared_error(p, x), w) / aggregate(squared_error(t, x), w)``

    Examples
    --------
    >>> from objectives import r2_score
    >>> print(r2_score([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).eval().round(4))
    0.9486
    """
    whole_number(num_regressors, "num_regressors", 0)
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

    Choose it over `r2_score` if a constant error is harmless. 1 is best. Variances are weighted.

    .. math:: E = 1 - \frac{\mathrm{Var}(t - p)}{\mathrm{Var}(t)}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    multioutput : {"uniform_average", "raw_values", "variance_weighted"}
        Mean over the columns, equal or by the variance of the targets, or one value per column.
    force_finite : bool
        Whether constant targets give 1 if the errors are constant too and 0 otherwise, rather than NaN and -inf.
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

    Choose it if smaller must be better: it is 1 minus the `r2_score`, but infinite or NaN for constant targets.
    0 is best. Its root is the `normalized_root_mean_squared_error` with normalization "std".

    .. math:: E = \frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i (t_i - \bar t)^2}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    squared : bool
        False for the square root, the root relative squared error (RRSE).
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
