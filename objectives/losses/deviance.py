"""The Tweedie deviance: the loss of generalized linear models whose variance is a power of the mean."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import log_ratio, power_of
from objectives._inputs import elementwise
from objectives._options import known_number
from objectives._typing import TensorLike
from objectives.lookup import POSITIVE, REALS, described
from objectives.losses._terms import finished
from objectives.losses.regression import squared_error
from objectives.ops.selection import equal, nan_where, not_negative, scaled, where

__all__ = ["tweedie_deviance"]


@described(smooth=True, minimizer="mean", minimum=0, predictions=POSITIVE, targets=REALS)
def tweedie_deviance(
    predictions: TensorLike, targets: TensorLike, *, power: float = 0.0, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Tweedie deviance: the loss of a mean whose variance is a power of it, element by element.

    Choose the power by the targets: 0 normal (`squared_error`), 1 Poisson, between 1 and 2 compound Poisson-gamma
    (amounts with many zeros), 2 gamma, 3 inverse Gaussian. Only powers 0 and 1 are convex in p.

    .. math:: L = \begin{cases} (t - p)^2 & k = 0 \\
        2 \bigl(t \log \frac{t}{p} + p - t\bigr) & k = 1 \\ 2 \bigl(\log \frac{p}{t} + \frac{t}{p} - 1\bigr) & k = 2 \\
        2 \Bigl(\frac{\max(t, 0)^{2 - k}}{(1 - k)(2 - k)} - \frac{t\, p^{1 - k}}{1 - k} + \frac{p^{2 - k}}{2 - k}\Bigr)
        & \text{otherwise} \end{cases}

    Parameters
    ----------
    predictions : tensor of float
        Means p (...), positive; any real numbers for ``power=0``. At 0 the deviance is its limit, whose gradient is
        infinite for powers above 1, or NaN if the target is 0, too.
    targets : tensor
        Targets t (...): real for a power up to 0, not negative from 1 to below 2, positive from 2 on.
    power : float
        Power k of the variance: at most 0, or at least 1. No such distribution exists in between.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Deviances (...), 0 where p = t; NaN for values outside these ranges.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if there is no distribution for `power`.

    References
    ----------
    .. [1] Jørgensen, B. (1987), "Exponential dispersion models", doi:10.1111/j.2517-6161.1987.tb01685.x

    Examples
    --------
    >>> from objectives import tweedie_deviance
    >>> print(tweedie_deviance([1.0, 2.0], [0.0, 4.0], power=1.5).eval().round(4))
    [4.     0.9706]
    """
    k = known_number(power)
    if k is None:
        raise TypeError(f"power must be a number that is known when the loss is built, not {power!r}")
    if not (-np.inf < k <= 0 or 1 <= k < np.inf):
        raise ValueError(f"power must be at most 0 or at least 1, not {k}: no distribution exists between")
    p, t, mask = elementwise(predictions, targets, mask, fill=1)
    if k == 0:
        return squared_error(p, t, mask=mask)
    p = not_negative(p)
    outside = pt.isnan(p + t)
    if k >= 1:
        outside |= t < 0 if k < 2 else t <= 0
    # with a target of 1 the gradient depends on the prediction, and is NaN; for the mask see `classwise`
    t = where(outside if mask is None else outside | pt.invert(mask), 1, t)
    # the deviance has a pole at a prediction of 0
    pole = equal(p, 0) & (t > 0) if k > 1 else None
    q = p if pole is None else where(pole, 1, p)
    deviance = 2 * (scaled(t, _difference(t, q, 1 - k)) - _difference(t, q, 2 - k))
    deviance = deviance if pole is None else where(pole, t / p, deviance)
    return finished(nan_where(outside, deviance), mask)


def _difference(t, p, exponent):
    """``(t**exponent - p**exponent) / exponent``, or its limit ``log(t / p)`` for 0; powers of t <= 0 count as 0.

    They are 0, or the caller multiplies them by t = 0. With expm1 the difference of close powers, or of exponents near
    0, keeps its digits; starting from the greater power, nothing overflows on the way.
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
