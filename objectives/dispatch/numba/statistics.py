import numpy as np
from numba.np.unsafe.ndarray import to_fixed_tuple
from pytensor.link.numba.dispatch.basic import numba_njit

from objectives.dispatch.numba._registration import register_kernel_maker
from objectives.ops.statistics import Accumulate


@numba_njit(fastmath=False)
def choose(condition, x, y):
    return x if condition else y


@numba_njit
def check_lengths(known, given):
    for i in range(len(known)):
        if known[i] != given[i] and known[i] != 1:
            raise ValueError(
                "the statistic of this batch has another shape than those of the batches before it: all batches must "
                "have the same number of columns, classes or bins"
            )


@numba_njit
def check_nothing(known, given):
    pass


@register_kernel_maker(Accumulate)
def make_accumulate(op, node):
    # without fastmath, by which what rounding took away would be optimised away
    merge = numba_njit(op.rule.merge, fastmath=False)
    size, is_stacked = op.rule.size, op.rule.is_stacked
    check = check_lengths if node.outputs[0].ndim > 1 else check_nothing
    zeros = (0.0,) * (size - 1)

    if is_stacked:

        def column(statistic, j):
            return to_fixed_tuple(statistic[:, j], size)

    else:

        def column(statistic, j):
            return (statistic[0, j], *zeros)

    column = numba_njit(column)

    def accumulate(state, statistic):
        lengths = statistic.shape[1:] if is_stacked else statistic.shape
        check(state.shape[1:], lengths)
        result = np.empty((size, *lengths), state.dtype)
        before = np.ascontiguousarray(np.broadcast_to(state, result.shape)).reshape(size, -1)
        given = np.ascontiguousarray(statistic).reshape(size if is_stacked else 1, -1)
        after = result.reshape(size, -1)
        for j in range(after.shape[1]):
            merged = merge(choose, to_fixed_tuple(before[:, j], size), column(given, j))
            for i in range(size):
                after[i, j] = merged[i]
        return result

    return accumulate
