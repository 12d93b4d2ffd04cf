"""Arithmetic with care at its edges: 0/0, powers of 0, logarithms of 0, and what a backend cannot compute.

Gaps in backends are handled here, once: use these functions instead of the PyTensor Ops that they replace.
"""

from functools import reduce
from operator import mul

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from objectives._inputs import matching
from objectives._options import known_number
from objectives.ops.counting import EntryCount
from objectives.ops.ranking import even_max
from objectives.ops.selection import where


def length(x, axis):
    """The length of an axis in the dtype of ``x``; a cast of the shape fails on MLX."""
    return EntryCount(axis=(axis % x.ndim,))(x)


def mean(x, axis):
    """The mean over an axis. That of PyTensor fails on MLX, and on PyTorch where the lengths of many inputs meet."""
    return x.sum(axis=axis) / length(x, axis)


def ratio(numerator, denominator, otherwise=0):
    """The quotient; ``otherwise``, without a gradient of the quotient, where the denominator is 0. NaN stays."""
    some = pt.neq(denominator, 0)
    return where(some, numerator / where(some, denominator, 1), otherwise)


def power_of(x, exponent, *, positive=False):
    """``x**exponent`` of numbers that are not negative; by logarithms, the derivative at 0 counts as 0.

    Not ``pt.pow``, which PyTensor cannot convert to PyTorch. If ``positive``, no number is 0, and none is checked.
    """
    number = known_number(exponent)
    if number == 0.5:
        return pt.sqrt(x)
    if number is not None and number in range(1, 9):
        return reduce(mul, [x] * int(number))
    exponent = matching(exponent, x)
    if positive:
        return pt.exp(exponent * pt.log(x))
    not_zero = pt.neq(x, 0)
    return where(not_zero, pt.exp(exponent * pt.log(where(not_zero, x, 1))), 0)


def log_sum_exp(x):
    """``log(sum(exp(x)))`` over the last axis; -inf with a gradient of 0 where all entries are, or there are none."""
    largest = disconnected_grad(even_max(x))
    infinite = pt.isinf(largest)
    total = pt.exp(x - where(infinite, 0, largest)[..., None]).sum(axis=-1)
    # log 0 is kept out of the graph: its derivative is infinite
    return where(infinite, largest, pt.log(where(infinite, 1, total)) + largest)


def log_ratio(a, b, excess=None):
    """``log(a / b)`` of numbers that are not negative and not both 0, precise even where they are close.

    Give ``excess``, which is ``a - b``, where it is known without the rounding of a and b.
    """
    excess = a - b if excess is None else excess
    close = pt.abs(excess) < b / 2
    # Where a branch is not the one that counts, it gets inputs at which its derivative is finite. (Not a quotient of
    # two selections by one condition: PyTensor would make it the selection of a quotient, of anything.)
    near = where(close, excess / where(close, b, 1), 0)
    return pt.log1p(near) + (pt.log(where(close, 1, a)) - pt.log(where(close, 1, b)))


def ones_where(condition, dtype):
    """1 where the condition holds, else 0; not by a cast, since MLX warns of a cast to float64."""
    return pt.switch(condition, np.asarray(1, dtype), np.asarray(0, dtype))
