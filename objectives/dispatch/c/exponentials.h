// The maximum of a row of scores, and sums of the exponentials of what they lack to it.

#ifndef OBJECTIVES_EXPONENTIALS_H
#define OBJECTIVES_EXPONENTIALS_H

namespace objectives {

template <class T> static inline T largest(const T* x, npy_intp n) {
    T m = -(T)INFINITY;
    #pragma omp simd reduction(max : m)
    for (npy_intp c = 0; c < n; c++) m = x[c] > m ? x[c] : m;
    return m;  // of the numbers: NaN shows in the exponentials
}

template <class T> static inline T add_exponentials(const T* x, T m, npy_intp n) {
    T sum = 0;
    #pragma omp simd reduction(+ : sum)
    for (npy_intp c = 0; c < n; c++) sum += exp(x[c] - m);
    return sum;
}

template <class T> static inline T store_exponentials(T* e, const T* x, T m, npy_intp n) {
    T sum = 0;
    #pragma omp simd reduction(+ : sum)  // e may be x: each element is read before it is written
    for (npy_intp c = 0; c < n; c++) {
        T exponential = exp(x[c] - m);
        e[c] = exponential;
        sum += exponential;
    }
    return sum;
}

}  // namespace objectives

#endif
