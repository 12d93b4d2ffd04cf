"""Negative log-likelihoods of real targets, given their predicted location and spread."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import power_of
from objectives._inputs import option
from objectives._options import known_number, positive, share
from objectives._typing import TensorLike
from objectives.lookup import NON_NEGATIVE, POSITIVE, REALS, described
from objectives.losses._terms import finished, with_parameters
from objectives.ops.selection import absolute, equal, nan_where, where
from objectives.ops.softplus import softplus

__all__ = [
    "beta_nll_loss",
    "gaussian_nll_loss",
    "laplace_nll_loss",
    "robust_squared_error",
    "student_t_nll_loss",
]


@described(
    symmetric=True, convex=True, smooth=True, minimizer="mean", predictions=REALS, targets=REALS, variance=NON_NEGATIVE
)
def gaussian_nll_loss(
    predictions: TensorLike,
    targets: TensorLike,
    variance: TensorLike,
    *,
    full: bool = False,
    epsilon: TensorLike = 1e-6,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Gaussian negative log-likelihood of targets, given predicted means and variances, element by element.

    Choose it if the spread of the targets is predicted too; `robust_squared_error` takes log-variances.

    .. math:: L = \frac{1}{2} \bigl(\log v + \frac{(p - t)^2}{v}\, [+ \log 2 \pi]\bigr), \quad v = \max(s, \varepsilon)

    Parameters
    ----------
    predictions : tensor of float
        Means p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    variance : tensor
        Variances s, not negative: (...), or broadcastable to it, such as a column (N, 1).
    full : bool
        Whether to add :math:`\frac{1}{2} \log 2 \pi`, which makes the loss exactly -log of the density.
    epsilon : float
        Smallest variance, positive; below it the variance has a gradient of 0.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...); NaN for negative variances.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if `epsilon` is not positive.

    References
    ----------
    .. [1] Nix, D. A. and Weigend, A. S. (1994), "Estimating the mean and variance", doi:10.1109/ICNN.1994.374138

    Examples
    --------
    >>> from objectives import gaussian_nll_loss
    >>> print(gaussian_nll_loss([1.0, 2.0], [1.0, 0.0], [1.0, 4.0]).eval().round(4))
    [0.     1.1931]
    """
    p, t, v, mask = with_parameters(predictions, targets, mask, variance=variance)
    loss = _gaussian(p, t, _at_least(v, epsilon))
    return finished(loss + np.asarray(np.log(2 * np.pi) / 2, p.dtype) if full else loss, mask)


