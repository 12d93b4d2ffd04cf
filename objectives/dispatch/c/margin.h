// The multi-class hinge loss of scores z with label y, and its gradient, row by row.
//
// With x = max_{c != y} z_c - z_y + delta: loss = max(0, x). Where x > 0, the best of the other classes share the weight
// evenly and the label gets its negative. NaN stays visible: where x is NaN, so is the weight.

#ifndef OBJECTIVES_MARGIN_H
#define OBJECTIVES_MARGIN_H

#include <algorithm>
#include <atomic>

namespace objectives {

struct HingeArrays {
    PyArrayObject *scores, *labels, *weight, *delta, *mask;
    Outputs outputs;
};

template <class T> struct Hinge {
    npy_intp rows, classes;
    const T* scores;
    const npy_int64* labels;
    PerRow<T> weight, delta;
    PerRow<npy_bool> mask;
    T *loss, *gradient;
};

// The maximum of n scores; NaN if one of them is.
template <class T> static inline T largest_or_nan(const T* z, npy_intp n) {
    T m = -(T)INFINITY, poison = 0;
    #pragma omp simd reduction(max : m) reduction(+ : poison)
    for (npy_intp c = 0; c < n; c++) {
        m = z[c] > m ? z[c] : m;
        poison += z[c] == z[c] ? (T)0 : z[c];
    }
    return m + poison;
}

template <class T> static inline T best_other(const T* z, npy_intp n, npy_int64 label) {
    const T before = largest_or_nan(z, label), after = largest_or_nan(z + label + 1, n - label - 1);
    return before > after ? before : (before <= after ? after : (T)NAN);
}

template <class T> static inline T count_equal(const T* z, npy_intp n, T value) {
    T count = 0;
    #pragma omp simd reduction(+ : count)
    for (npy_intp c = 0; c < n; c++) count += z[c] == value ? (T)1 : (T)0;
    return count;
}

// g may be z: each score is read before its place is written to.
template <class T>
static inline void hinge_gradient(const T* z, T* g, npy_intp n, npy_int64 label, T best, T weight) {
    T tied = count_equal(z, label, best) + count_equal(z + label + 1, n - label - 1, best);
    tied += best == -(T)INFINITY ? 1 : 0;  // the label counts as -inf among the others
    const T share = weight / tied;
    #pragma omp simd
    for (npy_intp c = 0; c < n; c++) g[c] = (z[c] == best ? (T)1 : (T)0) * share;
    g[label] = -weight;
}

template <class T> static void hinge_row(const Hinge<T>& p, npy_intp row) {
    const npy_intp n = p.classes;
    const T* z = p.scores + row * n;
    const npy_int64 label = p.labels[row];
    const T best = best_other(z, n, label);
    const T x = best - z[label] + p.delta[row];
    if (p.loss) p.loss[row] = x <= 0 ? 0 : x;
    if (!p.gradient) return;
    const T weight = x <= 0 ? (T)0 : x == x ? p.weight[row] : x;
    hinge_gradient(z, p.gradient + row * n, n, label, best, weight);
}

// Rows [start, stop); false if one of them has a bad label.
template <class T> static bool hinge_rows(const Hinge<T>& p, npy_intp start, npy_intp stop) {
    bool valid = true;
    for (npy_intp row = start; row < stop; row++) {
        const bool counts = !p.mask || p.mask[row], is_class = p.labels[row] >= 0 && p.labels[row] < p.classes;
        valid = valid && (is_class || !counts);
        if (counts && is_class) {
            hinge_row(p, row);
            continue;
        }
        if (p.loss) p.loss[row] = 0;
        if (p.gradient) std::fill_n(p.gradient + row * p.classes, p.classes, (T)0);
    }
    return valid;
}

// Computes the outputs; false with an error set if that cannot be done.
template <class T>
static bool multiclass_hinge(PyArrayObject* const* x, PyArrayObject** const* y, const npy_intp* options) {
    const HingeArrays arrays = {x[0], x[1], x[2], x[3], x[4], {y[0], y[1], options[0] != 0}};
    if (!check_label_shape(arrays.scores, arrays.labels)) return false;
    Owned scores(arrays.outputs.inplace ? writable(arrays.scores) : contiguous(arrays.scores));
    Owned labels(contiguous(arrays.labels)), weight, delta, mask;
    if (!scores || !labels) return false;
    Hinge<T> p = {};
    p.classes = PyArray_DIM(scores.array, PyArray_NDIM(scores.array) - 1);
    p.rows = PyArray_SIZE(labels.array);
    p.scores = scores.data<T>();
    p.labels = labels.data<npy_int64>();
    bool ready = per_row(arrays.weight, scores.array, weight, p.weight) &&
                 per_row(arrays.delta, scores.array, delta, p.delta) &&
                 per_row(arrays.mask, scores.array, mask, p.mask) &&
                 prepare_outputs(arrays.outputs, scores, p.loss, p.gradient);
    if (!ready) return false;
    std::atomic<bool> valid(true);
    share_out(p.rows, 1, thread_count(p.rows * p.classes), [&](npy_intp start, npy_intp stop) {
        if (!hinge_rows(p, start, stop)) valid = false;
    });
    if (!valid) raise_label_error(labels.array, [&](npy_intp row) { return !p.mask || p.mask[row]; }, p.classes);
    return valid;
}

}  // namespace objectives

#endif
