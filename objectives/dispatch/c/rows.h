// Loops over rows, the elements of neighboring axes: several passes over one row before the next is read.

#ifndef OBJECTIVES_ROWS_H
#define OBJECTIVES_ROWS_H

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace objectives {

// Elements of which sums are vectors in their own precision; those of blocks are added in double precision.
const npy_intp row_block = 1024;

// Numbers in a tile, and the fewest lanes in one; see dispatch/passes.py.
const npy_intp tile_width = 256, fewest_lanes = 64, cached_elements = 1 << 15;

// Whether an array has entries along the axes before a row, those of a row, and the lanes behind it.
enum Parts { OUTER = 1, OWN = 2, LANES = 4, FULL = 7, ROW = 5 };

struct Sizes {
    npy_intp length, lanes;  // elements of a row, and how far they are apart
    npy_intp most, copies;   // lanes in a tile, and how often a tile has each

    Sizes(npy_intp length, npy_intp lanes) : length(length), lanes(lanes) {
        copies = std::max<npy_intp>(std::min(tile_width / std::max<npy_intp>(lanes, 1), length), 1);
        most = std::min(tile_width, std::max(cached_elements / std::max<npy_intp>(length, 1), fewest_lanes));
        most = std::max<npy_intp>(copies > 1 ? lanes : std::min(lanes, most), 1);
    }
};

// Each copy of a lane gets the entry of its row.
template <class T> OBJECTIVES_INLINE void fill(T* tile, const T* array, npy_intp row, npy_intp own, npy_intp copies) {
    for (npy_intp copy = 0; copy < copies; copy++) std::copy_n(array + row, own, tile + copy * own);
}

// Each copy of the lanes gets the entry of its element.
template <class T> OBJECTIVES_INLINE void spread(T* tile, const T* array, npy_intp place, npy_intp own, npy_intp number) {
    for (npy_intp copy = 0; copy < number; copy++) std::fill_n(tile + copy * own, own, array[place + copy]);
}

// Each copy of a lane gets the sum of all.
static inline void add_copies(double* tile, npy_intp own, npy_intp copies) {
    for (npy_intp copy = 1; copy < copies; copy++)
        for (npy_intp k = 0; k < own; k++) tile[k] += tile[copy * own + k];
    fill(tile + own, tile, 0, own, copies - 1);
}

// Each copy of a lane gets the maximum of all.
template <class T> static void compare_copies(T* tile, npy_intp own, npy_intp copies) {
    for (npy_intp copy = 1; copy < copies; copy++)
        for (npy_intp k = 0; k < own; k++) tile[k] = greater(tile[k], tile[copy * own + k]);
    fill(tile + own, tile, 0, own, copies - 1);
}

// A condition that holds for a whole row, as a number of which the compiler knows nothing: GCC vectorizes no choice by a
// bool that does not change in the loop.
OBJECTIVES_INLINE int row_condition(int condition) {
    __asm__("" : "+r"(condition));
    return condition;
}

// Computes rows [start, stop), or tiles of lanes. Data are the operands, scratch is memory for one of them.
typedef void (*OverRows)(npy_intp start, npy_intp stop, const Sizes& sizes, char* const* data, char* scratch);

// What is known of a node. Operands are its inputs, one of which is full, then its outputs.
struct RowLoop {
    int inputs, outputs, ndim, outer_axes, own_axes;
    npy_intp scratch;          // bytes for each element of a row
    bool has_maximum;
    const int* parts;          // of the operands
    const int *types, *ndims;  // of the outputs
    OverRows over_rows;
};

struct RowOperands {
    const RowLoop& node;
    Arrays arrays;
    npy_intp shape[NPY_MAXDIMS];

    explicit RowOperands(const RowLoop& node) : node(node), arrays(node.inputs + node.outputs) {}

    int part(int axis) const {
        return axis < node.outer_axes ? OUTER : axis < node.outer_axes + node.own_axes ? OWN : LANES;
    }

    npy_intp size(int parts) const {
        npy_intp size = 1;
        for (int axis = 0; axis < node.ndim; axis++)
            if (part(axis) & parts) size *= shape[axis];
        return size;
    }

    // Axes of a row may be missing in an array that has no entries along them.
    bool fits(PyArrayObject* array, int parts) const {
        const bool has_all = PyArray_NDIM(array) == node.ndim;
        if (parts == 0) return PyArray_SIZE(array) == 1;
        for (int axis = 0, own = 0; axis < node.ndim; axis++) {
            if (!has_all && part(axis) == OWN) continue;
            if (PyArray_DIM(array, own++) != (part(axis) & parts ? shape[axis] : 1)) return false;
        }
        return true;
    }

    // Takes the inputs, copied if they are not contiguous, and makes the outputs.
    bool prepare(PyArrayObject* const* inputs, PyArrayObject** const* outputs) {
        PyArrayObject* full = inputs[std::find(node.parts, node.parts + node.inputs, (int)FULL) - node.parts];
        std::copy_n(PyArray_DIMS(full), node.ndim, shape);
        if (node.has_maximum && size(OWN) == 0) {
            PyErr_SetString(PyExc_ValueError, "rows without elements have no maximum: an axis of length 0, such as that of the classes, is reduced");
            return false;
        }
        for (int i = 0; i < node.inputs; i++) {
            if (!fits(inputs[i], node.parts[i])) {
                raise_by("objectives.ops.rows", "refuse_shapes", "OO", full, inputs[i]);
                return false;
            }
            arrays.held[i] = contiguous(inputs[i]);
            if (!arrays.held[i]) return false;
        }
        for (int j = 0; j < node.outputs; j++) {
            npy_intp lengths[NPY_MAXDIMS];
            for (int axis = 0, own = 0; axis < node.ndim; axis++) {
                if (node.ndims[j] < node.ndim && part(axis) == OWN) continue;
                lengths[own++] = part(axis) & node.parts[node.inputs + j] ? shape[axis] : 1;
            }
            if (!allocate(outputs[j], node.types[j], node.ndims[j], lengths)) return false;
            Py_INCREF(*outputs[j]);
            arrays.held[node.inputs + j] = *outputs[j];
        }
        return true;
    }

    bool run() const {
        const Sizes sizes(size(OWN), size(LANES));
        const bool has_lanes = node.outer_axes + node.own_axes < node.ndim;
        const npy_intp tiles = has_lanes ? (sizes.lanes + sizes.most - 1) / sizes.most : 1;
        const npy_intp units = size(OUTER) * tiles, kept = sizes.length + sizes.copies;
        char* data[most_arrays];
        for (int i = 0; i < node.inputs + node.outputs; i++) data[i] = PyArray_BYTES(arrays.held[i]);
        std::atomic<bool> has_memory(true);
        const int threads = (int)std::min<npy_intp>(thread_count(size(FULL)), std::max<npy_intp>(units, 1));
        share_out(units, 1, threads, [&](npy_intp start, npy_intp stop) {
            char* scratch = (char*)std::malloc(kept * sizes.most * node.scratch + 1);
            if (scratch) node.over_rows(start, stop, sizes, data, scratch);
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