@described(
    symmetric=True, convex=True, smooth=True, minimizer="mean", predictions=REALS, targets=REALS, variance=NON_NEGATIVE
)
def beta_nll_loss(
    predictions: TensorLike,
    targets: TensorLike,
    variance: TensorLike,
    *,
    beta: TensorLike = 0.5,
    epsilon: TensorLike = 1e-6,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Beta-NLL: Gaussian negative log-likelihood weighted by variance**beta, element by element.

    Choose it if `gaussian_nll_loss` learns too slowly where the variance is large; the optimum does not depend on beta.
    PyTensor's gradient takes the bracketed factor as a constant; JAX's and PyTorch's, of a compiled function, do not.

    .. math:: L = \lfloor v^\beta \rfloor \bigl(\log v + (p - t)^2 / v\bigr) / 2, \qquad v = \max(s, \varepsilon)

    Parameters
    ----------
    predictions, targets : tensor of float
        Means p and targets t (...), any real numbers.
    variance : tensor
        Variances s, not negative: (...), or broadcastable to it, such as a column (N, 1).
    beta : float
        Exponent in [0, 1]: 0 is `gaussian_nll_loss`; 1 gives the mean the gradient of a squared error.
    epsilon : float
        Smallest variance, positive; below it the variance has a gradient of 0.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...); NaN for negative variances.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, `beta` is outside [0, 1], or `epsilon` is not positive.

    References
    ----------
    .. [1] Seitzer, M. et al. (2022), "On the pitfalls of heteroscedastic uncertainty estimation", arXiv:2203.09168

    Examples
    --------
    >>> from objectives import beta_nll_loss
    >>> print(beta_nll_loss([1.0, 2.0], [1.0, 0.0], [1.0, 4.0]).eval().round(4))
    [0.     2.3863]
    """
    share(beta, "beta")
    p, t, v, mask = with_parameters(predictions, targets, mask, variance=variance)
    v = _at_least(v, epsilon)
    factor = power_of(disconnected_grad(v), option(beta, "beta", p), positive=True)
    return finished(factor * _gaussian(p, t, v), mask)


@described(symmetric=True, convex=True, minimizer="median", predictions=REALS, targets=REALS, scale=POSITIVE)
def laplace_nll_loss(
    predictions: TensorLike,
    targets: TensorLike,
    scale: TensorLike,
    *,
    full: bool = False,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Laplace negative log-likelihood of targets, given predicted medians and scales, element by element.

    Choose it over `gaussian_nll_loss` for targets with outliers. The best scale is the mean absolute error.

    .. math:: L = \log b + \frac{|p - t|}{b} \; [+ \log 2]

    Parameters
    ----------
    predictions : tensor of float
        Medians p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    scale : tensor
        Scales b, positive: (...), or broadcastable to it, such as a column (N, 1).
    full : bool
        Whether to add :math:`\log 2`, which makes the loss exactly -log of the density.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...); NaN for scales that are not positive. Predict log b, or add a small number to a softplus.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Kotz, S., Kozubowski, T. J. and Podgórski, K. (2001), "The Laplace distribution and generalizations",
       doi:10.1007/978-1-4612-0173-1

    Examples
    --------
    >>> from objectives import laplace_nll_loss
    >>> print(laplace_nll_loss([1.0, 2.0], [1.0, 0.0], [1.0, 4.0]).eval().round(4))
    [0.     1.8863]
    """
    p, t, b, mask = with_parameters(predictions, targets, mask, scale=scale)
    b = nan_where(b <= 0, b)
    loss = pt.log(b) + absolute((p - t) / b)
    return finished(loss + np.asarray(np.log(2), p.dtype) if full else loss, mask)


