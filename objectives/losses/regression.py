"""Regression losses: squared, absolute and smooth errors of real numbers, element by element."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import elementwise, floating_scores, option, tensor
from objectives._options import at_least, positive
from objectives._typing import TensorLike
from objectives.lookup import REALS, described
from objectives.losses._terms import finished
from objectives.ops.selection import absolute, nan_where, scaled, where
from objectives.ops.softplus import softplus

__all__ = [
    "absolute_error",
    "huber_loss",
    "log_cosh_loss",
    "signed_error",
    "smooth_l1_loss",
    "squared_error",
    "zeros_loss",
]


@described(symmetric=True, convex=True, smooth=True, minimizer="mean", minimum=0, a=REALS, b=REALS)
def squared_error(a: TensorLike, b: TensorLike, *, mask: TensorLike | None = None) -> TensorVariable:
    r"""Squared error: the squared difference of two tensors, element by element.

    The standard loss of regression; its mean is the mean squared error (MSE). Outliers dominate it. There is
    no factor 1/2: optax's ``l2_loss`` is ``0.5 * squared_error(a, b)``.

    .. math:: L = (a - b)^2

    Parameters
    ----------
    a : tensor
        Predictions (...), any real numbers.
    b : tensor
        Targets (...), any real numbers.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Squared errors (...), of the dtype of `a`, or of `b` where `a` holds integers.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    See Also
    --------
    absolute_error, huber_loss, root_mean_squared_error

    References
    ----------
    .. [1] ``lasagne.objectives.squared_error``

    Examples
    --------
    >>> from objectives import squared_error
    >>> print(squared_error([1.0, 2.5], [3.0, 2.0]).eval())
    [4.   0.25]
    """
    p, t = tensor(a, "a"), tensor(b, "b")
    p = p if p.dtype.startswith(("float", "complex")) else p.astype(floating_scores(t, "b").dtype)
    p, t, mask = elementwise(p, t, mask, names=("a", "b"))
    return finished(pt.square(p - t), mask)


@described(symmetric=True, convex=True, smooth=True, minimizer="target", minimum=0, predictions=REALS, targets=REALS)
def huber_loss(
    predictions: TensorLike, targets: TensorLike, delta: TensorLike = 1, *, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Huber loss: quadratic for small errors and linear for large ones, element by element.

    Choose it over `squared_error` if some targets are outliers: its gradient is the error clipped to [-delta, delta].

    .. math::
        L = \frac{d^2}{2} \text{ if } |d| \le \delta, \quad
        \delta \Bigl(|d| - \frac{\delta}{2}\Bigr) \text{ otherwise}, \qquad d = p - t

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    delta : float or tensor
        Size of the error where the loss becomes linear, positive. Infinity gives half the `squared_error`.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if `delta` is not positive.

    References
    ----------
    .. [1] Huber, P. J. (1964), "Robust estimation of a location parameter", doi:10.1214/aoms/1177703732

    Examples
    --------
    >>> from objectives import huber_loss
    >>> print(huber_loss([0.5, 3.0], [0.0, 0.0]).eval())
    [0.125 2.5  ]
    """
    positive(delta, "delta")
    p, t, mask = elementwise(predictions, targets, mask)
    slope = option(delta, "delta", p)
    half = np.asarray(0.5, dtype=p.dtype)
    quadratic, linear = _split(p - t, slope)
    # `scaled`, since 0 * inf would be NaN for an infinite delta
    return finished(half * pt.square(quadratic) + scaled(linear, slope), mask)


