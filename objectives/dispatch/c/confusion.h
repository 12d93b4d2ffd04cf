// Counts of pairs of class indices.

#ifndef OBJECTIVES_CONFUSION_H
#define OBJECTIVES_CONFUSION_H

#include <algorithm>

namespace objectives {

// Adds the weight of each item to the count of its row and column; false if one is out of range.
template <class T>
static bool count_pairs(const npy_int64* rows, const npy_int64* columns, const T* weights, npy_intp items,
                        npy_intp num_rows, npy_intp num_columns, double* counts) {
    for (npy_intp i = 0; i < items; i++) {
        const npy_int64 row = rows[i], column = columns[i];
        if (row < 0 || row >= num_rows || column < 0 || column >= num_columns) return false;
        counts[row * num_columns + column] += weights[i];
    }
    return true;
}

// Computes the counts, adding in double precision as NumPy does; false with an error set if that cannot be done.
template <class T>
static bool confusion_counts(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp* shape) {
    PyArrayObject *rows = inputs[0], *columns = inputs[1], *weights = inputs[2], **counts = outputs[0];
    const npy_intp num_rows = shape[0], num_columns = shape[1], items = PyArray_SIZE(rows);
    if (PyArray_SIZE(columns) == items && PyArray_SIZE(weights) == items) {
        Owned i(contiguous(rows)), j(contiguous(columns)), w(contiguous(weights));
        Owned sums((PyArrayObject*)PyArray_ZEROS(2, (npy_intp*)shape, NPY_FLOAT64, 0));
        if (!i || !j || !w || !sums || !allocate<T>(counts, 2, shape)) return false;
        double* sum = sums.data<double>();
        if (count_pairs(i.data<npy_int64>(), j.data<npy_int64>(), w.data<T>(), items, num_rows, num_columns, sum)) {
            std::copy(sum, sum + num_rows * num_columns, (T*)PyArray_DATA(*counts));
            return true;
        }
    }
    raise_by("objectives.ops.confusion", "check_pairs", "OOOnn", rows, columns, weights, num_rows, num_columns);
    return false;
}

}  // namespace objectives

#endif
