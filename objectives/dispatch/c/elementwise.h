// Element-wise loops over operands some of which are repeated along some axes.
//
// The last axes, along which each operand is either repeated or not, are one flat vector loop.

#ifndef OBJECTIVES_ELEMENTWISE_H
#define OBJECTIVES_ELEMENTWISE_H

namespace objectives {

// One flat loop over n elements of all operands.
typedef void (*FlatLoop)(npy_intp n, char* const* data);

template <int count> struct Operands {
    PyArrayObject* arrays[count];  // the last one is an output, which has the full shape
    uint64_t repeated[count];      // a bit for each axis
    int flat_axes;

    PyArrayObject* result() const { return arrays[count - 1]; }
    int outer_axes() const { return PyArray_NDIM(result()) - flat_axes; }
    bool is_scalar(int i) const { return repeated[i] >> outer_axes() & 1; }

    npy_intp outer_length() const {
        return PyArray_MultiplyList(PyArray_DIMS(result()), outer_axes());
    }
    npy_intp flat_length() const {
        return PyArray_MultiplyList(PyArray_DIMS(result()) + outer_axes(), flat_axes);
    }

    bool are_contiguous() const {
        bool rows = true, columns = outer_axes() == 0;
        for (int i = 0; i < count; i++) {
            rows = rows && PyArray_ISCARRAY_RO(arrays[i]);
            columns = columns && PyArray_ISFARRAY_RO(arrays[i]);
        }
        return rows || columns;
    }

    // Where the operands' part of an outer index begins.
    void locate(npy_intp outer, char** data) const {
        for (int i = 0; i < count; i++) data[i] = PyArray_BYTES(arrays[i]);
        for (int axis = outer_axes() - 1; axis >= 0; axis--) {
            npy_intp length = PyArray_DIM(result(), axis), index = outer % length;
            outer /= length;
            for (int i = 0; i < count; i++)
                if (!(repeated[i] >> axis & 1)) data[i] += index * PyArray_STRIDE(arrays[i], axis);
        }
    }

    void skip(npy_intp elements, char** data) const {
        for (int i = 0; i < count; i++)
            if (!is_scalar(i)) data[i] += elements * PyArray_ITEMSIZE(arrays[i]);
    }
};

// Runs the loop over all elements; false, with nothing done, if the operands do not lie in memory as it needs them.
template <int count> static bool run_flat(const Operands<count>& operands, FlatLoop loop) {
    if (!operands.are_contiguous()) return false;
    const npy_intp outer = operands.outer_length(), n = operands.flat_length();
    const int threads = thread_count(outer * n);
    if (outer == 1) {
        share_out(n, 64, threads, [&](npy_intp start, npy_intp stop) {
            char* data[count];
            operands.locate(0, data);
            operands.skip(start, data);
            loop(stop - start, data);
        });
    } else if (n > 0) {
        share_out(outer, 1, threads, [&](npy_intp start, npy_intp stop) {
            char* data[count];
            for (npy_intp index = start; index < stop; index++) {
                operands.locate(index, data);
                loop(n, data);
            }
        });
    }
    return true;
}

}  // namespace objectives

#endif
