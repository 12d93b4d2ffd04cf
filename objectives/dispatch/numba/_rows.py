"""Shared by kernels that go through scores row by row, that is item by item.

Arrays are flat and indices unsigned: Numba tests signed indices for being negative, which prevents vectorization.
"""

import numba
import numpy as np
from numba import uint64
from pytensor.link.numba.dispatch.basic import numba_njit

from objectives.dispatch.numba._simd import FUNCTIONS, maximum
from objectives.dispatch.numba._views import flat
from objectives.ops.labels import LabelError

# Sums may be reordered to be vectorized; NaN and infinities keep their meaning.
REORDER = {"arcp", "contract", "nsz", "reassoc"}

kernel = numba.njit(fastmath=REORDER, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
inlined = numba.njit(
    fastmath=REORDER, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True
)


@numba_njit
def one_per_item(x, shape):
    """x broadcast to the shape of the items, as a flat array."""
    given, items = flat(x), 1
    if len(shape) > 0:
        for length in shape:
            items *= length
    if x.ndim == 0:
        return np.full(items, given[0], x.dtype)
    for axis in range(x.ndim):
        if x.shape[axis] != shape[axis] and x.shape[axis] != 1:
            raise ValueError("shape mismatch: masks and weights have the shape of the items, or lengths of 1")
    if given.size == items:
        return given
    result = np.empty(items, x.dtype)
    for i in range(items):
        rest, position, step = i, 0, 1
        for axis in range(x.ndim - 1, -1, -1):
            if x.shape[axis] != 1:
                position += rest % shape[axis] * step
            rest //= shape[axis]
            step *= x.shape[axis]
        result[i] = given[position]
    return result


@numba_njit
def check_label_range(labels, mask, num_classes):
    """Raise for the first label outside ``[0, num_classes)`` that is not masked; an empty mask masks nothing."""
    flat_labels = flat(labels)
    bad = False
    for i in range(flat_labels.size):
        is_bad = (flat_labels[i] < 0) | (flat_labels[i] >= num_classes)
        bad |= is_bad if mask.size == 0 else is_bad & mask[i]
    if bad:
        i = 0
        for position in np.ndindex(labels.shape):
            label = labels[position]
            if (label < 0 or label >= num_classes) and (mask.size == 0 or mask[i]):
                raise LabelError(label, position, num_classes)
            i += 1


def row_functions(dtype):
    """Functions of the row that begins at ``start``: its maximum, sums of exponentials, and filling it."""
    exp = FUNCTIONS[dtype]["exp"]
    lowest, zero = np.dtype(dtype).type(-np.inf), np.dtype(dtype).type(0)

    @inlined
    def largest(x, start, length):
        m = lowest
        for j in range(length):
            m = maximum(m, x[start + j])
        return m

    @inlined
    def sum_of_exp(x, start, length, shift):
        s = zero
        for j in range(length):
            s += exp(x[start + j] - shift)
        return s

    @inlined
    def store_exp(x, start, length, shift, out, out_start):
        s = zero
        for j in range(length):
            e = exp(x[start + j] - shift)
            out[out_start + j] = e
            s += e
        return s

    @inlined
    def fill(out, start, length, value):
        for j in range(length):
            out[start + j] = value

    return largest, sum_of_exp, store_exp, fill


__all__ = ["check_label_range", "flat", "inlined", "kernel", "one_per_item", "row_functions", "uint64"]
