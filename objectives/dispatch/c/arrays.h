// Arrays of NumPy as kernels want them. All functions return a new reference, or NULL with an error set.

#ifndef OBJECTIVES_ARRAYS_H
#define OBJECTIVES_ARRAYS_H

namespace objectives {

template <class T> struct NumpyType;
template <> struct NumpyType<float> { static constexpr int number = NPY_FLOAT32; };
template <> struct NumpyType<double> { static constexpr int number = NPY_FLOAT64; };
template <> struct NumpyType<npy_int64> { static constexpr int number = NPY_INT64; };

// A reference that is given back at the end of its scope.
struct Owned {
    PyArrayObject* array;
    explicit Owned(PyArrayObject* array = NULL) : array(array) {}
    ~Owned() { Py_XDECREF(array); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    template <class T> T* data() const { return array ? (T*)PyArray_DATA(array) : NULL; }
    explicit operator bool() const { return array != NULL; }
};

static inline PyArrayObject* contiguous(PyArrayObject* array) {
    if (PyArray_ISCARRAY_RO(array)) {
        Py_INCREF(array);
        return array;
    }
    return (PyArrayObject*)PyArray_FROM_OF((PyObject*)array, NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED);
}

// As above, but a copy also where the array may not be written to.
static inline PyArrayObject* writable(PyArrayObject* array) {
    return (PyArrayObject*)PyArray_FROM_OF((PyObject*)array, NPY_ARRAY_CARRAY | NPY_ARRAY_NOTSWAPPED);
}

static inline bool has_shape(PyArrayObject* array, int ndim, const npy_intp* shape) {
    return PyArray_NDIM(array) == ndim && PyArray_CompareLists(PyArray_DIMS(array), shape, ndim);
}

// The array repeated along its axes of length 1, and along axes that it lacks on the left.
static inline PyArrayObject* broadcast(PyArrayObject* array, int ndim, const npy_intp* shape) {
    if (has_shape(array, ndim, shape)) return contiguous(array);
    npy_intp strides[NPY_MAXDIMS];
    int missing = ndim - PyArray_NDIM(array);
    bool fits = missing >= 0;
    for (int axis = 0; fits && axis < ndim; axis++) {
        npy_intp length = axis < missing ? 1 : PyArray_DIM(array, axis - missing);
        strides[axis] = length == 1 ? 0 : PyArray_STRIDE(array, axis - missing);
        fits = length == 1 || length == shape[axis];
    }
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "shape mismatch: weights and masks must broadcast to the losses");
        return NULL;
    }
    PyArray_Descr* dtype = PyArray_DESCR(array);
    Py_INCREF(dtype);
    Owned view((PyArrayObject*)PyArray_NewFromDescr(&PyArray_Type, dtype, ndim, shape, strides, PyArray_DATA(array), 0, NULL));
    return view ? (PyArrayObject*)PyArray_NewCopy(view.array, NPY_CORDER) : NULL;
}

// Makes *storage a contiguous array of this type and shape, reusing the one that is there if it fits.
static inline bool allocate(PyArrayObject** storage, int type, int ndim, const npy_intp* shape) {
    PyArrayObject* old = *storage;
    if (old && PyArray_TYPE(old) == type && has_shape(old, ndim, shape) && PyArray_ISCARRAY(old)) return true;
    Py_XDECREF(old);
    *storage = (PyArrayObject*)PyArray_EMPTY(ndim, shape, type, 0);
    return *storage != NULL;
}

template <class T> static bool allocate(PyArrayObject** storage, int ndim, const npy_intp* shape) {
    return allocate(storage, NumpyType<T>::number, ndim, shape);
}

// Calls a function that raises what is wrong with its arguments, given by a format of Py_BuildValue.
template <class... Arguments>
static void raise_by(const char* module_name, const char* check, const char* format, Arguments... arguments) {
    PyObject* module = PyImport_ImportModule(module_name);
    PyObject* result = module ? PyObject_CallMethod(module, check, format, arguments...) : NULL;
    if (result) PyErr_Format(PyExc_RuntimeError, "%s found nothing to raise", check);
    Py_XDECREF(result);
    Py_XDECREF(module);
}

// Whether there is one label for each row of the scores; raises otherwise.
static inline bool check_label_shape(PyArrayObject* scores, PyArrayObject* labels) {
    int ndim = PyArray_NDIM(scores) - 1;
    if (has_shape(labels, ndim, PyArray_DIMS(scores))) return true;
    raise_by("objectives.ops.labels", "check_shapes", "OO", scores, labels);
    return false;
}

// Raises the error of the first label outside [0, num_classes) that counts.
template <class Counts> static void raise_label_error(PyArrayObject* labels, Counts counts, npy_intp num_classes) {
    Owned copy((PyArrayObject*)PyArray_NewCopy(labels, NPY_CORDER));
    if (copy) {
        npy_int64* label = copy.data<npy_int64>();
        for (npy_intp i = 0; i < PyArray_SIZE(copy.array); i++)
            if (!counts(i)) label[i] = 0;
        raise_by("objectives.ops.labels", "check_labels", "On", copy.array, num_classes);
    }
}

}  // namespace objectives

#endif
