"""Losses of counts: Poisson and negative binomial negative log-likelihoods."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import elementwise
from objectives._typing import TensorLike
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.losses._terms import finished, with_parameters
from objectives.ops.selection import nan_where, not_negative, scaled, where

__all__ = ["negative_binomial_nll_loss", "poisson_nll_loss", "poisson_nll_loss_with_log_rate"]


@described(smooth=True, minimizer="mean", predictions=NON_NEGATIVE, targets=NON_NEGATIVE, dispersion=NON_NEGATIVE)
def negative_binomial_nll_loss(
    predictions: TensorLike,
    targets: TensorLike,
    dispersion: TensorLike,
    *,
    full: bool = False,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Negative binomial negative log-likelihood of counts, given predicted means and dispersions, element by element.

    Choose it over `poisson_nll_loss` for overdispersed counts: their variance is :math:`p + \alpha p^2` (NB2, the
    mean-dispersion form). A dispersion of 0 is the Poisson distribution.

    .. math:: L = \log \frac{\Gamma(r)}{\Gamma(t + r)} + (t + r) \log (1 + \alpha p) - t \log \alpha p \; [+ \log t!],
        \qquad r = 1 / \alpha, \quad 0 \log 0 = 0

    Parameters
    ----------
    predictions, targets : tensor of float
        Means p (...), not negative, where 0 costs infinity for a count above 0; and counts t, not necessarily whole.
    dispersion : tensor
        Dispersions :math:`\alpha`, not negative and finite: (...), or broadcastable to it, such as a column (N, 1).
        SciPy's ``n``, PyMC's ``alpha`` and R's ``theta`` are :math:`1 / \alpha`.
    full : bool
        Whether to add :math:`\log t!`, which makes the loss exactly -log of the probability.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...); NaN where an argument is negative. Value and gradients keep their digits as the dispersion goes to
        0, but the gradient by p loses as many digits as :math:`\alpha p` has.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Hilbe, J. M. (2011), "Negative binomial regression", doi:10.1017/CBO9780511973420; DeepAR: arXiv:1704.04110

    Examples
    --------
    >>> from objectives import negative_binomial_nll_loss
    >>> print(negative_binomial_nll_loss([2.0, 2.0], [3, 3], [0.0, 0.5], full=True).eval().round(4))
    [1.7123 2.0794]
    """
    p, t, a, mask = with_parameters(predictions, targets, mask, dispersion=dispersion)
    dtype = p.dtype
    if dtype == "float16":  # sums of terms that are larger than the loss
        p, t, a = (x.astype("float32") for x in (p, t, a))
    p, t, a = not_negative(p), nan_where(t < 0, t), nan_where(a < 0, a)
    # see `poisson_nll_loss`
    log_p = pt.log(where(pt.neq(t, 0) | pt.neq(p, 0), p, 1))
    spread = p * _log1p_ratio(a * p) + t * pt.log1p(a * p)
    loss = _with_factorial(spread - scaled(t, log_p) - _rising(t, a), t, full)
    return finished(loss.astype(dtype), mask)


