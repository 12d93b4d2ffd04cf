// Loops over rows, the elements of the last axes: several passes over one row before the next is read.

#ifndef OBJECTIVES_ROWS_H
#define OBJECTIVES_ROWS_H

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace objectives {

// Elements of which sums are vectors in their own precision; those of blocks are added in double precision.
const npy_intp row_block = 1024;

enum Kind { FULL, ROW, COLUMN, SINGLE };  // has an entry for each element, each row, each element of a row, or one

// A condition that holds for a whole row, as a number of which the compiler knows nothing: GCC vectorizes no choice by a
// bool that does not change in the loop.
OBJECTIVES_INLINE int row_condition(int condition) {
    __asm__("" : "+r"(condition));
    return condition;
}

// Computes rows [start, stop). Data are the operands, scratch is memory for one row.
typedef void (*OverRows)(npy_intp start, npy_intp stop, npy_intp length, char* const* data, char* scratch);

// What is known of a node. Operands are its inputs, one of which is full, then its outputs.
struct RowLoop {
    int inputs, outputs, ndim, outer_axes;
    npy_intp scratch;          // bytes for each element of a row
    bool has_maximum;
    const int* kinds;          // of the operands
    const int *types, *ndims;  // of the outputs
    OverRows over_rows;
};

struct RowOperands {
    const RowLoop& node;
    Arrays arrays;
    npy_intp shape[NPY_MAXDIMS];

    explicit RowOperands(const RowLoop& node) : node(node), arrays(node.inputs + node.outputs) {}

    bool fits(PyArrayObject* array, int kind) const {
        const int first = kind == FULL || kind == ROW ? 0 : node.outer_axes;
        const int stop = kind == FULL || kind == COLUMN ? node.ndim : node.outer_axes;
        return PyArray_NDIM(array) >= stop && PyArray_SIZE(array) == PyArray_MultiplyList(shape + first, stop - first) &&
            PyArray_CompareLists(PyArray_DIMS(array) + first, shape + first, stop - first);
    }

    npy_intp row_length() const {
        return PyArray_MultiplyList(shape + node.outer_axes, node.ndim - node.outer_axes);
    }

    // Takes the inputs, copied if they are not contiguous, and makes the outputs.
    bool prepare(PyArrayObject* const* inputs, PyArrayObject** const* outputs) {
        PyArrayObject* full = inputs[std::find(node.kinds, node.kinds + node.inputs, (int)FULL) - node.kinds];
        std::copy_n(PyArray_DIMS(full), node.ndim, shape);
        if (node.has_maximum && row_length() == 0) {
            PyErr_SetString(PyExc_ValueError, "rows without elements have no maximum");
            return false;
        }
        for (int i = 0; i < node.inputs; i++) {
            if (!fits(inputs[i], node.kinds[i])) {
                raise_by("objectives.ops.rows", "refuse_shapes", "OO", full, inputs[i]);
                return false;
            }
            arrays.held[i] = contiguous(inputs[i]);
            if (!arrays.held[i]) return false;
        }
        for (int j = 0; j < node.outputs; j++) {
            npy_intp lengths[NPY_MAXDIMS];
            std::copy_n(shape, node.ndim, lengths);
            if (node.kinds[node.inputs + j] == ROW) std::fill(lengths + node.outer_axes, lengths + node.ndim, 1);
            if (!allocate(outputs[j], node.types[j], node.ndims[j], lengths)) return false;
            Py_INCREF(*outputs[j]);
            arrays.held[node.inputs + j] = *outputs[j];
        }
        return true;
    }

    bool run() const {
        const npy_intp rows = PyArray_MultiplyList(shape, node.outer_axes);
        const npy_intp length = row_length();
        char* data[most_arrays];
        for (int i = 0; i < node.inputs + node.outputs; i++) data[i] = PyArray_BYTES(arrays.held[i]);
        std::atomic<bool> has_memory(true);
        const int threads = (int)std::min<npy_intp>(thread_count(rows * length), std::max<npy_intp>(rows, 1));
        share_out(rows, 1, threads, [&](npy_intp start, npy_intp stop) {
            char* scratch = (char*)std::malloc(length * node.scratch + 1);
            if (scratch) node.over_rows(start, stop, length, data, scratch);
            else has_memory = false;
            std::free(scratch);
        });
        if (!has_memory) PyErr_NoMemory();
        return has_memory;
    }
};

// Computes the outputs; false with an error set if that cannot be done.
static bool compute_rows(const RowLoop& node, PyArrayObject* const* inputs, PyArrayObject** const* outputs) {
    RowOperands operands(node);
    return operands.prepare(inputs, outputs) && operands.run();
}

}  // namespace objectives

#endif
