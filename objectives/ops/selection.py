"""Choosing between values by a condition that is a constant for the gradient."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedGrad
from pytensor.tensor import TensorVariable


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


def scaled(weight, value):
    """``weight * value`` with 0 · inf = 0, in value and gradient.

    The factor inf is replaced, rather than the product chosen, so that the derivative by a weight of 0 is still the
    value wherever that is finite.
    """
    return weight * where(pt.neq(weight, 0) | pt.invert(pt.isinf(value)), value, 0)


def select(mask, result):
    """The result, exactly 0 where it is masked."""
    return result if mask is None else where(mask, result, 0)


def relu(x):
    """``max(x, 0)`` that keeps NaN visible on every backend."""
    return where(x <= 0, 0, x)
