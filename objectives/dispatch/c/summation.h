// The sum of all elements of an array, in double precision.

#ifndef OBJECTIVES_SUMMATION_H
#define OBJECTIVES_SUMMATION_H

#include <algorithm>

namespace objectives {

template <class T> static double sum_of(const T* x, npy_intp n) {
    double sum = 0;
    #pragma omp simd reduction(+ : sum)
    for (npy_intp i = 0; i < n; i++) sum += x[i];
    return sum;
}

// Sums of pieces of one length, added in order: the same for any number of threads.
template <class T> static double sum_all(const T* x, npy_intp n) {
    const npy_intp most = 4096;
    double sums[most];
    const npy_intp length = std::max<npy_intp>(1 << 14, (n + most - 1) / most), pieces = (n + length - 1) / length;
    share_out(pieces, 1, thread_count(n), [&](npy_intp start, npy_intp stop) {
        for (npy_intp i = start; i < stop; i++) sums[i] = sum_of(x + i * length, std::min(length, n - i * length));
    });
    return sum_of(sums, pieces);
}

// Sets *total to a 0-d array with the sum; false with an error set if that cannot be done.
template <class T> static bool sum_array(PyArrayObject* array, PyArrayObject** total) {
    const bool in_order = PyArray_ISCARRAY_RO(array) || PyArray_ISFARRAY_RO(array);
    Owned x(in_order ? (Py_INCREF(array), array) : contiguous(array));
    if (!x || !allocate<T>(total, 0, PyArray_DIMS(array))) return false;
    *(T*)PyArray_DATA(*total) = (T)sum_all(x.data<T>(), PyArray_SIZE(array));
    return true;
}

}  // namespace objectives

#endif
