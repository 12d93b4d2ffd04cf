"""Regression: how close predictions are to targets, and the share of the variance that they explain."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import ratio
from objectives._options import one_of, whole_number
from objectives.lookup import REALS, Range, described
from objectives.metrics._columns import columns, explained, moments, norm, of_two_or_more
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
    predictions, targets, *, multioutput="uniform_average", adjusted=0, force_finite=True, weights=None, mask=None
):
    r"""Coefficient of determination: the share of the variance of the targets that is explained.

    .. math::
        R^2 = 1 - \frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i (t_i - \bar t)^2}, \qquad
        \bar R^2 = 1 - (1 - R^2) \frac{n - 1}{n - k - 1}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), the weighted
    mean :math:`\bar t` of the targets; adjusted for :math:`k` predictors of :math:`n` items.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    multioutput : {"uniform_average", "raw_values", "variance_weighted"}
        The mean over the columns, one number for each, or their mean weighted by the variances of the targets.
    adjusted : int
        The number k of predictors to adjust for.
    force_finite : bool
        Whether constant targets give 1 if they are predicted exactly and 0 otherwise, rather than NaN and -inf.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Score (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown, or `adjusted` is no whole number from 0 on.

    Notes
    -----
    Fewer than two items give NaN, as in scikit-learn; adjusted, so do k + 1 or fewer. It is computed from centred
    moments, so that a large mean of the targets costs no digits. The weighted R2 of TFLearn, which compares with the
    inputs x instead of the mean, is ``aggregate(squared_error(p, x), w) / aggregate(squared_error(t, x), w)``.

    References
    ----------
    .. [1] ``sklearn.metrics.r2_score``

    Examples
    --------
    >>> from objectives import r2_score
    >>> print(r2_score([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).eval().round(4))
    0.9486
    """
    whole_number(adjusted, "adjusted", 0)
    given = columns(predictions, targets, mask, weights)
    number, variation = given.number(), moments(given.targets, given.weights)[2]
    score = explained(norm(given.errors, given.weights), variation, force_finite, power=2)
    if adjusted:
        free = number - adjusted - 1
        score = 1 - ratio((1 - score) * (number - 1), relu(free), np.nan)
    return given.result(of_two_or_more(number, score), multioutput, variation)


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def explained_variance(
    predictions, targets, *, multioutput="uniform_average", force_finite=True, weights=None, mask=None
):
    r"""Share of the variance of the targets that is explained, whatever the bias.

    .. math:: E = 1 - \frac{\mathrm{Var}(t - p)}{\mathrm{Var}(t)}

    with the weighted population variances of the errors of the predictions :math:`p` and of the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    multioutput : {"uniform_average", "raw_values", "variance_weighted"}
        The mean over the columns, one number for each, or their mean weighted by the variances of the targets.
    force_finite : bool
        Whether constant targets give 1 if the errors are constant too and 0 otherwise, rather than NaN and -inf.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Score (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    No items give NaN. A constant error costs nothing, unlike in `r2_score`. SymJAX's ``explained_variance`` is that of
    all entries as one vector, with 1e-6 added to the variance of the targets.

    References
    ----------
    .. [1] ``sklearn.metrics.explained_variance_score``

    Examples
    --------
    >>> from objectives import explained_variance
    >>> print(explained_variance([3.0, 0.5, 3.0, 8.0], [2.0, -0.5, 2.0, 7.0]).eval())
    1.0
    """
    given = columns(predictions, targets, mask, weights)
    of_errors, of_targets = moments(given.errors, given.weights), moments(given.targets, given.weights)
    score = where(pt.neq(of_targets[0], 0), explained(of_errors[2], of_targets[2], force_finite, power=2), np.nan)
    return given.result(score, multioutput, of_targets[2])


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def root_mean_squared_error(predictions, targets, *, multioutput="uniform_average", weights=None, mask=None):
    r"""Root of the mean squared error.

    .. math:: E = \sqrt{\frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i}}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given).

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Error (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    The root is taken of each column. No items give NaN. It is the root of the mean over all batches, not the mean of
    their roots.

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
    predictions, targets, *, multioutput="uniform_average", weights=None, mask=None
):
    r"""Root of the mean squared difference of the logarithms of 1 + x.

    .. math:: E = \sqrt{\frac{\sum_i w_i (\log(1 + p_i) - \log(1 + t_i))^2}{\sum_i w_i}}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given).

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, above -1.
    targets : tensor
        Targets of the same shape.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Error (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    The root is taken of each column. No items give NaN, and so do numbers below -1.

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
    predictions, targets, *, normalization="mean", multioutput="uniform_average", weights=None, mask=None
):
    r"""Root of the mean squared error, by what the size of the targets is.

    .. math:: E = \frac{1}{c} \sqrt{\frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i}}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), and their
    mean, range, population standard deviation or norm as :math:`c`.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    normalization : {"mean", "range", "std", "l2"}
        What :math:`c` is: the weighted mean, the range of what has a weight, the weighted standard deviation, or the
        root of the weighted sum of squares.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Error (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `normalization` or `multioutput` is unknown.

    Notes
    -----
    No items give NaN. Where c is 0 it is infinite, or NaN.

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
    size = _SIZES[one_of(normalization, "normalization", _SIZES)](given)
    return given.result(_root_mean_square(given, given.errors) / size, multioutput)


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def relative_squared_error(
    predictions, targets, *, squared=True, multioutput="uniform_average", weights=None, mask=None
):
    r"""Squared error by that of the mean of the targets.

    .. math:: E = \frac{\sum_i w_i (p_i - t_i)^2}{\sum_i w_i (t_i - \bar t)^2}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), and the
    weighted mean :math:`\bar t` of the targets.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    squared : bool
        False for the root of it.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Error (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    It is ``1 - r2_score(...)``, but infinite or NaN for constant targets. No items give NaN.

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


_SIZES = {
    "mean": lambda given: moments(given.targets, given.weights)[1],
    "range": _range,
    "std": _deviation,
    "l2": lambda given: norm(given.targets, given.weights),
}
