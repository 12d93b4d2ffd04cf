"""Medians of errors."""

import pytensor.tensor as pt

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


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def median_absolute_error(predictions, targets, *, multioutput="uniform_average", weights=None, mask=None):
    r"""Median of the absolute errors.

    .. math:: E = \mathrm{median}_i\, |p_i - t_i|

    with the predictions :math:`p` and the targets :math:`t`.

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
        Median (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    astroNN calls it ``median_absolute_deviation``, and 1.4826 times it ``mad_std``. An item of weight 0 counts nothing,
    one of weight 2 as two; of an even number of items it is half way between the two in the middle. No items give NaN.

    It is exact, at a price: all predictions, targets and weights are kept, so that memory grows with the data.

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


@described(best=None, per="set", differentiable=False, predictions=REALS, targets=REALS)
def median_error(predictions, targets, *, multioutput="uniform_average", weights=None, mask=None):
    r"""Median of the errors.

    .. math:: E = \mathrm{median}_i\, (p_i - t_i)

    with the predictions :math:`p` and the targets :math:`t`.

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
        Median (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    It is positive where predictions are too high, as `signed_error` is; that of astroNN has the opposite sign. An item
    of weight 0 counts nothing, one of weight 2 as two; of an even number of items it is half way between the two in the
    middle. No items give NaN.

    It is exact, at a price: all predictions, targets and weights are kept, so that memory grows with the data.

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


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def median_absolute_deviation(
    predictions, targets, *, scale=1.0, multioutput="uniform_average", weights=None, mask=None
):
    r"""Median absolute deviation of the errors from their median: their spread.

    .. math:: E = c\; \mathrm{median}_i\, \bigl|e_i - \mathrm{median}_j\, e_j\bigr|, \qquad e_i = p_i - t_i

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    scale : float
        The factor c; 1.4826 makes it the standard deviation of errors that are normal.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Median (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    A constant bias costs nothing. astroNN's function of this name is the `median_absolute_error`. An item of weight 0
    counts nothing, one of weight 2 as two; of an even number of items it is half way between the two in the middle. No
    items give NaN.

    It is exact, at a price: all predictions, targets and weights are kept, so that memory grows with the data.

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
    return given.result(scale * weighted_quantile(deviations, w, 0.5), multioutput)


@described(best=None, per="set", differentiable=False, predictions=REALS, targets=REALS)
def median_percentage_error(
    predictions, targets, *, scale=100.0, multioutput="uniform_average", weights=None, mask=None
):
    r"""Median of the signed errors in percent of the target: positive where predictions fall short.

    .. math:: E = 100\; \mathrm{median}_i\, \frac{t_i - p_i}{t_i}

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    scale : float
        The factor 100; 1 gives fractions.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Median (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    A target of 0 gives an infinite error, or none if it is predicted exactly: then the item does not count. An item of
    weight 0 counts nothing, one of weight 2 as two; of an even number of items it is half way between the two in the
    middle. No items give NaN.

    It is exact, at a price: all predictions, targets and weights are kept, so that memory grows with the data.

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
    return _median_of(given, ratios, multioutput, scale)


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def median_absolute_percentage_error(
    predictions, targets, *, scale=100.0, multioutput="uniform_average", weights=None, mask=None
):
    r"""Median of the absolute errors in percent of the target.

    .. math:: E = 100\; \mathrm{median}_i\, \Bigl|\frac{p_i - t_i}{t_i}\Bigr|

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    scale : float
        The factor 100; 1 gives fractions.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Median (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    A target of 0 gives an infinite error, or none if it is predicted exactly: then the item does not count. An item of
    weight 0 counts nothing, one of weight 2 as two; of an even number of items it is half way between the two in the
    middle. No items give NaN.

    It is exact, at a price: all predictions, targets and weights are kept, so that memory grows with the data.

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
    return _median_of(given, pt.abs(ratios), multioutput, scale)


def _median_of(given, x, multioutput, scale=1.0):
    return given.result(scale * weighted_quantile(joined(x), joined(given.weights), 0.5), multioutput)


def _ratios(given):
    """Errors by targets, target minus prediction; 0 / 0 has no weight."""
    none = equal(given.targets, 0) & equal(given.errors, 0)
    ratios = -given.errors / where(none, 1, given.targets)
    return given._replace(weights=where(none, 0, given.weights)), ratios
