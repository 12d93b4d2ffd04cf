// How a sum over batches is accumulated.

#ifndef OBJECTIVES_STATISTICS_H
#define OBJECTIVES_STATISTICS_H

#include <algorithm>

namespace objectives {

// Totals and what rounding took from them, after numbers are added: objectives.ops.statistics._add in C++.
template <class S, class X> static void add_exactly(const S* before, const X* statistic, npy_intp n, S* after) {
    for (npy_intp i = 0; i < n; i++) {
        const S total = before[i], error = before[n + i], x = (S)statistic[i];
        const S high = total + x, part = high - total;
        const S rest = (total - (high - part)) + (x - part) + error;
        const S low = high - high == 0 ? rest : 0;
        const S result = high + low;
        after[i] = result;
        after[n + i] = result - result == 0 ? low - (result - high) : 0;
    }
}

// Computes the state after a batch; false with an error set if that cannot be done.
template <class S, class X>
static bool accumulate_sum(PyArrayObject* state, PyArrayObject* statistic, PyArrayObject** result) {
    const int ndim = PyArray_NDIM(statistic);
    npy_intp shape[NPY_MAXDIMS] = {2};
    std::copy(PyArray_DIMS(statistic), PyArray_DIMS(statistic) + ndim, shape + 1);
    if (!has_shape(state, ndim + 1, shape) &&
        !passes("objectives.ops.statistics", "check_sum", "OO", state, statistic))
        return false;
    Owned before(broadcast(state, ndim + 1, shape)), x(contiguous(statistic));
    if (!before || !x || !allocate<S>(result, ndim + 1, shape)) return false;
    add_exactly(before.data<S>(), x.data<X>(), PyArray_SIZE(statistic), (S*)PyArray_DATA(*result));
    return true;
}

}  // namespace objectives

#endif
