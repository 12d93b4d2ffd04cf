"""Losses between real numbers."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import elementwise, floating_scores, known_number, option, tensor
from objectives.losses._terms import finished
from objectives.ops.selection import where

__all__ = ["huber_loss", "squared_error"]


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
    There is no factor 1/2. For targets with outliers see `huber_loss`.

    References
    ----------
    .. [1] ``lasagne.objectives.squared_error``

    Examples
    --------
    >>> from objectives import squared_error
    >>> print(squared_error([1.0, 2.5], [3.0, 2.0]).eval())
    [4.   0.25]
    """
    a, b = tensor(a), floating_scores(b)
    a = a if a.dtype.startswith(("float", "complex")) else a.astype(b.dtype)
    a, b, mask = elementwise(a, b, mask)
    return finished(pt.square(a - b), mask)


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
        Error from which on the loss is linear, positive.
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
    if (number := known_number(delta)) is not None and not number > 0:
        raise ValueError(f"delta must be positive, not {number}")
    predictions, targets, mask = elementwise(predictions, targets, mask)
    delta = option(delta, "delta", predictions)
    half = np.asarray(0.5, dtype=predictions.dtype)
    error = pt.abs(predictions - targets)
    # The quadratic part stops at delta, so that no product with an infinite error can make the gradient NaN.
    quadratic = where(error <= delta, error, delta)
    return finished(half * pt.square(quadratic) + delta * (error - quadratic), mask)
