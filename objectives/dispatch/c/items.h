// What losses of items (scores (..., C) and their targets) have in common: values for each row, and the outputs.

#ifndef OBJECTIVES_ITEMS_H
#define OBJECTIVES_ITEMS_H

namespace objectives {

// A value for each row, or one for all.
template <class T> struct PerRow {
    const T* data;
    npy_intp step;
    T operator[](npy_intp row) const { return data[row * step]; }
    explicit operator bool() const { return data != NULL; }
};

// An optional value for each row; `holder` keeps the array.
template <class T>
static bool per_row(PyArrayObject* array, PyArrayObject* scores, Owned& holder, PerRow<T>& values) {
    values = {NULL, 1};
    if (!array) return true;
    bool one = PyArray_SIZE(array) == 1;
    holder.array = one ? contiguous(array) : broadcast(array, PyArray_NDIM(scores) - 1, PyArray_DIMS(scores));
    values = {holder.data<T>(), one ? 0 : 1};
    return (bool)holder;
}

// Where the outputs go, NULL where not wanted, and whether the gradient overwrites the scores.
struct Outputs {
    PyArrayObject **loss, **gradient;
    bool inplace;
};

// Allocates the outputs; the gradient takes the scores' own array if that may be overwritten.
template <class T> static bool prepare_outputs(const Outputs& outputs, Owned& scores, T*& loss, T*& gradient) {
    int ndim = PyArray_NDIM(scores.array);
    const npy_intp* shape = PyArray_DIMS(scores.array);
    if (outputs.loss) {
        if (!allocate<T>(outputs.loss, ndim - 1, shape)) return false;
        loss = (T*)PyArray_DATA(*outputs.loss);
    }
    if (!outputs.gradient) return true;
    if (outputs.inplace) {
        Py_INCREF(scores.array);
        Py_XSETREF(*outputs.gradient, scores.array);
    } else if (!allocate<T>(outputs.gradient, ndim, shape)) {
        return false;
    }
    gradient = (T*)PyArray_DATA(*outputs.gradient);
    return true;
}

}  // namespace objectives

#endif
