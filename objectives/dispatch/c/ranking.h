// The rank of the label's score in its row, ties ordered by index, and the class that ranks first.

#ifndef OBJECTIVES_RANKING_H
#define OBJECTIVES_RANKING_H

#include <algorithm>
#include <atomic>
#include <limits>

namespace objectives {

// Below this, one loop beats two vectorized ones: twice as fast at 10 classes.
static const npy_intp SHORT = 32;

// How many of n scores are not less than s, or with `ties_behind` not less or equal. NaN is neither, on either side.
template <bool ties_behind, class T> static inline npy_int64 count_ahead(const T* x, npy_intp n, T s) {
    const npy_intp block = 1 << 16;  // a count that fits lanes as wide as the scores
    npy_int64 ahead = 0;
    for (npy_intp start = 0; start < n; start += block) {
        const npy_intp size = std::min(block, n - start);
        const T* z = x + start;
        typename Format<T>::Int count = 0;
        #pragma omp simd reduction(+ : count)
        for (npy_intp c = 0; c < size; c++) count += (ties_behind ? z[c] <= s : z[c] < s) ? 0 : 1;
        ahead += count;
    }
    return ahead;
}

// The same in one loop over the whole row, for rows too short for two.
template <class T> static inline npy_int64 rank_in_short_row(const T* x, npy_intp n, npy_intp label) {
    const T s = x[label];
    npy_int64 ahead = 0;
    for (npy_intp c = 0; c < n; c++) ahead += !(c < label ? x[c] < s : x[c] <= s);
    return ahead;
}

template <class T> static bool rank_rows(const T* scores, const npy_int64* labels, npy_intp classes, npy_int64* ranks,
                                         npy_intp start, npy_intp stop) {
    bool valid = true;
    for (npy_intp row = start; row < stop; row++) {
        const T* x = scores + row * classes;
        const npy_int64 label = labels[row];
        if (label < 0 || label >= classes) {
            valid = false;
            continue;
        }
        if (classes < SHORT)
            ranks[row] = rank_in_short_row(x, classes, label);
        else
            ranks[row] = count_ahead<false>(x, label, x[label]) + count_ahead<true>(x + label, classes - label, x[label]);
    }
    return valid;
}

// Computes the ranks; false with an error set if that cannot be done.
template <class T>
static bool label_rank(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp*) {
    PyArrayObject *scores = inputs[0], *labels = inputs[1], **ranks = outputs[0];
    if (!check_label_shape(scores, labels)) return false;
    Owned x(contiguous(scores)), y(contiguous(labels));
    if (!x || !y || !allocate<npy_int64>(ranks, PyArray_NDIM(labels), PyArray_DIMS(labels))) return false;
    const npy_intp rows = PyArray_SIZE(labels), classes = PyArray_DIM(scores, PyArray_NDIM(scores) - 1);
    npy_int64* out = (npy_int64*)PyArray_DATA(*ranks);
    std::atomic<bool> valid(true);
    int threads = thread_count(rows * classes);
    share_out(rows, 1, threads, [&](npy_intp start, npy_intp stop) {
        if (!rank_rows(x.data<T>(), y.data<npy_int64>(), classes, out, start, stop)) valid = false;
    });
    if (!valid) raise_label_error(y.array, [](npy_intp) { return true; }, classes);
    return valid;
}

// The first maximum of each row, or -1 where there is a NaN. Branchless: random scores defeat branch prediction.
template <class T>
static void best_rows(const T* scores, npy_intp classes, npy_int64* best, npy_intp start, npy_intp stop) {
    for (npy_intp row = start; row < stop; row++) {
        const T* x = scores + row * classes;
        T greatest = -std::numeric_limits<T>::infinity();
        npy_intp index = 0;
        bool is_nan = false;
        for (npy_intp c = 0; c < classes; c++) {
            const bool is_better = x[c] > greatest;
            is_nan |= x[c] != x[c];
            index = is_better ? c : index;
            greatest = is_better ? x[c] : greatest;
        }
        best[row] = is_nan ? -1 : index;
    }
}

// Computes the classes; false with an error set if that cannot be done.
template <class T>
static bool best_class(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp*) {
    PyArrayObject *scores = inputs[0], **best = outputs[0];
    const int axis = PyArray_NDIM(scores) - 1;
    if (PyArray_DIM(scores, axis) == 0) {
        PyErr_SetString(PyExc_ValueError, "the class axis has length 0: there must be at least one class");
        return false;
    }
    Owned x(contiguous(scores));
    if (!x || !allocate<npy_int64>(best, axis, PyArray_DIMS(scores))) return false;
    const npy_intp rows = PyArray_SIZE(*best), classes = PyArray_DIM(scores, axis);
    npy_int64* out = (npy_int64*)PyArray_DATA(*best);
    share_out(rows, 1, thread_count(rows * classes), [&](npy_intp start, npy_intp stop) {
        best_rows(x.data<T>(), classes, out, start, stop);
    });
    return true;
}

}  // namespace objectives

#endif