@described(symmetric=True, convex=True, smooth=True, minimizer="target", minimum=0, predictions=REALS, targets=REALS)
def smooth_l1_loss(
    predictions: TensorLike, targets: TensorLike, *, beta: TensorLike = 1.0, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Smooth L1 loss: the absolute error with its kink rounded off, element by element.

    It equals ``huber_loss(delta=beta) / beta``, so that large errors weigh the same for every `beta`.

    .. math::
        L = \frac{d^2}{2 \beta} \text{ if } |d| \le \beta, \quad |d| - \frac{\beta}{2} \text{ otherwise}, \qquad
        d = p - t

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    beta : float or tensor
        Size of the error where the loss becomes linear, not negative. 0 gives `absolute_error`, infinity gives 0.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if `beta` is negative.

    References
    ----------
    .. [1] Girshick, R. (2015), "Fast R-CNN", arXiv:1504.08083

    Examples
    --------
    >>> from objectives import smooth_l1_loss
    >>> print(smooth_l1_loss([0.5, 3.0], [0.0, 0.0], beta=2).eval())
    [0.0625 2.    ]
    """
    at_least(beta, "beta", 0)
    p, t, mask = elementwise(predictions, targets, mask)
    bound = option(beta, "beta", p)
    quadratic, linear = _split(p - t, bound)
    # the quadratic part is 0 where beta is
    return finished(pt.square(quadratic) / (2 * where(bound > 0, bound, 1)) + linear, mask)


@described(symmetric=True, convex=True, minimizer="median", minimum=0, predictions=REALS, targets=REALS)
def absolute_error(predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None) -> TensorVariable:
    r"""Absolute error (L1 loss): the size of the difference, element by element.

    Its mean, the mean absolute error (MAE), is least at the median. The gradient of an exact prediction is 0.

    .. math:: L = |p - t|

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Absolute errors (...).

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    See Also
    --------
    squared_error, quantile_loss, smooth_l1_loss

    References
    ----------
    .. [1] Koenker, R. (2005), "Quantile Regression", doi:10.1017/CBO9780511754098

    Examples
    --------
    >>> from objectives import absolute_error
    >>> print(absolute_error([1.0, 2.5], [3.0, 2.0]).eval())
    [2.  0.5]
    """
    p, t, mask = elementwise(predictions, targets, mask)
    return finished(absolute(p - t), mask)


@described(symmetric=True, convex=True, smooth=True, minimizer="target", minimum=0, predictions=REALS, targets=REALS)
def log_cosh_loss(predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None) -> TensorVariable:
    r"""Log-cosh loss: the logarithm of the hyperbolic cosine of the error, element by element.

    A smooth `huber_loss` without a threshold to choose: about :math:`d^2 / 2` for small errors d and
    :math:`|d| - \log 2` for large ones. Large errors do not overflow, and small ones keep their digits.

    .. math:: L = \log \cosh(p - t)

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
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
    .. [1] Chen, P., Chen, G. and Zhang, S. (2019), "Log hyperbolic cosine loss improves variational auto-encoder",
       https://openreview.net/forum?id=rkglvsC9Ym

    Examples
    --------
    >>> from objectives import log_cosh_loss
    >>> print(log_cosh_loss([0.001, 1000.0], [0.0, 0.0]).eval())
    [4.99999917e-07 9.99306853e+02]
    """
    p, t, mask = elementwise(predictions, targets, mask)
    error = p - t
    size = pt.abs(error)
    # cosh d = 1 + (e^d - 1)^2 / (2 e^d) = (1 + e^(-2|d|)) e^|d| / 2; the first form is smooth at 0
    growth = pt.expm1(where(size < 1, error, 0))
    small = pt.log1p(pt.square(growth) / (2 * (1 + growth)))
    large = size + (softplus(-2 * size) - np.asarray(np.log(2), error.dtype))
    return finished(where(size < 1, small, large), mask)


@described(best=None, convex=True, smooth=True, minimizer="unbounded", predictions=REALS, targets=REALS)
def signed_error(predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None) -> TensorVariable:
    r"""Signed error: prediction minus target, element by element; its mean is the bias.

    For inspection, or as a part of other losses; it has no minimum. astroNN's ``mean_error`` has the opposite sign.

    .. math:: L = p - t

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Errors (...), positive where the prediction is too high.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    See Also
    --------
    absolute_error, percentage_error

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> from objectives import signed_error
    >>> print(signed_error([1.0, 2.5], [3.0, 2.0]).eval())
    [-2.   0.5]
    """
    p, t, mask = elementwise(predictions, targets, mask)
    error = p - t
    return finished(nan_where(pt.isnan(error), error), mask)


@described(
    best=None, symmetric=True, convex=True, smooth=True, minimizer="any", minimum=0, predictions=REALS, targets=REALS
)
def zeros_loss(predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None) -> TensorVariable:
    r"""Zero loss: 0 for every element whatever the arguments hold, with a gradient of 0.

    Use it in tests, and for outputs of a network that should not be trained. Unlike a constant, it is connected to its
    inputs: ``pytensor.grad`` returns zeros rather than an error.

    .. math:: L = 0

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any values, NaN included.
    targets : tensor
        Targets (...), any values.
    mask : tensor of bool, optional
        Elements that count, accepted for consistency with other losses.

    Returns
    -------
    TensorVariable
        Zeros (...).

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> from objectives import zeros_loss
    >>> print(zeros_loss([1.0, float("nan")], [3.0, 2.0]).eval())
    [0. 0.]
    """
    p, t, mask = elementwise(predictions, targets, mask)
    error = p - t
    # A condition that is never true, but that no rewrite can fold: a constant condition fails on PyTorch.
    return finished(where(error > np.inf, error, 0), mask)


def _split(error, bound):
    """The error clipped to [-bound, bound], and the excess of its size over the bound.

    Clipping keeps infinite errors out of products, which would make the gradient NaN.
    """
    size = absolute(error)
    quadratic = where(size <= bound, error, where(error < 0, -bound, bound))
    return quadratic, where(size <= bound, 0, size - bound)
