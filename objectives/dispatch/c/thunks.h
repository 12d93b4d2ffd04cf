// How PyTensor's virtual machine calls a kernel: lists of one element hold the inputs and take the outputs.

#ifndef OBJECTIVES_THUNKS_H
#define OBJECTIVES_THUNKS_H

namespace objectives {

// Inputs are NULL where a node has none of this kind. Outputs are NULL where they are not wanted; they point to what
// the last call left, or to NULL. False with an error set if they cannot be computed.
typedef bool (*Compute)(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp* options);

// The array in a list, of the type with this number; NULL for None. A new reference.
static inline bool take(PyObject* cell, PyObject* type, PyArrayObject*& array) {
    if (cell == Py_None) return true;
    PyObject* value = PyList_GET_ITEM(cell, 0);
    if (PyArray_Check(value)) {
        Py_INCREF(value);
        array = (PyArrayObject*)value;
    } else {
        array = (PyArrayObject*)PyArray_FROM_O(value);  // a NumPy scalar
    }
    if (!array) return false;
    const int expected = (int)PyLong_AsLong(type);
    if (PyArray_TYPE(array) == expected || PyArray_EquivTypenums(PyArray_TYPE(array), expected)) return true;
    PyErr_Format(PyExc_TypeError, "expected an array of another dtype than %R", PyArray_DESCR(array));
    return false;
}

const int most_arrays = 64;  // inputs or outputs of a node

// Arrays that are given back at the end of their scope.
struct Arrays {
    PyArrayObject* held[most_arrays];
    Py_ssize_t count;
    explicit Arrays(Py_ssize_t count) : count(count) {
        for (Py_ssize_t i = 0; i < count; i++) held[i] = NULL;
    }
    ~Arrays() {
        for (Py_ssize_t i = 0; i < count; i++) Py_XDECREF(held[i]);
    }
    Arrays(const Arrays&) = delete;
    Arrays& operator=(const Arrays&) = delete;
};

// A Python function of tuples: inputs, numbers of their types, outputs, flags to set, numbers for the kernel.
template <Compute compute> static PyObject* thunk(PyObject*, PyObject* const* arguments, Py_ssize_t) {
    PyObject *cells = arguments[0], *results = arguments[2], *flags = arguments[3], *numbers = arguments[4];
    const Py_ssize_t num_inputs = PyTuple_GET_SIZE(cells), num_outputs = PyTuple_GET_SIZE(results);
    Arrays inputs(num_inputs), outputs(num_outputs);
    PyArrayObject** wanted[most_arrays];
    npy_intp options[most_arrays];
    for (Py_ssize_t i = 0; i < num_inputs; i++)
        if (!take(PyTuple_GET_ITEM(cells, i), PyTuple_GET_ITEM(arguments[1], i), inputs.held[i])) return NULL;
    for (Py_ssize_t i = 0; i < num_outputs; i++) {
        PyObject* cell = PyTuple_GET_ITEM(results, i);
        wanted[i] = cell == Py_None ? NULL : &outputs.held[i];
        if (!wanted[i]) continue;
        PyObject* before = PyList_GET_ITEM(cell, 0);
        if (!PyArray_Check(before)) continue;
        Py_INCREF(before);
        outputs.held[i] = (PyArrayObject*)before;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(numbers); i++)
        options[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(numbers, i));
    if (!compute(inputs.held, wanted, options)) return NULL;
    for (Py_ssize_t i = 0; i < num_outputs; i++) {
        if (!wanted[i]) continue;
        PyList_SetItem(PyTuple_GET_ITEM(results, i), 0, (PyObject*)outputs.held[i]);
        outputs.held[i] = NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(flags); i++) {
        Py_INCREF(Py_True);
        PyList_SetItem(PyTuple_GET_ITEM(flags, i), 0, Py_True);
    }
    Py_RETURN_NONE;
}

}  // namespace objectives

#endif
