"""Losses between real numbers."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import elementwise, floating_scores, option, tensor
from objectives._options import at_least, positive
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


@described(symmetric=True, convex=True, smooth=True, minimiser="mean", minimum=0, a=REALS, b=REALS)
def squared_error(a, b, *, mask=None):
    r"""Squared difference of two tensors, element by element.

    .. math:: L = (a - b)^2

    with the predictions :math:`a` and the targets :math:`b`, or the other way round: the loss is symmetric.

    Parameters
    ----------
    a : tensor
        Predictions (...), any real numbers.
    b : tensor
        Targets (...), any real numbers. A vector is aligned with a column `a`, see `align_targets`.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `a`; the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Squared errors (...), of the dtype of `a` (of `b`, then floatX, where they are integers).

    Raises
    ------
    TypeError
        If the ranks differ, or static shapes cannot be paired.

    Notes
    -----
    There is no factor 1/2. For targets with outliers see `huber_loss`. The mean squared error of each row is
    ``aggregate(squared_error(a, b), axis=-1)``, optax's ``l2_loss`` is ``0.5 * squared_error(a, b)``.

    References
    ----------
    .. [1] ``lasagne.objectives.squared_error``

    Examples
    --------
    >>> from objectives import squared_error
    >>> print(squared_error([1.0, 2.5], [3.0, 2.0]).eval())
    [4.   0.25]
    """
    a, b = tensor(a, "a"), tensor(b, "b")
    a = a if a.dtype.startswith(("float", "complex")) else a.astype(floating_scores(b, "b").dtype)
    a, b, mask = elementwise(a, b, mask, names=("a", "b"))
    return finished(pt.square(a - b), mask)


@described(symmetric=True, convex=True, smooth=True, minimiser="target", minimum=0, predictions=REALS, targets=REALS)
def huber_loss(predictions, targets, delta=1, *, mask=None):
    r"""Huber loss: quadratic for small errors, linear beyond, so that outliers weigh less.

    .. math::
        L = \begin{cases} \frac{1}{2} d^2 & |d| \le \delta \\ \delta (|d| - \frac{\delta}{2}) & |d| > \delta
        \end{cases}, \qquad d = p - t

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    delta : float or tensor
        Error from which on the loss is linear, positive. Infinity gives half the `squared_error`.
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
        If `delta` is a number that is not positive.

    Notes
    -----
    The gradient is :math:`d` clipped to :math:`[-\delta, \delta]`, also for infinite errors. PyTorch's
    ``smooth_l1_loss(beta=delta)`` is this loss divided by delta.

    References
    ----------
    .. [1] Huber, P. J. (1964), "Robust estimation of a location parameter", Annals of Mathematical Statistics 35,
       doi:10.1214/aoms/1177703732

    Examples
    --------
    >>> from objectives import huber_loss
    >>> print(huber_loss([0.5, 3.0], [0.0, 0.0]).eval())
    [0.125 2.5  ]
    """
    positive(delta, "delta")
    predictions, targets, mask = elementwise(predictions, targets, mask)
    delta = option(delta, "delta", predictions)
    half = np.asarray(0.5, dtype=predictions.dtype)
    quadratic, linear = _parted(predictions - targets, delta)
    # nothing is beyond an infinite delta, and 0 * inf would be NaN
    return finished(half * pt.square(quadratic) + scaled(linear, delta), mask)


@described(symmetric=True, convex=True, smooth=True, minimiser="target", minimum=0, predictions=REALS, targets=REALS)
def smooth_l1_loss(predictions, targets, *, beta=1.0, mask=None):
    r"""Smooth L1 loss: the absolute error with its kink rounded off, element by element.

    .. math::
        L = \begin{cases} \frac{d^2}{2 \beta} & |d| \le \beta \\ |d| - \frac{\beta}{2} & |d| > \beta
        \end{cases}, \qquad d = p - t

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    beta : float or tensor
        Error from which on the loss is linear, not negative. 0 gives `absolute_error`, infinity 0.
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
        If `beta` is a negative number.

    Notes
    -----
    This is ``huber_loss(delta=beta) / beta``: the slope of its linear part is 1 whatever `beta`, while that of
    `huber_loss` is delta. The gradient is :math:`d / \beta` clipped to :math:`[-1, 1]`.

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
    predictions, targets, mask = elementwise(predictions, targets, mask)
    beta = option(beta, "beta", predictions)
    quadratic, linear = _parted(predictions - targets, beta)
    # Where beta is 0 there is no quadratic part to divide by it.
    return finished(pt.square(quadratic) / (2 * where(beta > 0, beta, 1)) + linear, mask)


