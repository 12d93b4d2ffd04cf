// Crossentropy of logits z with targets t, and its gradient, row by row.
//
// With m = max z, d = z - m and s = sum_c exp(d_c):
//     loss = sum_c t_c (log s - d_c) + z_loss l^2,    gradient = a (sum_c t_c + 2 z_loss l) exp(d) / s - b t
// where l = log s + m. Neither log s nor -d is negative, so that nothing cancels in the loss. Targets are written as
//     t_c = named [c is the label] + spread_c,
// where spread is the share of label smoothing, the same for all rows, or the row of dense targets. Where there is a
// soft cap, z is the capped logits, and the gradient is multiplied by their derivatives at last.

#ifndef OBJECTIVES_CROSSENTROPY_H
#define OBJECTIVES_CROSSENTROPY_H

#include <algorithm>
#include <atomic>

namespace objectives {

// Rows are read in chunks: sums within a chunk are vectors, chunks are added in double precision. Rows much shorter
// than a vector are processed a chunk of rows at a time, so that exp and log run over all of it.
const npy_intp chunk = 1024;
const npy_intp least_wide = 64;

template <class T> struct Crossentropy {
    npy_intp rows, classes;
    const T* logits;
    const npy_int64* labels;      // of labels and dense targets, one is NULL
    const T* dense;
    T largest;                    // that dense targets may be
    T z_loss;                     // or 0
    const T* cap;                 // of the logits, or NULL
    T* capped;                    // with a cap, room for a part of the logits in each thread
    int threads;
    const T *scale, *background;  // effective targets are scale t + background, by class; or NULL
    PerRow<npy_bool> mask;
    PerRow<T> a, b;
    T *loss, *gradient;           // NULL where not wanted

    bool counts(npy_intp row) const { return !mask || mask[row]; }
    bool is_valid(npy_intp row) const { return !labels || (labels[row] >= 0 && labels[row] < classes); }
    bool has_spread() const { return dense || background; }
    bool is_narrow() const { return classes < least_wide; }
    npy_intp part() const { return std::max(chunk, classes); }  // a row, or a few narrow ones
};

// weight value with 0 inf = 0.
template <class T> OBJECTIVES_INLINE T scaled(T weight, T value) {
    return weight * (((weight != 0) | (std::abs(value) != (T)INFINITY)) ? value : (T)0);
}

// Classes [start, start + n) of the spread of a row, computed into the buffer if need be.
template <class T>
static inline const T* spread_of(const Crossentropy<T>& p, npy_intp row, npy_intp start, npy_intp n, T* buffer) {
    if (!p.dense) return p.background + start;
    const T* t = p.dense + row * p.classes + start;
    if (!p.scale) return t;
    const T *scale = p.scale + start, *background = p.background + start;
    #pragma omp simd
    for (npy_intp c = 0; c < n; c++) buffer[c] = scale[c] * t[c] + background[c];
    return buffer;
}

// NaN if one of n dense targets is outside its range by more than rounding, else 0.
template <class T> static inline T outside(const T* t, npy_intp n, T largest) {
    const T tolerance = (T)1e-3, low = -tolerance, high = largest + tolerance;
    T poison = 0;
    #pragma omp simd reduction(+ : poison)
    for (npy_intp c = 0; c < n; c++) poison += ((t[c] >= low) & (t[c] <= high)) ? (T)0 : (T)NAN;
    return poison;
}

template <class T> struct Spread {
    T total, cross;  // sum_c spread_c and sum_c spread_c d_c
};

template <class T> static inline Spread<T> sum_spread(const Crossentropy<T>& p, npy_intp row, const T* x, T m) {
    T buffer[chunk];
    double total = 0, cross = 0;
    for (npy_intp start = 0; start < p.classes; start += chunk) {
        npy_intp n = std::min(chunk, p.classes - start);
        const T *t = spread_of(p, row, start, n, buffer), *z = x + start;
        T chunk_total = 0, chunk_cross = 0;
        #pragma omp simd reduction(+ : chunk_total, chunk_cross)
        for (npy_intp c = 0; c < n; c++) {
            chunk_total += t[c];
            chunk_cross += scaled(t[c], z[c] - m);
        }
        if (p.dense) chunk_total += outside(p.dense + row * p.classes + start, n, p.largest);
        total += chunk_total;
        cross += chunk_cross;
    }
    return {(T)total, (T)cross};
}

// What is known of a row when its logits may be overwritten.
template <class T> struct Row {
    T m, named, d_label;
    Spread<T> spread;
    T sum, log_sum;

    T log_partition() const { return log_sum + m; }
};

template <class T> static inline Row<T> read_row(const Crossentropy<T>& p, npy_intp row, const T* x, T m) {
    Row<T> r = {m, 0, 0, {0, 0}, 1, 0};
    if (p.labels) {
        npy_int64 label = p.labels[row];
        r.named = p.scale ? p.scale[label] : (T)1;
        r.d_label = x[label] - m;
    }
    if (p.has_spread()) r.spread = sum_spread(p, row, x, m);
    return r;
}

template <class T> static inline void write_loss(const Crossentropy<T>& p, npy_intp row, const Row<T>& r) {
    T loss = p.labels ? scaled(r.named, r.log_sum - r.d_label) : (T)0;
    if (p.has_spread()) loss += r.spread.total * r.log_sum - r.spread.cross;
    if (p.z_loss != 0) loss += p.z_loss * r.log_partition() * r.log_partition();
    p.loss[row] = loss;
}

// The gradient of the class that the label names.
template <class T>
static inline T label_gradient(const Crossentropy<T>& p, npy_intp row, const Row<T>& r, const T* exponentials, T factor) {
    npy_int64 label = p.labels[row];
    T t = r.named + (p.background ? p.background[label] : (T)0);
    return exponentials[label] * factor - p.b[row] * t;
}

// The gradient from the exponentials, which may stand in its place.
template <class T>
static inline void write_gradient(const Crossentropy<T>& p, npy_intp row, const Row<T>& r, const T* exponentials) {
    T* g = p.gradient + row * p.classes;
    const T pull = p.z_loss != 0 ? 2 * p.z_loss * r.log_partition() : (T)0;
    const T b = p.b[row], factor = p.a[row] * (r.named + r.spread.total + pull) / r.sum;
    const T of_label = p.labels ? label_gradient(p, row, r, exponentials, factor) : (T)0;
    if (!p.has_spread()) {
        const T zero = b * 0;  // or NaN
        #pragma omp simd
        for (npy_intp c = 0; c < p.classes; c++) g[c] = exponentials[c] * factor - zero;
    } else {
        T buffer[chunk];
        for (npy_intp start = 0; start < p.classes; start += chunk) {
            npy_intp n = std::min(chunk, p.classes - start);
            const T *t = spread_of(p, row, start, n, buffer), *e = exponentials + start;
            T* out = g + start;
            #pragma omp simd
            for (npy_intp c = 0; c < n; c++) out[c] = e[c] * factor - b * t[c];
        }
    }
    if (p.labels) g[p.labels[row]] = of_label;
}

template <class T> static inline void write_zeros(const Crossentropy<T>& p, npy_intp row) {
    if (p.loss) p.loss[row] = 0;
    if (p.gradient) std::fill_n(p.gradient + row * p.classes, p.classes, (T)0);
}

// A row with the logits x.
template <class T> static void wide_row(const Crossentropy<T>& p, npy_intp row, const T* x) {
    T* g = p.gradient ? p.gradient + row * p.classes : NULL;
    const T m = largest(x, p.classes);
    Row<T> r = read_row(p, row, x, m);
    double sum = 0;
    for (npy_intp start = 0; start < p.classes; start += chunk) {
        npy_intp n = std::min(chunk, p.classes - start);
        sum += g ? store_exponentials(g + start, x + start, m, n) : add_exponentials(x + start, m, n);
    }
    r.sum = (T)sum;
    r.log_sum = log(r.sum);
    if (p.loss) write_loss(p, row, r);
    if (g) write_gradient(p, row, r, g);
}

// Rows [start, start + count) with the logits z, count * classes <= chunk; those that are not `used` count nothing.
template <class T>
static void narrow_rows(const Crossentropy<T>& p, npy_intp start, npy_intp count, const npy_bool* used, const T* z) {
    T e[chunk], sums[chunk], logs[chunk];
    Row<T> rows[chunk];
    const npy_intp classes = p.classes, size = count * classes;
    for (npy_intp i = 0; i < count; i++) {
        const T* x = z + i * classes;
        T m = -(T)INFINITY;
        for (npy_intp c = 0; c < classes; c++) m = x[c] > m ? x[c] : m;
        for (npy_intp c = 0; c < classes; c++) e[i * classes + c] = x[c] - m;
        if (used[i]) rows[i] = read_row(p, start + i, x, m);
    }
    #pragma omp simd
    for (npy_intp k = 0; k < size; k++) e[k] = exp(e[k]);
    for (npy_intp i = 0; i < count; i++) {
        T sum = 0;
        for (npy_intp c = 0; c < classes; c++) sum += e[i * classes + c];
        sums[i] = sum;
    }
    #pragma omp simd
    for (npy_intp i = 0; i < count; i++) logs[i] = log(sums[i]);
    for (npy_intp i = 0; i < count; i++) {
        if (!used[i]) continue;
        rows[i].sum = sums[i];
        rows[i].log_sum = logs[i];
        if (p.loss) write_loss(p, start + i, rows[i]);
        if (p.gradient) write_gradient(p, start + i, rows[i], e + i * classes);
    }
}

template <class T> static inline void cap_logits(const T* x, T cap, npy_intp n, T* capped) {
    const T inverse = (T)1 / cap;
    #pragma omp simd
    for (npy_intp c = 0; c < n; c++) capped[c] = cap * tanh(x[c] * inverse);
}

// Gradients by capped logits become those by logits: the derivative is 1 - (capped / cap)^2, and 0 where that is 1.
template <class T> static inline void multiply_by_slope(const T* capped, T cap, npy_intp n, T* gradient) {
    const T inverse = (T)1 / cap;
    #pragma omp simd
    for (npy_intp c = 0; c < n; c++) gradient[c] *= ((cap - capped[c]) * inverse) * ((cap + capped[c]) * inverse);
}

// A wide row or a few narrow ones with the logits z.
template <class T>
static void few_rows(const Crossentropy<T>& p, npy_intp start, npy_intp count, const npy_bool* used, const T* z) {
    if (p.is_narrow()) narrow_rows(p, start, count, used, z);
    else wide_row(p, start, z);
}

// The same with capped logits; what it leaves in the gradient of rows that are not `used` may be NaN.
template <class T>
static void few_capped_rows(const Crossentropy<T>& p, npy_intp start, npy_intp count, const npy_bool* used, T* capped) {
    const npy_intp begin = start * p.classes, size = count * p.classes;
    cap_logits(p.logits + begin, *p.cap, size, capped);
    few_rows(p, start, count, used, capped);
    if (p.gradient) multiply_by_slope(capped, *p.cap, size, p.gradient + begin);
}

// Rows [start, stop); false if one of them has a bad label.
template <class T> static bool compute_rows(const Crossentropy<T>& p, npy_intp start, npy_intp stop, T* capped) {
    bool valid = true;
    const npy_intp step = p.is_narrow() ? chunk / p.classes : 1;
    npy_bool used[chunk];
    for (npy_intp first = start; first < stop; first += step) {
        npy_intp count = std::min(step, stop - first);
        for (npy_intp i = 0; i < count; i++) {
            npy_intp row = first + i;
            used[i] = p.counts(row) && p.is_valid(row);
            valid = valid && (used[i] || !p.counts(row));
        }
        if (p.is_narrow() || used[0]) {
            if (p.cap) few_capped_rows(p, first, count, used, capped);
            else few_rows(p, first, count, used, p.logits + first * p.classes);
        }
        for (npy_intp i = 0; i < count; i++)
            if (!used[i]) write_zeros(p, first + i);
    }
    return valid;
}

template <class T> static bool compute(const Crossentropy<T>& p) {
    std::atomic<bool> valid(true);
    std::atomic<int> begun(0);
    share_out(p.rows, p.is_narrow() ? chunk / p.classes : 1, p.threads, [&](npy_intp start, npy_intp stop) {
        T* capped = p.cap ? p.capped + begun++ * p.part() : NULL;
        if (!compute_rows(p, start, stop, capped)) valid = false;
    });
    return valid;
}

}  // namespace objectives

#endif
