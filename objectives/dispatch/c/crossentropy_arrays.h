// The crossentropy of NumPy arrays: checks, broadcasting and allocation around the rows of crossentropy.h.

#ifndef OBJECTIVES_CROSSENTROPY_ARRAYS_H
#define OBJECTIVES_CROSSENTROPY_ARRAYS_H

namespace objectives {

// The inputs, of which optional ones may be NULL, and where the outputs go.
struct CrossentropyArrays {
    PyArrayObject *logits, *targets, *a, *b, *class_weights, *label_smoothing, *largest, *logit_softcap, *z_loss, *mask;
    Outputs outputs;
};

static inline bool check_target_shape(PyArrayObject* logits, PyArrayObject* targets) {
    int ndim = PyArray_NDIM(logits);
    if (PyArray_NDIM(targets) < ndim) return check_label_shape(logits, targets);
    if (has_shape(targets, ndim, PyArray_DIMS(logits))) return true;
    PyErr_SetString(PyExc_ValueError, "shape mismatch: dense targets have the shape of the logits");
    return false;
}

// Targets are weighed and smoothed to w ((1 - share) t + share / C), which is scale t + background.
template <class T> static bool weigh(const CrossentropyArrays& arrays, Crossentropy<T>& p, Owned& holder) {
    if (!arrays.class_weights && !arrays.label_smoothing) return true;
    npy_intp ones[1] = {p.classes}, pair[2] = {2, p.classes};
    Owned weights(arrays.class_weights ? broadcast(arrays.class_weights, 1, ones) : NULL);
    if (arrays.class_weights && !weights) return false;
    if (!allocate<T>(&holder.array, 2, pair)) return false;
    const T* w = weights.data<T>();
    const T share = arrays.label_smoothing ? *(T*)PyArray_DATA(arrays.label_smoothing) : (T)0;
    T *scale = holder.data<T>(), *background = scale + p.classes;
    for (npy_intp c = 0; c < p.classes; c++) {
        T weight = w ? w[c] : (T)1;
        scale[c] = weight * (1 - share);
        background[c] = weight * (share / (T)p.classes);
    }
    p.scale = scale;
    // without smoothing, labels need no background
    if (arrays.label_smoothing || p.dense) p.background = background;
    return true;
}

// Room for the capped logits of each thread.
template <class T> static bool make_room(const CrossentropyArrays& arrays, Crossentropy<T>& p, Owned& holder) {
    if (!arrays.logit_softcap) return true;
    p.cap = (T*)PyArray_DATA(arrays.logit_softcap);
    npy_intp shape[2] = {p.threads, p.part()};
    if (!allocate<T>(&holder.array, 2, shape)) return false;
    p.capped = holder.data<T>();
    return true;
}

// Computes the outputs; false with an error set if that cannot be done.
template <class T>
static bool softmax_crossentropy(PyArrayObject* const* x, PyArrayObject** const* y, const npy_intp* options) {
    const CrossentropyArrays arrays = {x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9],
                                       {y[0], y[1], options[0] != 0}};
    if (!check_target_shape(arrays.logits, arrays.targets)) return false;
    Owned logits(arrays.outputs.inplace ? writable(arrays.logits) : contiguous(arrays.logits)), targets(contiguous(arrays.targets));
    Owned a, b, mask, weighing, capped;
    if (!logits || !targets) return false;
    Crossentropy<T> p = {};
    p.classes = PyArray_DIM(logits.array, PyArray_NDIM(logits.array) - 1);
    if (p.classes == 0) {
        PyErr_SetString(PyExc_ValueError, "the class axis has length 0: there must be at least one class");
        return false;
    }
    p.rows = PyArray_SIZE(logits.array) / p.classes;
    p.threads = thread_count(p.rows * p.classes);
    p.logits = logits.data<T>();
    p.largest = arrays.largest ? *(T*)PyArray_DATA(arrays.largest) : (T)1;
    p.z_loss = arrays.z_loss ? *(T*)PyArray_DATA(arrays.z_loss) : (T)0;
    if (PyArray_NDIM(targets.array) == PyArray_NDIM(logits.array)) p.dense = targets.data<T>();
    else p.labels = targets.data<npy_int64>();
    bool ready = weigh(arrays, p, weighing) && make_room(arrays, p, capped) && per_row(arrays.a, logits.array, a, p.a) &&
                 per_row(arrays.b, logits.array, b, p.b) && per_row(arrays.mask, logits.array, mask, p.mask) &&
                 prepare_outputs(arrays.outputs, logits, p.loss, p.gradient);
    if (!ready) return false;
    if (compute(p)) return true;
    raise_label_error(targets.array, [&](npy_intp row) { return p.counts(row); }, p.classes);
    return false;
}

}  // namespace objectives

#endif
