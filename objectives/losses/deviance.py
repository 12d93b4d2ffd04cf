"""Deviances: losses of the means of exponential dispersion models."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import log_ratio, power_of
from objectives._inputs import elementwise
from objectives._options import known_number
from objectives.lookup import POSITIVE, REALS, described
from objectives.losses._terms import finished
from objectives.losses.regression import squared_error
from objectives.ops.selection import equal, nan_where, scaled, where

__all__ = ["tweedie_deviance"]


@described(smooth=True, minimiser="mean", minimum=0, predictions=POSITIVE, targets=REALS)
def tweedie_deviance(predictions, targets, *, power=0.0, mask=None):
    r"""Unit deviance of Tweedie's distributions, whose variance is a power of the mean, element by element.

    .. math::
        L = \begin{cases}
        (t - p)^2 & k = 0 \\
        2 \bigl(t \log \frac{t}{p} + p - t\bigr) & k = 1 \\
        2 \bigl(\log \frac{p}{t} + \frac{t}{p} - 1\bigr) & k = 2 \\
        2 \Bigl(\frac{\max(t, 0)^{2 - k}}{(1 - k)(2 - k)} - \frac{t\, p^{1 - k}}{1 - k} + \frac{p^{2 - k}}{2 - k}
        \Bigr) & \text{otherwise}
        \end{cases}

    with the predictions :math:`p`, the targets :math:`t` and the power :math:`k`.

    Parameters
    ----------
    predictions : tensor of float
        Means (...), positive; any real numbers for ``power=0``.
    targets : tensor
        Targets (...): any real numbers for a power of 0 or less, not negative from 1 to below 2, positive from 2 on. A
        vector is aligned with a column of predictions, see `align_targets`.
    power : float
        Power :math:`k` of the variance, 0 or less or 1 or more: 0 normal, 1 Poisson, between 1 and 2 sums of a
        Poisson number of gamma variables, 2 gamma, 3 inverse Gaussian.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Deviances (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, the predictions are integers, or the power is no number.
    ValueError
        If the power is between 0 and 1, where there is no such distribution, or not finite.

    Notes
    -----
    Predictions and targets outside their ranges give NaN, but for predictions of 0, which cost what they cost in the
    limit; there the gradient is infinite for powers above 1, or NaN if the target is 0 too. The powers 1 and 2 are the
    Poisson and gamma deviances. All have their minimum of 0 at ``p = t``, where that is in the range of p, and are
    least, on average, at the mean. They are convex in p for the powers 0 and 1 only.

    References
    ----------
    .. [1] Jørgensen, B. (1987), "Exponential dispersion models", Journal of the Royal Statistical Society B 49,
       doi:10.1111/j.2517-6161.1987.tb01685.x

    Examples
    --------
    >>> from objectives import tweedie_deviance
    >>> print(tweedie_deviance([1.0, 2.0], [0.0, 4.0], power=1).eval().round(4))
    [2.     1.5452]
    >>> print(tweedie_deviance([1.0, 2.0], [0.0, 4.0], power=1.5).eval().round(4))
    [4.     0.9706]
    """
    k = known_number(power)
    if k is None:
        raise TypeError(f"power must be a number that is known when the loss is built, not {power!r}")
    if not (-np.inf < k <= 0 or 1 <= k < np.inf):
        raise ValueError(f"power must be 0 or less or 1 or more, not {k}: there is no distribution between")
    p, t, mask = elementwise(predictions, targets, mask, fill=1)
    if k == 0:
        return squared_error(p, t, mask=mask)
    # another condition than that of the predictions, as in `classwise`
    t = t if mask is None else where(pt.invert(mask), 1, t)
    # where the prediction is 0 the deviance has a pole
    pole = equal(p, 0) & (t > 0) if k > 1 else None
    q = p if pole is None else where(pole, 1, p)
    deviance = 2 * (scaled(t, _difference(t, q, 1 - k)) - _difference(t, q, 2 - k))
    deviance = deviance if pole is None else where(pole, t / p, deviance)
    outside = (p < 0) | pt.isnan(p + t)
    if k >= 1:
        outside |= t < 0 if k < 2 else t <= 0
    return finished(nan_where(outside, deviance), mask)


def _difference(t, p, exponent):
    """``(t**exponent - p**exponent) / exponent``, its limit ``log(t / p)`` for 0; the power of t up to 0 counts as 0.

    The latter is 0, or a factor of t makes it 0. Written with expm1, close powers keep the digits of their difference,
    and so do exponents near 0; starting from the greater power nothing overflows on the way.
    """
    if exponent == 1:
        return where(t > 0, t, 0) - p
    positive = t > 0
    start, end = where(positive, t, 1), where(positive, p, 1)
    log = log_ratio(end, start)
    if exponent == 0:
        return where(positive, -log, 0)
    exponent = np.asarray(exponent, dtype=p.dtype)
    grows = exponent * log > 0
    greater = power_of(where(grows, end, start), exponent, positive=True)
    step = greater * pt.expm1(exponent * where(grows, -log, log))
    at_zero = power_of(where(positive, 1, p), exponent, positive=True)
    return where(positive, where(grows, step, -step), -at_zero) / exponent