@described(
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="mean",
    predictions=REALS,
    targets=REALS,
    log_variance=REALS,
    label_errors=NON_NEGATIVE,
)
def robust_squared_error(
    predictions: TensorLike,
    targets: TensorLike,
    log_variance: TensorLike,
    *,
    label_errors: TensorLike = 0.0,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Gaussian negative log-likelihood of log-variances, with known errors of the targets, element by element.

    Choose it over `gaussian_nll_loss` if the model predicts log-variances, or if targets have error bars. It is the
    ``robust_mse`` of astroNN, whose missing labels are ``mask=labelled(targets)``.

    .. math:: L = \frac{1}{2} \Bigl(\frac{(p - t)^2}{v} + \log v\Bigr), \qquad v = e^s + e^2

    Parameters
    ----------
    predictions : tensor of float
        Means p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    log_variance : tensor
        Logarithms s of variances, any real numbers: (...), or broadcastable to it.
    label_errors : float or tensor
        Known standard deviations e of the targets' errors, not negative: a number, or like `log_variance`.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...); NaN for negative errors.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances", arXiv:1808.04428 (astroNN)
    .. [2] Kendall, A. and Gal, Y. (2017), "What uncertainties do we need in Bayesian deep learning?", arXiv:1703.04977

    Examples
    --------
    >>> from objectives import robust_squared_error
    >>> print(robust_squared_error([1.0, 2.0], [1.0, 0.0], [0.0, 0.0], label_errors=[0.0, 2.0]).eval().round(4))
    [0.     1.2047]
    """
    p, t, s, e, mask = with_parameters(predictions, targets, mask, log_variance=log_variance, label_errors=label_errors)
    e = nan_where(e < 0, e)
    log_v = s if known_number(label_errors) == 0 else _log_total_variance(s, e)
    # An exact prediction costs 0 even if the weight is infinite, or its square, which rewrites put into the gradient.
    overflows = log_v < 1 - np.log(np.finfo(p.dtype).max)
    error = (p - t) * pt.exp(-where(equal(p, t) & overflows, 0, log_v) / 2)
    return finished((pt.square(error) + log_v) / 2, mask)


@described(
    symmetric=True,
    smooth=True,
    minimizer="target",
    predictions=REALS,
    targets=REALS,
    scale=POSITIVE,
    degrees_of_freedom=POSITIVE,
)
def student_t_nll_loss(
    predictions: TensorLike,
    targets: TensorLike,
    scale: TensorLike,
    *,
    degrees_of_freedom: TensorLike,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Student's t negative log-likelihood of targets, given predicted locations and scales, element by element.

    The most robust likelihood: the farther an outlier, the weaker its pull. Not convex: start from `laplace_nll_loss`.

    .. math:: L = \frac{\nu + 1}{2} \log \Bigl(1 + \frac{(p - t)^2}{\nu b^2}\Bigr) + \log b + \frac{1}{2} \log \nu \pi
        + \log \Gamma \Bigl(\frac{\nu}{2}\Bigr) - \log \Gamma \Bigl(\frac{\nu + 1}{2}\Bigr)

    Parameters
    ----------
    predictions : tensor of float
        Locations p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    scale : tensor
        Scales b, positive: (...), or broadcastable to it, such as a column (N, 1).
    degrees_of_freedom : float or tensor
        Degrees of freedom :math:`\nu`, positive, like `scale`: 1 is the Cauchy distribution, infinity the normal.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...); NaN for scales and degrees of freedom that are not positive.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if `degrees_of_freedom` is not positive.

    References
    ----------
    .. [1] Lange, K. L. et al. (1989), "Robust statistical modeling using the t distribution",
       doi:10.1080/01621459.1989.10478852

    Examples
    --------
    >>> from objectives import student_t_nll_loss
    >>> print(student_t_nll_loss([1.0, 2.0], [1.0, 0.0], [1.0, 4.0], degrees_of_freedom=3.0).eval().round(4))
    [1.0009 2.5473]
    """
    positive(degrees_of_freedom, "degrees_of_freedom")
    p, t, b, nu, mask = with_parameters(predictions, targets, mask, scale=scale, degrees_of_freedom=degrees_of_freedom)
    b, nu = nan_where(b <= 0, b), nan_where(nu <= 0, nu)
    tail = (nu + 1) / 2 * _log1p_square(p - t, b * pt.sqrt(nu))
    return finished(tail + (pt.log(b) + _student_normalizer(nu / 2)), mask)


def _at_least(variance, epsilon):
    """The greater of variance and epsilon, with a gradient of 0 from 0 up to epsilon, and NaN below 0."""
    epsilon = option(positive(epsilon, "epsilon"), "epsilon", variance)
    return nan_where(variance < 0, where((variance >= 0) & (variance <= epsilon), epsilon, variance))


def _gaussian(p, t, variance):
    return (pt.log(variance) + pt.square((p - t) / pt.sqrt(variance))) / 2


def _log_total_variance(s, e):
    """``log(exp(s) + e^2)``, exactly s where e is 0."""
    known = pt.neq(e, 0)
    b = 2 * pt.log(pt.abs(where(known, e, 1)))
    total = where(s > b, s + softplus(b - s), b + softplus(s - b))
    return where(known, total, s)


def _log1p_square(a, b):
    """``log(1 + (a / b)^2)`` for positive b, with finite gradients where the square overflows."""
    far = pt.abs(a) > b
    near_a, far_a = where(far, 0, a), where(far, pt.abs(a), 1)
    log = where(far, pt.log(far_a) - pt.log(b), 0)
    return where(far, 2 * log + softplus(-2 * log), pt.log1p(pt.square(near_a / b)))


def _student_normalizer(a):
    """``log(sqrt(2 a pi) gamma(a) / gamma(a + 1/2))`` without a difference of log-gammas, which cancels for large a.

    The ratio of gamma functions is the one at a + 10, where its series in 1 / a is short, times ten factors.
    """
    inverse = 1 / (a + 10)
    series = np.asarray(0, a.dtype)
    for coefficient in (-691 / 180224, 31 / 18432, -17 / 14336, 1 / 640, -1 / 192, 1 / 8):
        series = np.asarray(coefficient, a.dtype) + pt.square(inverse) * series
    # one log1p per factor: for large a these are small, and their sum cancels with the next term
    half = np.asarray(0.5, a.dtype)
    factors = sum(pt.log1p(half / (a + k)) for k in range(10))
    return factors + pt.log(a * inverse) / 2 + inverse * series + np.asarray(np.log(2 * np.pi) / 2, a.dtype)