@described(symmetric=True, convex=True, minimiser="median", minimum=0, predictions=REALS, targets=REALS)
def absolute_error(predictions, targets, *, mask=None):
    r"""Absolute difference, element by element: the L1 loss.

    .. math:: L = |p - t|

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Absolute errors (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.

    Notes
    -----
    The gradient is 0 where the prediction is exact. `smooth_l1_loss`, `huber_loss` and `log_cosh_loss` have no kink
    there.

    References
    ----------
    .. [1] Koenker, R. (2005), "Quantile Regression", doi:10.1017/CBO9780511754098

    Examples
    --------
    >>> from objectives import absolute_error
    >>> print(absolute_error([1.0, 2.5], [3.0, 2.0]).eval())
    [2.  0.5]
    """
    predictions, targets, mask = elementwise(predictions, targets, mask)
    return finished(absolute(predictions - targets), mask)


@described(symmetric=True, convex=True, smooth=True, minimiser="target", minimum=0, predictions=REALS, targets=REALS)
def log_cosh_loss(predictions, targets, *, mask=None):
    r"""Logarithm of the hyperbolic cosine of the error, element by element: a Huber loss without a seam.

    .. math:: L = \log \cosh(p - t)

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
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
    About :math:`d^2 / 2` for small errors and :math:`|d| - \log 2` for large ones; the gradient is :math:`\tanh d`.
    Neither overflows for large errors, nor do small ones lose their digits.

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
    predictions, targets, mask = elementwise(predictions, targets, mask)
    error = predictions - targets
    size = pt.abs(error)
    # cosh d = 1 + (e^d - 1)^2 / (2 e^d) = (1 + e^(-2|d|)) e^|d| / 2, of which the first is smooth at 0
    growth = pt.expm1(where(size < 1, error, 0))
    small = pt.log1p(pt.square(growth) / (2 * (1 + growth)))
    large = size + (softplus(-2 * size) - np.asarray(np.log(2), error.dtype))
    return finished(where(size < 1, small, large), mask)


@described(best=None, convex=True, smooth=True, minimiser="unbounded", predictions=REALS, targets=REALS)
def signed_error(predictions, targets, *, mask=None):
    r"""Prediction minus target, element by element; the mean of it is the bias.

    .. math:: L = p - t

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Errors (...), of the dtype of the predictions. Positive ones are predictions that are too high.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.

    Notes
    -----
    This is to be looked at, or to build losses of, not to be minimised: it has no minimum. astroNN's ``mean_error``
    has the other sign.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances from high-resolution
       spectroscopic data", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> from objectives import signed_error
    >>> print(signed_error([1.0, 2.5], [3.0, 2.0]).eval())
    [-2.   0.5]
    """
    predictions, targets, mask = elementwise(predictions, targets, mask)
    error = predictions - targets
    return finished(nan_where(pt.isnan(error), error), mask)


@described(
    best=None, symmetric=True, convex=True, smooth=True, minimiser="any", minimum=0, predictions=REALS, targets=REALS
)
def zeros_loss(predictions, targets, *, mask=None):
    r"""Zero for each element whatever the arguments, with a gradient of zero.

    .. math:: L = 0

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), anything, NaN too.
    targets : tensor
        Targets (...), anything. A vector is aligned with a column of predictions, see `align_targets`.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`, as all losses have it.

    Returns
    -------
    TensorVariable
        Zeros (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.

    Notes
    -----
    For tests, and for outputs of a network that shall not be trained: unlike a constant, the loss is connected to
    its inputs, so that ``pytensor.grad`` gives zeros rather than an error.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances from high-resolution
       spectroscopic data", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> from objectives import zeros_loss
    >>> print(zeros_loss([1.0, float("nan")], [3.0, 2.0]).eval())
    [0. 0.]
    """
    predictions, targets, mask = elementwise(predictions, targets, mask)
    error = predictions - targets
    # a condition that is never true, and that no rewrite knows to be so: PyTorch's code takes no constant one
    return finished(where(error > np.inf, error, 0), mask)


def _parted(error, bound):
    """The error up to a bound, with its sign, and the size of what is beyond.

    The quadratic part stops there, so that no product with an infinite error can make the gradient NaN.
    """
    size = absolute(error)
    quadratic = where(size <= bound, error, where(error < 0, -bound, bound))
    return quadratic, where(size <= bound, 0, size - bound)
