// CTC, item by item: its forward variables in one pass over the frames, and the gradient in one pass back.
//
// As on Numba: sums over states are log-sum-exps in double precision, sums over classes in that of the logits.

#ifndef OBJECTIVES_CTC_H
#define OBJECTIVES_CTC_H

#include <algorithm>
#include <cmath>
#include <vector>

namespace objectives {

const npy_intp state_cost = 10;  // work of a state, relative to a class

// log(e^a + e^b + e^c), -inf if all are.
OBJECTIVES_INLINE double log_sum_exp(double a, double b, double c) {
    const double high = greater(a, b), least = a < b ? a : b;
    const double largest = greater(high, c), other = high < c ? high : c;
    const double shift = largest == -INFINITY ? 0 : largest;
    return largest + log1p(exp(least - shift) + exp(other - shift));
}

template <class T> struct CTCBatch {
    Owned logits, targets, input_lengths, target_lengths;
    npy_intp batch, frames, classes, labels, states, blank;

    // Takes the first inputs of a node; false with an error set if they do not fit or name no alignment.
    bool take(PyArrayObject* const* inputs, npy_intp blank_class) {
        logits.array = contiguous(inputs[0]);
        targets.array = contiguous(inputs[1]);
        input_lengths.array = contiguous(inputs[2]);
        target_lengths.array = contiguous(inputs[3]);
        if (!logits || !targets || !input_lengths || !target_lengths) return false;
        batch = PyArray_DIM(inputs[0], 0), frames = PyArray_DIM(inputs[0], 1), classes = PyArray_DIM(inputs[0], 2);
        labels = PyArray_DIM(inputs[1], 1), states = 2 * labels + 1, blank = blank_class;
        if (is_valid()) return true;
        raise_by("objectives.ops.ctc", "check", "nOOOO", blank, inputs[0], inputs[1], inputs[2], inputs[3]);
        return false;
    }

    bool is_valid() const {
        if (PyArray_DIM(targets.array, 0) != batch || PyArray_DIM(input_lengths.array, 0) != batch ||
            PyArray_DIM(target_lengths.array, 0) != batch || blank >= classes)
            return false;
        for (npy_intp i = 0; i < batch; i++) {
            if (length(i) < 0 || length(i) > frames || num_labels(i) < 0 || num_labels(i) > labels) return false;
            for (npy_intp n = 0; n < num_labels(i); n++)
                if (label(i, n) < 0 || label(i, n) >= classes || label(i, n) == blank) return false;
        }
        return true;
    }

    npy_int64 length(npy_intp i) const { return input_lengths.data<npy_int64>()[i]; }
    npy_int64 num_labels(npy_intp i) const { return target_lengths.data<npy_int64>()[i]; }
    npy_int64 label(npy_intp i, npy_intp n) const { return targets.data<npy_int64>()[i * labels + n]; }
    const T* frame(npy_intp i, npy_intp t) const { return logits.data<T>() + (i * frames + t) * classes; }
    int threads() const { return thread_count(batch * frames * (classes + state_cost * states)); }

    // 0 for states that a skip can reach, -inf for others.
    void find_skips(npy_intp i, double* skips) const {
        std::fill_n(skips, 2 * num_labels(i) + 1, -INFINITY);
        for (npy_intp n = 1; n < num_labels(i); n++)
            if (label(i, n) != label(i, n - 1)) skips[2 * n + 1] = 0;
    }

    // The log-probabilities of the states, each label after a blank.
    void emit(npy_intp i, const T* z, double lse, double* emitted) const {
        const double of_blank = (double)z[blank] - lse;
        for (npy_intp n = 0; n < num_labels(i); n++) {
            emitted[2 * n] = of_blank;
            emitted[2 * n + 1] = (double)z[label(i, n)] - lse;
        }
        emitted[2 * num_labels(i)] = of_blank;
    }
};

// The loss of an item, whose forward variables are stored.
template <class T> static T ctc_forward(const CTCBatch<T>& p, npy_intp i, double* log_alpha, double* memory) {
    const npy_intp count = 2 * p.num_labels(i) + 1;
    double *emitted = memory, *skips = emitted + p.states, *last = skips + p.states;  // two impossible states come first
    p.find_skips(i, skips);
    std::fill_n(last, p.states + 2, -INFINITY);
    last[2] = 0;
    for (npy_intp t = 0; t < p.frames; t++, log_alpha += p.states) {
        if (t >= p.length(i)) {
            std::copy_n(last + 2, p.states, log_alpha);
            continue;
        }
        const T* z = p.frame(i, t);
        const T m = largest(z, p.classes), total = add_exponentials(z, m, p.classes);
        p.emit(i, z, (double)m + log((double)total), emitted);
        #pragma omp simd
        for (npy_intp s = 0; s < count; s++)
            log_alpha[s] = emitted[s] + log_sum_exp(last[s + 2], last[s + 1], last[s] + skips[s]);
        std::copy_n(log_alpha, count, last + 2);
        std::fill(log_alpha + count, log_alpha + p.states, -INFINITY);
    }
    // without labels, the state before the last is one of the impossible ones
    return (T)(0 - log_sum_exp(last[count + 1], last[count], -INFINITY));
}

// The gradient by the logits of a frame, given the shares of the states in the logarithm, which are overwritten.
template <class T>
static void ctc_frame(const CTCBatch<T>& p, npy_intp i, T total, T g, double top, double* share, T* gradient) {
    if (top == -INFINITY) {  // no alignment is possible
        std::fill_n(gradient, p.classes, (T)0);
        return;
    }
    const npy_intp num_labels = p.num_labels(i), count = 2 * num_labels + 1;
    const T scale = g / total;
    double norm = 0;
    #pragma omp simd
    for (npy_intp c = 0; c < p.classes; c++) gradient[c] *= scale;
    #pragma omp simd reduction(+ : norm)
    for (npy_intp s = 0; s < count; s++) {
        share[s] = exp(share[s] - top);
        norm += share[s];
    }
    const double scaled = (double)g / norm;
    double of_blank = share[2 * num_labels];
    for (npy_intp n = 0; n < num_labels; n++) {
        of_blank += share[2 * n];
        gradient[p.label(i, n)] -= (T)(share[2 * n + 1] * scaled);
    }
    gradient[p.blank] -= (T)(of_blank * scaled);
}

template <class T>
static void ctc_backward(const CTCBatch<T>& p, npy_intp i, const double* log_alpha, T g, T* gradient, double* memory) {
    const npy_intp count = 2 * p.num_labels(i) + 1, length = p.length(i);
    double *emitted = memory, *share = emitted + p.states, *beta = share + p.states, *skips = beta + p.states;
    double* after = skips + p.states + 2;
    p.find_skips(i, skips);
    std::fill_n(beta, count, -INFINITY);
    std::fill_n(skips + count, 2, -INFINITY);
    std::fill_n(after + count, 2, -INFINITY);
    beta[count - 1] = 0;
    if (count > 1) beta[count - 2] = 0;
    std::fill(gradient + length * p.classes, gradient + p.frames * p.classes, (T)0);
    for (npy_intp t = length - 1; t >= 0; t--) {
        const T* z = p.frame(i, t);
        T* out = gradient + t * p.classes;
        const T m = largest(z, p.classes), total = store_exponentials(out, z, m, p.classes);
        p.emit(i, z, (double)m + log((double)total), emitted);
        double top = -INFINITY;
        for (npy_intp s = 0; s < count; s++) {
            share[s] = log_alpha[t * p.states + s] + beta[s];
            top = greater(top, share[s]);
        }
        ctc_frame(p, i, total, g, top, share, out);
        #pragma omp simd
        for (npy_intp s = 0; s < count; s++) after[s] = emitted[s] + beta[s];
        #pragma omp simd
        for (npy_intp s = 0; s < count; s++) beta[s] = log_sum_exp(after[s], after[s + 1], after[s + 2] + skips[s + 2]);
    }
}

// Computes losses and forward variables; false with an error set if that cannot be done.
template <class T>
static bool ctc_loss(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp* options) {
    CTCBatch<T> p;
    if (!p.take(inputs, options[0])) return false;
    const npy_intp shape[] = {p.batch, p.frames, p.states};
    if (!allocate<T>(outputs[0], 1, shape) || !allocate<double>(outputs[1], 3, shape)) return false;
    T* loss = (T*)PyArray_DATA(*outputs[0]);
    double* log_alpha = (double*)PyArray_DATA(*outputs[1]);
    share_out(p.batch, 1, p.threads(), [&](npy_intp start, npy_intp stop) {
        std::vector<double> memory(3 * p.states + 2);
        for (npy_intp i = start; i < stop; i++)
            loss[i] = ctc_forward(p, i, log_alpha + i * p.frames * p.states, memory.data());
    });
    return true;
}

// Computes the gradient by the logits.
template <class T>
static bool ctc_gradient(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp* options) {
    CTCBatch<T> p;
    if (!p.take(inputs, options[0])) return false;
    const npy_intp shape[] = {p.batch, p.frames, p.states};
    if (!has_shape(inputs[4], 3, shape) || PyArray_DIM(inputs[5], 0) != p.batch) {
        PyErr_SetString(PyExc_ValueError, "shape mismatch between logits, targets, forward variables and weights");
        return false;
    }
    Owned log_alpha(contiguous(inputs[4])), g(contiguous(inputs[5]));
    if (!log_alpha || !g || !allocate<T>(outputs[0], 3, PyArray_DIMS(inputs[0]))) return false;
    T* gradient = (T*)PyArray_DATA(*outputs[0]);
    share_out(p.batch, 1, p.threads(), [&](npy_intp start, npy_intp stop) {
        std::vector<double> memory(5 * p.states + 4);
        for (npy_intp i = start; i < stop; i++)
            ctc_backward(p, i, log_alpha.data<double>() + i * p.frames * p.states, g.data<T>()[i],
                         gradient + i * p.frames * p.classes, memory.data());
    });
    return true;
}

}  // namespace objectives

#endif
