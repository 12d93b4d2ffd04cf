"""Losses of relative errors: percentages of the target, and differences of logarithms."""

import pytensor.tensor as pt

from objectives._inputs import elementwise, option
from objectives._options import positive
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.losses._terms import finished
from objectives.ops.selection import absolute, nan_where, where

__all__ = [
    "absolute_percentage_error",
    "percentage_error",
    "squared_logarithmic_error",
    "symmetric_absolute_percentage_error",
]


@described(convex=True, minimiser="median weighted by 1 / target", minimum=0, predictions=REALS, targets=REALS)
def absolute_percentage_error(predictions, targets, *, scale=100.0, eps=1e-7, mask=None):
    r"""Absolute error in percent of the target, element by element.

    .. math:: L = 100\, \frac{|p - t|}{\max(|t|, \varepsilon)}

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers, usually not near 0. A vector is aligned with a column of predictions, see
        `align_targets`.
    scale : float or tensor
        The factor 100; 1 gives fractions, as scikit-learn does.
    eps : float or tensor
        Least denominator :math:`\varepsilon`, positive.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Percentages (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.
    ValueError
        If `eps` is a number that is not positive.

    Notes
    -----
    A target of 0 costs the absolute error times ``scale / eps``: mask such targets, or aggregate the `absolute_error`
    and divide by the sum of the absolute targets. What is too high may cost more than 100 %, what is too low not.

    References
    ----------
    .. [1] Hyndman, R. J. and Koehler, A. B. (2006), "Another look at measures of forecast accuracy", International
       Journal of Forecasting 22, doi:10.1016/j.ijforecast.2006.03.001

    Examples
    --------
    >>> from objectives import absolute_percentage_error
    >>> print(absolute_percentage_error([1.0, 6.0], [2.0, -4.0]).eval())
    [ 50. 250.]
    """
    predictions, targets, mask = elementwise(predictions, targets, mask)
    fraction = absolute(predictions - targets) / _at_least(eps, pt.abs(targets))
    return finished(option(scale, "scale", predictions) * fraction, mask)


@described(best=None, convex=True, smooth=True, minimiser="unbounded", predictions=REALS, targets=REALS)
def percentage_error(predictions, targets, *, scale=100.0, eps=1e-7, mask=None):
    r"""Signed error in percent of the target, element by element: positive where the prediction falls short.

    .. math:: L = 100\, \frac{t - p}{t}

    with the predictions :math:`p` and the targets :math:`t`; denominators between :math:`-\varepsilon` and
    :math:`\varepsilon` are replaced by :math:`\varepsilon` with the sign of t (that of 0 is positive).

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers, usually not near 0. A vector is aligned with a column of predictions, see
        `align_targets`.
    scale : float or tensor
        The factor 100; 1 gives fractions.
    eps : float or tensor
        Least absolute value :math:`\varepsilon` of the denominator, positive.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Percentages (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.
    ValueError
        If `eps` is a number that is not positive.

    Notes
    -----
    This is to be looked at, not to be minimised: it has no minimum. Its mean is the mean percentage error, with the
    sign of forecasting (target minus prediction), which is not that of `signed_error`.

    References
    ----------
    .. [1] Hyndman, R. J. and Koehler, A. B. (2006), "Another look at measures of forecast accuracy", International
       Journal of Forecasting 22, doi:10.1016/j.ijforecast.2006.03.001

    Examples
    --------
    >>> from objectives import percentage_error
    >>> print(percentage_error([1.0, 6.0, -6.0], [2.0, 4.0, -4.0]).eval())
    [ 50. -50. -50.]
    """
    predictions, targets, mask = elementwise(predictions, targets, mask)
    size = _at_least(eps, pt.abs(targets))
    fraction = (targets - predictions) / where(targets < 0, -size, size)
    loss = option(scale, "scale", predictions) * fraction
    return finished(nan_where(pt.isnan(loss), loss), mask)


@described(symmetric=True, minimiser="target", minimum=0, predictions=REALS, targets=REALS)
def symmetric_absolute_percentage_error(predictions, targets, *, scale=100.0, eps=1e-7, mask=None):
    r"""Absolute error in percent of the mean size of prediction and target, element by element.

    .. math:: L = 100\, \frac{2\, |p - t|}{\max(|p| + |t|, \varepsilon)}

    with the predictions :math:`p` and the targets :math:`t`. It is between 0 and 200 %, and 0 where both are 0.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    scale : float or tensor
        The factor 100; 1 gives fractions between 0 and 2, as torchmetrics does.
    eps : float or tensor
        Least denominator :math:`\varepsilon`, positive.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Percentages (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.
    ValueError
        If `eps` is a number that is not positive.

    Notes
    -----
    It is 200 % wherever prediction and target have different signs, with a gradient of 0: a model has to start on
    the right side.

    References
    ----------
    .. [1] Makridakis, S. (1993), "Accuracy measures: theoretical and practical concerns", International Journal of
       Forecasting 9, doi:10.1016/0169-2070(93)90079-3

    Examples
    --------
    >>> from objectives import symmetric_absolute_percentage_error
    >>> print(symmetric_absolute_percentage_error([3.0, 0.0, 1.0], [1.0, 0.0, -5.0]).eval())
    [100.   0. 200.]
    """
    predictions, targets, mask = elementwise(predictions, targets, mask)
    total = pt.abs(predictions) + pt.abs(targets)
    size = _at_least(eps, total)
    # Where the signs differ the fraction is 1: the parts of its gradient would cancel but for rounding.
    opposite = (predictions * targets < 0) & (total >= size)
    fraction = where(opposite, 1, absolute(predictions - targets) / size)
    return finished(2 * option(scale, "scale", predictions) * fraction, mask)


@described(
    symmetric=True,
    smooth=True,
    minimiser="geometric mean of 1 + target, less 1",
    minimum=0,
    predictions=NON_NEGATIVE,
    targets=NON_NEGATIVE,
)
def squared_logarithmic_error(predictions, targets, *, mask=None):
    r"""Squared difference of the logarithms of 1 + x, element by element.

    .. math:: L = \Bigl(\log(1 + \max(p, 0)) - \log(1 + \max(t, 0))\Bigr)^2

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), not negative.
    targets : tensor
        Targets (...), not negative, usually counts or sizes of many magnitudes. A vector is aligned with a column of
        predictions, see `align_targets`.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.

    Notes
    -----
    Negative predictions count as 0, as in Keras, and have a gradient of 0: a model that may start below 0 needs an
    output that cannot be negative, such as ``pt.softplus``. At 0 itself the gradient is that of positive numbers.
    Negative targets give NaN. The root of the mean is the RMSLE:
    ``pt.sqrt(aggregate(squared_logarithmic_error(predictions, targets)))``.

    References
    ----------
    .. [1] Chollet, F. et al. (2015), "Keras", ``keras.losses.MeanSquaredLogarithmicError``, https://keras.io

    Examples
    --------
    >>> from objectives import squared_logarithmic_error
    >>> print(squared_logarithmic_error([0.0, 9.0, -5.0], [0.0, 99.0, 0.0]).eval().round(4))
    [0.     5.3019 0.    ]
    """
    predictions, targets, mask = elementwise(predictions, targets, mask)
    targets = nan_where(targets < 0, targets)
    return finished(pt.square(_log1p_of_positive(predictions) - pt.log1p(targets)), mask)


def _at_least(eps, x):
    eps = option(positive(eps, "eps"), "eps", x)
    return where(x < eps, eps, x)


def _log1p_of_positive(x):
    return pt.log1p(where(x < 0, 0, x))
