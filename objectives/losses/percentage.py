"""Losses of relative errors: percentage errors and the squared logarithmic error."""

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import elementwise, option
from objectives._options import positive
from objectives._typing import TensorLike
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.losses._terms import finished
from objectives.ops.selection import absolute, nan_where, where

__all__ = [
    "absolute_percentage_error",
    "percentage_error",
    "squared_logarithmic_error",
    "symmetric_absolute_percentage_error",
]


@described(convex=True, minimizer="median weighted by 1 / target", minimum=0, predictions=REALS, targets=REALS)
def absolute_percentage_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    factor: TensorLike = 100.0,
    epsilon: TensorLike = 1e-7,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Absolute percentage error: the absolute error in percent of the target, element by element.

    Its mean is MAPE. Targets of 0 cost ``factor / epsilon`` times the absolute error: mask them or use another loss.

    .. math:: L = 100\, \frac{|p - t|}{\max(|t|, \varepsilon)}

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    factor : float or tensor
        The factor 100; 1 gives fractions, as in scikit-learn.
    epsilon : float or tensor
        Smallest denominator, positive.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Percentages (...).

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if `epsilon` is not positive.

    References
    ----------
    .. [1] Hyndman, R. J. and Koehler, A. B. (2006), "Another look at measures of forecast accuracy",
       doi:10.1016/j.ijforecast.2006.03.001

    Examples
    --------
    >>> from objectives import absolute_percentage_error
    >>> print(absolute_percentage_error([1.0, 6.0], [2.0, -4.0]).eval())
    [ 50. 250.]
    """
    p, t, mask = elementwise(predictions, targets, mask)
    fraction = absolute(p - t) / _at_least(epsilon, pt.abs(t))
    return finished(option(factor, "factor", p) * fraction, mask)


@described(best=None, convex=True, smooth=True, minimizer="unbounded", predictions=REALS, targets=REALS)
def percentage_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    factor: TensorLike = 100.0,
    epsilon: TensorLike = 1e-7,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Percentage error: target minus prediction in percent of the target, element by element.

    For inspection; it has no minimum. The sign is that of forecasting, opposite to `signed_error`; the mean is MPE.

    .. math:: L = 100\, \frac{t - p}{s \max(|t|, \varepsilon)}, \qquad s = -1 \text{ if } t < 0, \text{ else } 1

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    factor : float or tensor
        The factor 100; 1 gives fractions.
    epsilon : float or tensor
        Smallest size of the denominator, positive.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Percentages (...), positive below a positive target and above a negative one.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if `epsilon` is not positive.

    References
    ----------
    .. [1] Hyndman, R. J. and Koehler, A. B. (2006), "Another look at measures of forecast accuracy",
       doi:10.1016/j.ijforecast.2006.03.001

    Examples
    --------
    >>> from objectives import percentage_error
    >>> print(percentage_error([1.0, 6.0, -6.0], [2.0, 4.0, -4.0]).eval())
    [ 50. -50. -50.]
    """
    p, t, mask = elementwise(predictions, targets, mask)
    size = _at_least(epsilon, pt.abs(t))
    fraction = (t - p) / where(t < 0, -size, size)
    loss = option(factor, "factor", p) * fraction
    return finished(nan_where(pt.isnan(loss), loss), mask)


@described(symmetric=True, minimizer="target", minimum=0, predictions=REALS, targets=REALS)
def symmetric_absolute_percentage_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    factor: TensorLike = 100.0,
    epsilon: TensorLike = 1e-7,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Symmetric absolute percentage error: relative to the mean size of prediction and target, element by element.

    Unlike `absolute_percentage_error` it is bounded, by 200 %; its mean is SMAPE. It is 200 % wherever the signs of
    prediction and target differ, with a gradient of 0: start training on the right side of 0.

    .. math:: L = 100\, \frac{2\, |p - t|}{\max(|p| + |t|, \varepsilon)}

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    factor : float or tensor
        The factor 100; 1 gives fractions between 0 and 2, as in torchmetrics.
    epsilon : float or tensor
        Smallest denominator, positive.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Percentages (...), 0 where prediction and target are 0.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if `epsilon` is not positive.

    References
    ----------
    .. [1] Makridakis, S. (1993), "Accuracy measures", doi:10.1016/0169-2070(93)90079-3

    Examples
    --------
    >>> from objectives import symmetric_absolute_percentage_error
    >>> print(symmetric_absolute_percentage_error([3.0, 0.0, 1.0], [1.0, 0.0, -5.0]).eval())
    [100.   0. 200.]
    """
    p, t, mask = elementwise(predictions, targets, mask)
    total = pt.abs(p) + pt.abs(t)
    size = _at_least(epsilon, total)
    # The fraction is 1 where the signs differ: if it were computed, the parts of its gradient would not cancel exactly.
    opposite = (p * t < 0) & (total >= size)
    fraction = absolute(where(opposite, 1, p - t)) / where(opposite, 1, size)
    return finished(2 * option(factor, "factor", p) * fraction, mask)


@described(
    symmetric=True,
    smooth=True,
    minimizer="geometric mean of 1 + target, less 1",
    minimum=0,
    predictions=NON_NEGATIVE,
    targets=NON_NEGATIVE,
)
def squared_logarithmic_error(
    predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Squared logarithmic error: the squared difference of log(1 + x), element by element.

    Choose it for counts or sizes that span orders of magnitude. Its mean is MSLE, the root of that RMSLE.

    .. math:: L = \Bigl(\log(1 + \max(p, 0)) - \log(1 + t)\Bigr)^2

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), not negative.
    targets : tensor
        Targets t (...), not negative; negative ones give NaN.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    Notes
    -----
    Negative predictions count as 0, as in Keras, with a gradient of 0. If a model may start below 0, give it an output
    that cannot be negative, such as ``pt.softplus``. At 0 the gradient is that of positive predictions.

    References
    ----------
    .. [1] Chollet, F. et al. (2015), "Keras", ``keras.losses.MeanSquaredLogarithmicError``, https://keras.io

    Examples
    --------
    >>> from objectives import squared_logarithmic_error
    >>> print(squared_logarithmic_error([0.0, 9.0, -5.0], [0.0, 99.0, 0.0]).eval().round(4))
    [0.     5.3019 0.    ]
    """
    p, t, mask = elementwise(predictions, targets, mask)
    # NaN comes from the prediction: a negative one is replaced by a constant
    p = nan_where(t < 0, p)
    return finished(pt.square(_log1p_of_positive(p) - pt.log1p(t)), mask)


def _at_least(epsilon, x):
    epsilon = option(positive(epsilon, "epsilon"), "epsilon", x)
    return where(x < epsilon, epsilon, x)


def _log1p_of_positive(x):
    return pt.log1p(where(x < 0, 0, x))
