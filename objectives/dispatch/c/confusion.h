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

// Computes the counts in double precision, as NumPy does; false with an error set if that cannot be done.
template <class T>
static bool confusion_counts(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp* shape) {
    PyArrayObject *rows = inputs[0], *columns = inputs[1], *weights = inputs[2], **counts = outputs[0];
    const npy_intp num_rows = shape[0], num_columns = shape[1], items = PyArray_SIZE(rows);
    if (PyArray_SIZE(columns) == items && PyArray_SIZE(weights) == items) {
        Owned i(contiguous(rows)), j(contiguous(columns)), w(contiguous(weights));
        if (!i || !j || !w || !allocate<double>(counts, 2, shape)) return false;
        double* sum = (double*)PyArray_DATA(*counts);
        std::fill(sum, sum + num_rows * num_columns, 0.0);
        if (count_pairs(i.data<npy_int64>(), j.data<npy_int64>(), w.data<T>(), items, num_rows, num_columns, sum))
            return true;
    }
    raise_by("objectives.ops.confusion", "check_pairs", "OOOnn", rows, columns, weights, num_rows, num_columns);
    return false;
}

}  // namespace objectives

#endif
