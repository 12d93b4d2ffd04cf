"""Terms that several losses share."""

import numpy as np
import pytensor.tensor as pt

from objectives.ops.selection import where


def scaled(weight, value):
    """``weight * value`` with 0 · inf = 0, in value and gradient.

    The factor inf is replaced, rather than the product chosen, so that the derivative by a weight of 0 is still the
    value wherever that is finite.
    """
    return weight * where(pt.neq(weight, 0) | pt.invert(pt.isinf(value)), value, 0)


def relu(x):
    """``max(x, 0)`` that keeps NaN visible on every backend."""
    return where(x <= 0, 0, x)


def probability(p):
    """``p``, NaN where it is outside [0, 1] by more than rounding, so that no such number passes for a small loss."""
    return where(pt.abs(p - 0.5) > 0.501, np.nan, p)


def check_share(name, share):
    """Whether a share is the number 0; raise if it is a number outside [0, 1]."""
    if not isinstance(share, int | float):
        return False
    if not 0 <= share <= 1:
        raise ValueError(f"{name} must be between 0 and 1, not {share}")
    return share == 0
