// Element-wise loops over operands some of which are repeated along some axes.
//
// The last axes, along which each operand is either repeated or not, are one flat vector loop.

#ifndef OBJECTIVES_ELEMENTWISE_H
#define OBJECTIVES_ELEMENTWISE_H

namespace objectives {

// One flat loop over n elements of all operands.
typedef void (*FlatLoop)(npy_intp n, char* const* data);

// What is known of a node. Operands are its inputs, then its outputs.
struct Elementwise {
    int inputs, outputs, ndim, flat_axes;
    const unsigned long long* repeated;  // a bit for each axis, of each operand
    const int* overwritten;              // for each output, the input that it overwrites, or -1
    const int* types;                    // of the outputs
    FlatLoop loop;

    int count() const { return inputs + outputs; }
    int outer_axes() const { return ndim - flat_axes; }
    bool repeats(int i, int axis) const { return repeated[i] >> axis & 1; }
};

// Arrays that the loop runs over, contiguous, all with the order of their axes in memory.
struct Operands {
    const Elementwise& node;
    Arrays arrays;
    npy_intp shape[NPY_MAXDIMS];

    explicit Operands(const Elementwise& node) : node(node), arrays(node.count()) {}

    // Raises unless lengths agree, along axes that are not repeated.
    bool find_shape(PyArrayObject* const* inputs) {
        for (int axis = 0; axis < node.ndim; axis++) {
            int first = -1;
            shape[axis] = 1;
            for (int i = 0; i < node.inputs; i++) {
                if (PyArray_NDIM(inputs[i]) != node.ndim || (node.repeats(i, axis) && PyArray_DIM(inputs[i], axis) != 1))
                    return refuse_shape(i);
                if (node.repeats(i, axis)) continue;
                if (first < 0) shape[axis] = PyArray_DIM(inputs[first = i], axis);
                else if (PyArray_DIM(inputs[i], axis) != shape[axis])
                    return refuse_lengths(first, i, axis, PyArray_DIM(inputs[i], axis));
            }
        }
        return true;
    }

    static bool refuse_shape(int i) {
        PyErr_Format(PyExc_ValueError, "input[%d] has not the number of axes, or the axes of length 1, of its type", i);
        return false;
    }

    bool refuse_lengths(int first, int other, int axis, npy_intp length) const {
        const char* format = shape[axis] == 1 || length == 1
            ? "Runtime broadcasting not allowed. One input had a distinct dimension length of 1, but was not marked as "
              "broadcastable: (input[%d].shape[%d] = %lld, input[%d].shape[%d] = %lld). If broadcasting was intended, "
              "use `specify_broadcastable` on the relevant input."
            : "Input dimension mismatch: (input[%d].shape[%d] = %lld, input[%d].shape[%d] = %lld)";
        PyErr_Format(PyExc_ValueError, format, first, axis, (long long)shape[axis], other, axis, (long long)length);
        return false;
    }

    // Whether the columns of all inputs lie one after the other, and not their rows.
    bool are_in_columns(PyArrayObject* const* inputs) const {
        bool rows = true, columns = node.outer_axes() == 0;
        for (int i = 0; i < node.inputs; i++) {
            rows = rows && PyArray_ISCARRAY_RO(inputs[i]);
            columns = columns && PyArray_ISFARRAY_RO(inputs[i]);
        }
        return columns && !rows;
    }

    // Takes the inputs, copied if they do not lie in memory as the loop needs them, and makes the outputs.
    bool prepare(PyArrayObject* const* inputs, PyArrayObject** const* outputs) {
        if (!find_shape(inputs)) return false;
        const bool columns = are_in_columns(inputs);
        for (int i = 0; i < node.inputs; i++) {
            if (columns) Py_INCREF(inputs[i]);
            arrays.held[i] = columns ? inputs[i] : contiguous(inputs[i]);
            if (!arrays.held[i]) return false;
        }
        for (int j = 0; j < node.outputs; j++) {
            if (!place_output(j, *outputs[j], columns)) return false;
            Py_INCREF(*outputs[j]);
            arrays.held[node.inputs + j] = *outputs[j];
        }
        return true;
    }

    bool place_output(int j, PyArrayObject*& output, bool columns) const {
        PyArrayObject* input = node.overwritten[j] < 0 ? NULL : arrays.held[node.overwritten[j]];
        const bool fits = input && has_shape(input, node.ndim, shape) && PyArray_ISWRITEABLE(input);
        PyArrayObject* place = fits ? input : input ? NULL : output;
        const int order = columns ? NPY_ARRAY_FARRAY : NPY_ARRAY_CARRAY;
        if (place && PyArray_TYPE(place) == node.types[j] && has_shape(place, node.ndim, shape) &&
            PyArray_CHKFLAGS(place, order)) {
            Py_INCREF(place);
        } else {
            place = (PyArrayObject*)PyArray_EMPTY(node.ndim, shape, node.types[j], columns);
            if (!place) return false;
        }
        Py_XSETREF(output, place);
        return true;
    }

    // Where the operands' part of an outer index begins.
    void locate(npy_intp outer, char** data) const {
        for (int i = 0; i < node.count(); i++) data[i] = PyArray_BYTES(arrays.held[i]);
        for (int axis = node.outer_axes() - 1; axis >= 0; axis--) {
            npy_intp index = outer % shape[axis];
            outer /= shape[axis];
            for (int i = 0; i < node.count(); i++)
                if (!node.repeats(i, axis)) data[i] += index * PyArray_STRIDE(arrays.held[i], axis);
        }
    }

    void skip(npy_intp elements, char** data) const {
        for (int i = 0; i < node.count(); i++)
            if (node.flat_axes == 0 || !node.repeats(i, node.outer_axes()))
                data[i] += elements * PyArray_ITEMSIZE(arrays.held[i]);
    }

    void run() const {
        const npy_intp outer = PyArray_MultiplyList(shape, node.outer_axes());
        const npy_intp n = PyArray_MultiplyList(shape + node.outer_axes(), node.flat_axes);
        const int threads = thread_count(outer * n);
        if (outer == 1) {
            share_out(n, 64, threads, [&](npy_intp start, npy_intp stop) {
                char* data[most_arrays];
                locate(0, data);
                skip(start, data);
                node.loop(stop - start, data);
            });
        } else if (n > 0) {
            share_out(outer, 1, threads, [&](npy_intp start, npy_intp stop) {
                char* data[most_arrays];
                for (npy_intp index = start; index < stop; index++) {
                    locate(index, data);
                    node.loop(n, data);
                }
            });
        }
    }
};

// Computes the outputs; false with an error set if that cannot be done.
static bool compute_elements(const Elementwise& node, PyArrayObject* const* inputs, PyArrayObject** const* outputs) {
    Operands operands(node);
    if (!operands.prepare(inputs, outputs)) return false;
    operands.run();
    return true;
}

}  // namespace objectives

#endif
