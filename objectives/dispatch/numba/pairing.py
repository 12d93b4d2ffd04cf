import numpy as np
from numba.cpython.unsafe.tuple import tuple_setitem

from objectives.dispatch.numba._registration import register_kernel_maker
from objectives.dispatch.numba._views import flat, shaped
from objectives.ops.pairing import NO_ITEM, FirstRows, OverRows


@register_kernel_maker(OverRows)
def make_over_rows(op, node):
    by_label = tuple(bool(counted) for counted in op.by_label)
    for_all = tuple(counted is False for counted in op.by_label)

    def over_rows(x, scores):
        shape = scores.shape[:-1]
        size = 1
        for axis in range(x.ndim):
            size *= shape[axis]
            length = x.shape[axis]
            fits = length < shape[axis] if by_label[axis] else for_all[axis] and length == 1
            if length != shape[axis] and not fits:
                raise IndexError("shape mismatch: the labels cannot index the rows")
        given, result = flat(x), np.full(size, NO_ITEM, x.dtype)
        for i in range(size):
            rest, position, step, is_given = i, 0, 1, True
            for axis in range(x.ndim - 1, -1, -1):
                entry = rest % shape[axis]
                rest //= shape[axis]
                if by_label[axis] or x.shape[axis] != 1:
                    is_given &= entry < x.shape[axis]
                    position += entry * step
                step *= x.shape[axis]
            if is_given:
                result[i] = given[position]
        return shaped(result, shape)

    return over_rows


@register_kernel_maker(FirstRows)
def make_first_rows(op, node):
    by_label = tuple(bool(counted) for counted in op.by_label)

    def first_rows(x, labels):
        shape = x.shape
        for axis in range(x.ndim):
            if by_label[axis]:
                if labels.shape[axis] > x.shape[axis]:
                    raise IndexError("shape mismatch: the labels cannot index the rows")
                shape = tuple_setitem(shape, axis, labels.shape[axis])
        result = np.empty(shape, x.dtype)
        for i in np.ndindex(shape):
            result[i] = x[i]
        return result

    return first_rows
