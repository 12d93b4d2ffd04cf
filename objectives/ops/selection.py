"""Choosing between values by a condition that is a constant for the gradient."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedGrad, disconnected_grad
from pytensor.tensor import TensorVariable

# How far rounding may take a number out of its range: 0.1 % of a probability.
TOLERANCE = 1e-3


class Condition(DisconnectedGrad):
    """The identity on conditions, through which no gradient flows.

    PyTensor gives the operands of a comparison gradients of zero in floatX, which would turn a float32 gradient into
    float64. A rewrite removes this Op from the graph that is compiled.
    """


condition_of = Condition()


def where(condition, x, y):
    """``x`` where the condition holds, ``y`` elsewhere; one of them may be a number, which takes the other's dtype."""
    tensor = x if isinstance(x, TensorVariable) else y
    x, y = (v if isinstance(v, TensorVariable) else np.asarray(v, tensor.dtype) for v in (x, y))
    return pt.switch(condition_of(condition), x, y)


def equal(a, b):
    """Where two tensors are equal; not ``pt.eq``, which compares whole tensors on PyTorch."""
    return pt.invert(pt.neq(a, b))


def scaled(weight, value):
    """``weight * value`` with 0 · inf = 0, in value and gradient.

    The factor inf is replaced, rather than the product chosen, so that the derivative by a weight of 0 is still the
    value wherever that is finite.
    """
    return weight * where(pt.neq(weight, 0) | pt.invert(pt.isinf(value)), value, 0)


def select(mask, result):
    """The result, exactly 0 where it is masked."""
    return result if mask is None else where(mask, result, 0)


def nan_where(condition, x):
    """``x``, NaN where the condition holds, in value and gradient: chosen, NaN would have a gradient of 0."""
    return x * _choice(condition, np.nan, 1, x.dtype)


def not_negative(x):
    """``x``, NaN below 0; a zero without its sign, which would reverse the infinite slope of a logarithm there."""
    # -0.0 + 0.0 is 0.0; where the zero is a constant alone, rewrites remove the sum
    return nan_where(x < 0, x + disconnected_grad(where(x < 0, -x, 0)))


def absolute(x):
    """``|x|``, whose gradient is NaN where it is: the sign of NaN is 0 on PyTorch and MLX."""
    return nan_where(pt.isnan(x), pt.abs(x))


def outside(x, a, b):
    """Where a number is not between two others, apart from rounding."""
    return _beyond(x, a, b) > np.asarray(TOLERANCE, x.dtype)


def neither(x, a, b):
    """Where a number is neither of two others, apart from rounding."""
    return pt.abs(_beyond(x, a, b)) > np.asarray(TOLERANCE, x.dtype)


def _beyond(x, a, b):
    """How much farther a number is from the middle of two others than they are."""
    return pt.abs(x - np.asarray((a + b) / 2, x.dtype)) - np.asarray((b - a) / 2, x.dtype)


def relu(x):
    """``max(x, 0)`` that keeps NaN visible on every backend, in the gradient too."""
    return where(x <= 0, 0, nan_where(pt.isnan(x), x))


def even_relu(x):
    """``max(x, 0)`` whose gradient at 0 is 1/2: for losses whose kink is where scores are equal, as all may be."""
    return where(x < 0, 0, nan_where(pt.isnan(x), x) * _choice(x > 0, 1, 0.5, x.dtype))


def _choice(condition, x, y, dtype):
    """One of two numbers."""
    return pt.switch(condition_of(condition), np.asarray(x, dtype), np.asarray(y, dtype))