@described(convex=True, smooth=True, minimizer="mean", predictions=NON_NEGATIVE, targets=NON_NEGATIVE)
def poisson_nll_loss(
    predictions: TensorLike, targets: TensorLike, *, full: bool = False, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Poisson loss: the negative log-likelihood of counts, given their predicted rates, element by element.

    Choose it for counts and event rates, and `poisson_nll_loss_with_log_rate` for a model that predicts log-rates.

    .. math:: L = p - t \log p \; [+ \log t!], \qquad 0 \log 0 = 0

    Parameters
    ----------
    predictions : tensor of float
        Rates p (...), not negative.
    targets : tensor
        Counts t (...), not negative; they need not be whole numbers.
    full : bool
        Whether to add :math:`\log t!`, which makes the loss exactly -log of the probability.
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
    A rate of 0 costs infinity where something was counted. Negative rates and counts give NaN.

    References
    ----------
    .. [1] McCullagh, P. and Nelder, J. A. (1989), "Generalized linear models", doi:10.1201/9780203753736

    Examples
    --------
    >>> from objectives import poisson_nll_loss
    >>> print(poisson_nll_loss([0.0, 2.0], [0, 3], full=True).eval().round(4))
    [0.     1.7123]
    """
    p, t, mask = elementwise(predictions, targets, mask, fill=1)
    p, t = not_negative(p), nan_where(t < 0, t)
    # 0 log 0: a rate of 1 goes into the logarithm, since no selection afterwards removes 0 / 0 from its gradient
    return finished(_with_factorial(p - scaled(t, pt.log(where(pt.neq(t, 0) | pt.neq(p, 0), p, 1))), t, full), mask)


@described(convex=True, smooth=True, minimizer="log mean", log_rate=REALS, targets=NON_NEGATIVE)
def poisson_nll_loss_with_log_rate(
    log_rate: TensorLike, targets: TensorLike, *, full: bool = False, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Poisson loss of log-rates: the negative log-likelihood of counts, element by element.

    The `poisson_nll_loss` of :math:`e^z`, for models whose output may be negative. For an exposure m, add
    :math:`\log m` to the log-rates.

    .. math:: L = e^z - t z \; [+ \log t!]

    Parameters
    ----------
    log_rate : tensor of float
        Logarithms z (...) of rates, any real numbers; -inf is fine where nothing was counted.
    targets : tensor
        Counts t (...), not negative, or they give NaN; they need not be whole numbers.
    full : bool
        Whether to add :math:`\log t!`, which makes the loss exactly -log of the probability.
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

    References
    ----------
    .. [1] McCullagh, P. and Nelder, J. A. (1989), "Generalized linear models", doi:10.1201/9780203753736

    Examples
    --------
    >>> from objectives import poisson_nll_loss_with_log_rate
    >>> print(poisson_nll_loss_with_log_rate([0.0, 1.0], [0, 3]).eval().round(4))
    [ 1.     -0.2817]
    """
    z, t, mask = elementwise(log_rate, targets, mask, names=("log_rate", "targets"))
    t = nan_where(t < 0, t)
    return finished(_with_factorial(pt.exp(z) - scaled(t, z), t, full), mask)


def _with_factorial(loss, t, full):
    return loss + pt.gammaln(t + 1) if full else loss


def _log1p_ratio(x):
    """``log(1 + x) / x`` of numbers that are not negative, 1 at 0, with derivatives that keep their digits there."""
    near = x < 0.25
    small, large = where(near, x, 0), where(near, 1, x)
    # the series of 2 atanh(z) = log(1 + x)
    z = small / (2 + small)
    series = np.asarray(0, x.dtype)
    for j in reversed(range(10)):
        series = np.asarray(1 / (2 * j + 1), x.dtype) + pt.square(z) * series
    return where(near, series * (1 - z), pt.log1p(large) / large)


def _rising(t, a):
    """``log(gamma(t + r) a**t / gamma(r))`` for r = 1 / a, which for whole t is the sum of ``log(1 + a k)``, k < t.

    Stirling's series at r + 10, where it is short, and ten factors: nothing that cancels as a or t goes to 0.
    """
    x, inverse = a * t / (1 + 10 * a), a / (1 + 10 * a)
    factors = sum(pt.log1p(a * t / (1 + k * a)) for k in range(10))
    main = t * ((1 + x) * _log1p_ratio(x) - 1 + pt.log1p(10 * a)) - pt.log1p(x) / 2
    return main - factors - _stirling_difference(inverse, x)


def _stirling_difference(b, x):
    """What Stirling's formula lacks to the log-gamma function at 1 / b, less what it lacks at (1 + x) / b.

    Each power of 1 / b in its series is factored: the difference of powers of b and c is b - c times a sum.
    """
    c = b / (1 + x)
    total, power, quotient = np.asarray(1 / 12, b.dtype), b, np.asarray(1, b.dtype)
    for coefficient in (-1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360):
        quotient = pt.square(c) * quotient + power * (b + c)
        power = power * pt.square(b)
        total = total + np.asarray(coefficient, b.dtype) * quotient
    return x * c * total
