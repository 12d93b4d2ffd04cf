"""Terms that several losses share."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import known_number, matching
from objectives.ops.marking import loss
from objectives.ops.selection import select, where


def finished(result, mask=None):
    """The losses, exactly 0 where they are masked, marked as such for the rewrites."""
    return loss(select(mask, result))


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
