"""Medians of errors, which outliers do not move."""

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._typing import MultiOutput, TensorLike
from objectives.lookup import REALS, described
from objectives.metrics._columns import columns
from objectives.ops.selection import equal, where
from objectives.ops.sorting import weighted_quantile
from objectives.ops.statistics import joined

__all__ = [
    "median_absolute_deviation",
    "median_absolute_error",
    "median_absolute_percentage_error",
    "median_error",
    "median_percentage_error",
]


@described(best="min", per="set", train_with="absolute_error", predictions=REALS, targets=REALS)
def median_absolute_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Median absolute error: the median of the absolute errors, which outliers do not move.

    Choose it over the mean of `absolute_error` if a few errors are huge. An item of weight 2 counts as two, and the
    median of an even number of items is halfway between the middle two. All items are kept across batches. In astroNN
    it is ``median_absolute_deviation``, and 1.4826 times it is ``mad_std``; see `median_absolute_deviation`.

    .. math:: E = \mathrm{median}_i\, |p_i - t_i|

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

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
    .. [1] ``sklearn.metrics.median_absolute_error``

    Examples
    --------
    >>> from objectives import median_absolute_error
    >>> print(median_absolute_error([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).eval())
    0.5
    """
    given = columns(predictions, targets, mask, weights)
    return _median_of(given, pt.abs(given.errors), multioutput)


@described(best=None, per="set", train_with="absolute_error", predictions=REALS, targets=REALS)
def median_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Median error: the median of the signed errors, a bias that outliers do not move.

    Choose it beside `median_absolute_error` to see a bias. It is positive where predictions are too high, like
    `signed_error` and unlike astroNN's function of this name. Items are weighted and kept across batches as in
    `median_absolute_error`.

    .. math:: E = \mathrm{median}_i\, (p_i - t_i)

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

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
    .. [1] ``numpy.median``

    Examples
    --------
    >>> from objectives import median_error
    >>> print(median_error([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).eval())
    0.25
    """
    given = columns(predictions, targets, mask, weights)
    return _median_of(given, given.errors, multioutput)


@described(best="min", per="set", train_with="absolute_error", predictions=REALS, targets=REALS)
def median_absolute_deviation(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    factor: float = 1.0,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Median absolute deviation (MAD): the spread of the errors around their median.

    Choose it over `median_absolute_error`, which astroNN calls by this name, if a constant bias is harmless, and over
    `root_mean_squared_error` if outliers must not count. Items are weighted and kept across batches as in the former.

    .. math:: E = c\; \mathrm{median}_i\, \bigl|e_i - \mathrm{median}_j\, e_j\bigr|, \qquad e_i = p_i - t_i

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    factor : float
        The factor c; 1.4826 estimates the standard deviation of normal errors.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

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
    .. [1] ``scipy.stats.median_abs_deviation``

    Examples
    --------
    >>> from objectives import median_absolute_deviation
    >>> print(median_absolute_deviation([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).eval())
    0.5
    """
    given = columns(predictions, targets, mask, weights)
    errors, w = joined(given.errors), joined(given.weights)
    deviations = pt.abs(errors - weighted_quantile(errors, w, 0.5))
    return given.result(factor * weighted_quantile(deviations, w, 0.5), multioutput)


@described(best=None, per="set", train_with="absolute_percentage_error", predictions=REALS, targets=REALS)
def median_percentage_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    factor: float = 100.0,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Median percentage error: the median of the signed errors as percentages of the target.

    Choose it to see a bias, and `median_absolute_percentage_error` for the size of errors. It is positive where
    predictions are too low, unlike `median_error`. For a target of 0 the error is infinite, and an exact prediction
    does not count. Items are weighted and kept across batches as in `median_absolute_error`.

    .. math:: E = 100\; \mathrm{median}_i\, \frac{t_i - p_i}{t_i}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    factor : float
        The factor 100; 1 gives fractions.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

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
    .. [1] ``numpy.nanmedian``

    Examples
    --------
    >>> from objectives import median_percentage_error
    >>> print(median_percentage_error([1.0, 3.0, 5.0], [2.0, 4.0, 4.0]).eval())
    25.0
    """
    given, ratios = _ratios(columns(predictions, targets, mask, weights))
    return _median_of(given, ratios, multioutput, factor)


@described(best="min", per="set", train_with="absolute_percentage_error", predictions=REALS, targets=REALS)
def median_absolute_percentage_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    factor: float = 100.0,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Median absolute percentage error (MdAPE): the median of the absolute errors as percentages of the target.

    Choose it over the mean of `absolute_percentage_error`, which targets near 0 dominate. For a target of 0 the error
    is infinite, and an exact prediction does not count. Items are weighted and kept across batches as in
    `median_absolute_error`.

    .. math:: E = 100\; \mathrm{median}_i\, \Bigl|\frac{p_i - t_i}{t_i}\Bigr|

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    factor : float
        The factor 100; 1 gives fractions.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

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
    .. [1] ``numpy.nanmedian``

    Examples
    --------
    >>> from objectives import median_absolute_percentage_error
    >>> print(median_absolute_percentage_error([1.0, 3.0, 5.0], [2.0, 4.0, 4.0]).eval())
    25.0
    """
    given, ratios = _ratios(columns(predictions, targets, mask, weights))
    return _median_of(given, pt.abs(ratios), multioutput, factor)


def _median_of(given, x, multioutput, factor=1.0):
    return given.result(factor * weighted_quantile(joined(x), joined(given.weights), 0.5), multioutput)


def _ratios(given):
    """Target minus prediction, divided by the target, of a zero without its sign; 0 / 0 gets weight 0."""
    zero = equal(given.targets, 0)
    none = zero & equal(given.errors, 0)
    ratios = -given.errors / where(none, 1, where(zero, 0, given.targets))
    return given._replace(weights=where(none, 0, given.weights)), ratios
