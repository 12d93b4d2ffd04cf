"""Numbers to divide by before squares are taken, so that none overflows or underflows."""

import numpy as np
import pytensor.tensor as pt

from objectives.ops.selection import where


def unit(size, dtype=None):
    """A size as what to divide by: positive, and finite as is its reciprocal, with which backends multiply.

    The dtype is that of the numbers of this size, if not its own: a backend may have no float64.
    """
    least = np.finfo(dtype or size.dtype).tiny
    size = where(pt.neq(size, 0) & pt.invert(pt.isinf(size) | pt.isnan(size)), size, 1)
    return where(size < least, least, where(size > 1 / least, 1 / least, size))


def in_units(x, unit):
    """``x / unit``, chosen, since of a product of quotients PyTensor makes one of products, which might overflow."""
    return where(pt.isnan(x), x, x / unit)
