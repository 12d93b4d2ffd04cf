"""Terms that several losses share."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import known_number, matching
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


def smoothing(label_smoothing, like):
    """Label smoothing as a scalar of the dtype of ``like``; None for the number 0."""
    share = known_number(label_smoothing)
    if share is not None and not 0 <= share <= 1:
        raise ValueError(f"label_smoothing must be between 0 and 1, not {share}")
    if np.ndim(label_smoothing) != 0:
        raise TypeError("label_smoothing must be one number for all items and classes")
    return None if share == 0 else matching(label_smoothing, like)
