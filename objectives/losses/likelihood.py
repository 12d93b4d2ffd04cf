"""Likelihoods of targets whose spread is predicted as well as their mean."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from objectives._arithmetic import power_of
from objectives._inputs import option
from objectives._options import known_number, positive, share
from objectives.lookup import NON_NEGATIVE, POSITIVE, REALS, described
from objectives.losses._terms import finished, with_parameters
from objectives.ops.selection import absolute, nan_where, where
from objectives.ops.softplus import softplus

__all__ = [
    "beta_nll_loss",
    "gaussian_nll_loss",
    "laplace_nll_loss",
    "robust_squared_error",
    "student_t_nll_loss",
]


@described(
    symmetric=True, convex=True, smooth=True, minimiser="mean", predictions=REALS, targets=REALS, variance=NON_NEGATIVE
)
def gaussian_nll_loss(predictions, targets, variance, *, full=False, eps=1e-6, mask=None):
    r"""Negative log-likelihood of targets under normal distributions, element by element.

    .. math::
        L = \frac{1}{2} \Bigl(\log v + \frac{(p - t)^2}{v}\Bigr) \; \Bigl[+ \frac{1}{2} \log 2 \pi\Bigr], \qquad
        v = \max(s, \varepsilon)

    with the predictions :math:`p`, the targets :math:`t` and the variance :math:`s`.

    Parameters
    ----------
    predictions : tensor of float
        Means (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    variance : tensor
        Variances, not negative: (...), or with lengths of 1 where elements share one, such as a column (N, 1).
    full : bool
        Whether the constant :math:`\frac{1}{2} \log 2 \pi` is added, which makes the loss that of the density.
    eps : float
        Least variance, positive. Below it the gradient by the variance is 0.
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
    ValueError
        If `eps` is a number that is not positive.

    Notes
    -----
    A negative variance gives NaN. Below eps PyTorch reports the gradient that there would be at eps; here it is the
    derivative of the loss. A network that predicts log-variances cannot get there: see `robust_squared_error`.

    References
    ----------
    .. [1] Nix, D. A. and Weigend, A. S. (1994), "Estimating the mean and variance of the target probability
       distribution", doi:10.1109/ICNN.1994.374138

    Examples
    --------
    >>> from objectives import gaussian_nll_loss
    >>> print(gaussian_nll_loss([1.0, 2.0], [1.0, 0.0], [1.0, 4.0]).eval().round(4))
    [0.     1.1931]
    """
    p, t, variance, mask = with_parameters(predictions, targets, mask, variance=variance)
    loss = _gaussian(p, t, _at_least(variance, eps))
    return finished(loss + np.asarray(np.log(2 * np.pi) / 2, p.dtype) if full else loss, mask)


@described(
    symmetric=True, convex=True, smooth=True, minimiser="mean", predictions=REALS, targets=REALS, variance=NON_NEGATIVE
)
def beta_nll_loss(predictions, targets, variance, *, beta=0.5, eps=1e-6, mask=None):
    r"""Gaussian negative log-likelihood whose factor keeps uncertain elements from being given up, for each element.

    .. math:: L = \lfloor v^\beta \rfloor\, \frac{1}{2} \Bigl(\log v + \frac{(p - t)^2}{v}\Bigr), \qquad
        v = \max(s, \varepsilon)

    with the predictions :math:`p`, the targets :math:`t` and the variance :math:`s`. What is in
    :math:`\lfloor \cdot \rfloor` is a constant for the gradient.

    Parameters
    ----------
    predictions : tensor of float
        Means (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    variance : tensor
        Variances, not negative: (...), or with lengths of 1 where elements share one, such as a column (N, 1).
    beta : float
        Exponent from 0 to 1: 0 is `gaussian_nll_loss`, 1 gives the mean the gradient of a squared error.
    eps : float
        Least variance, positive. Below it the gradient by the variance is 0.
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
    ValueError
        If `beta` is a number outside [0, 1], or `eps` one that is not positive.

    Notes
    -----
    Mean and variance that are best do not depend on beta. What does is how fast the mean is learnt where the variance
    is large. A negative variance gives NaN. The factor is a constant for PyTensor's gradient, not for that which
    JAX or PyTorch make of a compiled function.

    References
    ----------
    .. [1] Seitzer, M. et al. (2022), "On the pitfalls of heteroscedastic uncertainty estimation with probabilistic
       neural networks", arXiv:2203.09168

    Examples
    --------
    >>> from objectives import beta_nll_loss
    >>> print(beta_nll_loss([1.0, 2.0], [1.0, 0.0], [1.0, 4.0]).eval().round(4))
    [0.     2.3863]
    """
    share(beta, "beta")
    p, t, variance, mask = with_parameters(predictions, targets, mask, variance=variance)
    variance = _at_least(variance, eps)
    factor = power_of(disconnected_grad(variance), option(beta, "beta", p), positive=True)
    return finished(factor * _gaussian(p, t, variance), mask)


@described(symmetric=True, convex=True, minimiser="median", predictions=REALS, targets=REALS, scale=POSITIVE)
def laplace_nll_loss(predictions, targets, scale, *, full=False, mask=None):
    r"""Negative log-likelihood of targets under Laplace distributions, element by element.

    .. math:: L = \log b + \frac{|p - t|}{b} \; [+ \log 2]

    with the predictions :math:`p`, the targets :math:`t` and the scale :math:`b`.

    Parameters
    ----------
    predictions : tensor of float
        Medians (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    scale : tensor
        Scales, positive: (...), or with lengths of 1 where elements share one, such as a column (N, 1).
    full : bool
        Whether the constant :math:`\log 2` is added, which makes the loss that of the density.
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
    The best scale is the mean absolute error. A scale that is not positive gives NaN: predict its logarithm, or add a
    small number to a softplus.

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
    p, t, scale, mask = with_parameters(predictions, targets, mask, scale=scale)
    scale = nan_where(scale <= 0, scale)
    loss = pt.log(scale) + absolute((p - t) / scale)
    return finished(loss + np.asarray(np.log(2), p.dtype) if full else loss, mask)


@described(
    symmetric=True,
    convex=True,
    smooth=True,
    minimiser="mean",
    predictions=REALS,
    targets=REALS,
    log_variance=REALS,
    label_errors=NON_NEGATIVE,
)
def robust_squared_error(predictions, targets, log_variance, label_errors=0.0, *, mask=None):
    r"""Squared error weighed by a predicted variance and known errors of the targets, element by element.

    .. math:: L = \frac{1}{2} \Bigl(\frac{(p - t)^2}{v} + \log v\Bigr), \qquad v = e^s + e^2

    with the predictions :math:`p`, the targets :math:`t`, the log-variance :math:`s` and the label errors :math:`e`.

    Parameters
    ----------
    predictions : tensor of float
        Means (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    log_variance : tensor
        Logarithms of variances, any real numbers: (...), or with lengths of 1 where elements share one.
    label_errors : float or tensor
        Standard deviations of the errors of the targets, as far as they are known: a number, or like `log_variance`.
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
    This is `gaussian_nll_loss` of the variance v, without overflow for log-variances of any size. astroNN's
    ``robust_mse`` is the mean over the labels that are there, for each row:
    ``aggregate(robust_squared_error(p, t, s, e, mask=there), mask=there, axis=-1)`` with ``there = labelled(t)``; rows
    without a label give 0.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances from high-resolution
       spectroscopic data", arXiv:1808.04428 (astroNN)
    .. [2] Kendall, A. and Gal, Y. (2017), "What uncertainties do we need in Bayesian deep learning for computer
       vision?", arXiv:1703.04977

    Examples
    --------
    >>> from objectives import robust_squared_error
    >>> print(robust_squared_error([1.0, 2.0], [1.0, 0.0], [0.0, 0.0], [0.0, 2.0]).eval().round(4))
    [0.     1.2047]
    """
    p, t, s, e, mask = with_parameters(predictions, targets, mask, log_variance=log_variance, label_errors=label_errors)
    e = nan_where(e < 0, e)
    log_v = s if known_number(label_errors) == 0 else _log_total_variance(s, e)
    # 0 inf = 0: an exact prediction costs no infinite weight, nor one whose square is, as rewrites make of the gradient
    weight = pt.exp(-log_v / 2)
    error = (p - t) * where(pt.neq(p, t) | pt.invert(pt.isinf(pt.square(weight))), weight, 0)
    return finished((pt.square(error) + log_v) / 2, mask)


@described(
    symmetric=True,
    smooth=True,
    minimiser="target",
    predictions=REALS,
    targets=REALS,
    scale=POSITIVE,
    degrees_of_freedom=POSITIVE,
)
def student_t_nll_loss(predictions, targets, scale, *, degrees_of_freedom, mask=None):
    r"""Negative log-likelihood of targets under Student's t-distributions, element by element.

    .. math::
        L = \frac{\nu + 1}{2} \log \Bigl(1 + \frac{(p - t)^2}{\nu b^2}\Bigr) + \log b + \frac{1}{2} \log \nu \pi
        + \log \Gamma \Bigl(\frac{\nu}{2}\Bigr) - \log \Gamma \Bigl(\frac{\nu + 1}{2}\Bigr)

    with the predictions :math:`p`, the targets :math:`t`, the scale :math:`b` and the degrees of freedom :math:`\nu`.

    Parameters
    ----------
    predictions : tensor of float
        Locations (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    scale : tensor
        Scales, positive: (...), or with lengths of 1 where elements share one, such as a column (N, 1).
    degrees_of_freedom : float or tensor
        Degrees of freedom, positive, of the shape of scales. Fewer have heavier tails: 1 is the Cauchy distribution;
        very many are the normal one.
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
    ValueError
        If `degrees_of_freedom` is a number that is not positive.

    Notes
    -----
    The pull of an outlier decreases with its distance, so that this is not convex: start near the targets. Scales and
    degrees of freedom that are not positive give NaN. The normaliser is accurate for many degrees of freedom, too,
    where a difference of logarithms of gamma functions is not.

    References
    ----------
    .. [1] Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989), "Robust statistical modeling using the t
       distribution", Journal of the American Statistical Association 84, doi:10.1080/01621459.1989.10478852

    Examples
    --------
    >>> from objectives import student_t_nll_loss
    >>> print(student_t_nll_loss([1.0, 2.0], [1.0, 0.0], [1.0, 4.0], degrees_of_freedom=3.0).eval().round(4))
    [1.0009 2.5473]
    """
    positive(degrees_of_freedom, "degrees_of_freedom")
    p, t, scale, nu, mask = with_parameters(
        predictions, targets, mask, scale=scale, degrees_of_freedom=degrees_of_freedom
    )
    scale, nu = nan_where(scale <= 0, scale), nan_where(nu <= 0, nu)
    tail = (nu + 1) / 2 * _log1p_square(p - t, scale * pt.sqrt(nu))
    return finished(tail + (pt.log(scale) + _student_normaliser(nu / 2)), mask)


def _at_least(variance, eps):
    """The variance or eps, whichever is greater; below eps its gradient is 0."""
    eps = option(positive(eps, "eps"), "eps", variance)
    return nan_where(variance < 0, where(variance <= eps, eps, variance))


def _gaussian(p, t, variance):
    return (pt.log(variance) + pt.square((p - t) / pt.sqrt(variance))) / 2


def _log_total_variance(s, e):
    """``log(exp(s) + e^2)``, exactly s where e is 0."""
    known = pt.neq(e, 0)
    b = 2 * pt.log(pt.abs(where(known, e, 1)))
    total = where(s > b, s + softplus(b - s), b + softplus(s - b))
    return where(known, total, s)


def _log1p_square(a, b):
    """``log(1 + (a / b)^2)`` for positive b, whose gradients are right, not NaN, where the square overflows."""
    far = pt.abs(a) > b
    near_a, far_a = where(far, 0, a), where(far, pt.abs(a), 1)
    log = where(far, pt.log(far_a) - pt.log(b), 0)
    return where(far, 2 * log + softplus(-2 * log), pt.log1p(pt.square(near_a / b)))


def _student_normaliser(a):
    """``log(sqrt(2 a pi) gamma(a) / gamma(a + 1/2))``, without the gamma function, which would cancel for large a.

    The ratio of gamma functions is that at a + 10, where its series in 1 / a is short, times ten factors.
    """
    inverse = 1 / (a + 10)
    series = np.asarray(0, a.dtype)
    for coefficient in (-691 / 180224, 31 / 18432, -17 / 14336, 1 / 640, -1 / 192, 1 / 8):
        series = np.asarray(coefficient, a.dtype) + pt.square(inverse) * series
    # one logarithm for each factor: for large a these are small numbers, of which the sum cancels with the next term
    half = np.asarray(0.5, a.dtype)
    factors = sum(pt.log1p(half / (a + k)) for k in range(10))
    return factors + pt.log(a * inverse) / 2 + inverse * series + np.asarray(np.log(2 * np.pi) / 2, a.dtype)
