// Element-wise loops over arrays of one shape and single numbers, which sum some of their results.

#ifndef OBJECTIVES_SUMS_H
#define OBJECTIVES_SUMS_H

#include <algorithm>
#include <vector>

namespace objectives {

// Elements of which sums are kept apart, so that they do not depend on the number of threads.
const npy_intp sum_chunk = 1 << 15;

// Stores the results for n consecutive elements, and adds those that are summed to the sums.
typedef void (*SumChunk)(npy_intp n, char* const* data, double* sums);

// What is known of a node. Operands are its inputs, then its outputs.
struct SumLoop {
    int inputs, outputs, ndim, sums;
    const bool* full;    // of the operands; the others are numbers
    const int* types;    // of the outputs
    SumChunk chunk;
};

struct SumOperands {
    const SumLoop& node;
    Arrays arrays;
    PyArrayObject* shaped;  // the first input that is full

    explicit SumOperands(const SumLoop& node) : node(node), arrays(node.inputs + node.outputs), shaped(NULL) {}

    // Whether the elements of all inputs lie in the order of columns, and not in that of rows.
    bool are_in_columns(PyArrayObject* const* inputs) const {
        bool rows = true, columns = true;
        for (int i = 0; i < node.inputs; i++) {
            if (!node.full[i]) continue;
            rows = rows && PyArray_ISCARRAY_RO(inputs[i]);
            columns = columns && PyArray_ISFARRAY_RO(inputs[i]);
        }
        return columns && !rows;
    }

    bool place_output(int j, PyArrayObject** output, bool columns) const {
        const bool full = node.full[node.inputs + j];
        const int ndim = full ? node.ndim : 0, order = columns ? NPY_ARRAY_FARRAY : NPY_ARRAY_CARRAY;
        PyArrayObject* old = *output;
        if (old && PyArray_TYPE(old) == node.types[j] && has_shape(old, ndim, PyArray_DIMS(shaped)) &&
            PyArray_CHKFLAGS(old, order))
            return true;
        PyArrayObject* place = (PyArrayObject*)PyArray_EMPTY(ndim, PyArray_DIMS(shaped), node.types[j], columns);
        if (place) Py_XSETREF(*output, place);
        return place != NULL;
    }

    // Takes the inputs, copied if they are in no common order, and makes the outputs.
    bool prepare(PyArrayObject* const* inputs, PyArrayObject** const* outputs) {
        shaped = inputs[std::find(node.full, node.full + node.inputs, true) - node.full];
        const bool columns = are_in_columns(inputs);
        for (int i = 0; i < node.inputs; i++) {
            if (node.full[i] && !has_shape(inputs[i], node.ndim, PyArray_DIMS(shaped))) {
                raise_by("objectives.ops.elementwise", "refuse_shapes", "OO", shaped, inputs[i]);
                return false;
            }
            if (columns) Py_INCREF(inputs[i]);
            arrays.held[i] = columns ? inputs[i] : contiguous(inputs[i]);
            if (!arrays.held[i]) return false;
        }
        for (int j = 0; j < node.outputs; j++) {
            if (!place_output(j, outputs[j], columns)) return false;
            Py_INCREF(*outputs[j]);
            arrays.held[node.inputs + j] = *outputs[j];
        }
        return true;
    }

    void locate(npy_intp element, char** data) const {
        for (int i = 0; i < node.inputs + node.outputs; i++)
            data[i] = PyArray_BYTES(arrays.held[i]) + (node.full[i] ? element * PyArray_ITEMSIZE(arrays.held[i]) : 0);
    }

    void run() const {
        const npy_intp n = PyArray_SIZE(shaped), chunks = (n + sum_chunk - 1) / sum_chunk;
        std::vector<double> sums(chunks * node.sums);
        share_out(chunks, 1, thread_count(n), [&](npy_intp start, npy_intp stop) {
            char* data[most_arrays];
            for (npy_intp i = start; i < stop; i++) {
                locate(i * sum_chunk, data);
                node.chunk(std::min(sum_chunk, n - i * sum_chunk), data, sums.data() + i * node.sums);
            }
        });
        for (int j = 0, k = 0; j < node.outputs; j++) {
            if (node.full[node.inputs + j]) continue;
            double total = 0;
            for (npy_intp i = 0; i < chunks; i++) total += sums[i * node.sums + k];
            void* place = PyArray_DATA(arrays.held[node.inputs + j]);
            if (node.types[j] == NPY_FLOAT32) *(float*)place = (float)total;
            else *(double*)place = total;
            k++;
        }
    }
};

// Computes the outputs; false with an error set if that cannot be done.
static bool compute_sums(const SumLoop& node, PyArrayObject* const* inputs, PyArrayObject** const* outputs) {
    SumOperands operands(node);
    if (!operands.prepare(inputs, outputs)) return false;
    operands.run();
    return true;
}

}  // namespace objectives

#endif
