// Branch-free exp, expm1, log, log1p, softplus, sigmoid and tanh, which the compiler turns into vector code.
//
// Straight-line code with selects only, no call of libm and no conversion to integers. The error is below 3 units in
// the last place (measured on all float32, and on samples of float64); NaN stays NaN, denormal results are right.
// The comparisons are written so that NaN takes the side that keeps it. Nothing here may be compiled with
// -fassociative-math, which would undo the rounding by a great number and the two-part logarithm of 2.

#ifndef OBJECTIVES_SIMD_MATH_H
#define OBJECTIVES_SIMD_MATH_H

#include <cmath>
#include <cstdint>
#include <cstring>

#define OBJECTIVES_INLINE static inline __attribute__((always_inline))

namespace objectives {

template <class T> struct Format;

template <> struct Format<float> {
    typedef int32_t Int;
    typedef uint32_t Unsigned;
    static constexpr int mantissa = 23, bias = 127;
    static constexpr float rounder = 12582912.0f;  // 1.5 * 2^23: adding it leaves an integer in the low bits
    static constexpr float two_mantissa = 8388608.0f;
    static constexpr Unsigned exponent_mask = 0xFF800000u;
    static constexpr Unsigned mantissa_offset = 0x3F2AAAABu;  // 2/3: reduced arguments of log lie in [2/3, 4/3)
    static constexpr float log2e = 1.44269504088896341f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static constexpr float exp_high = 89.0f, exp_low = -104.0f, expm1_low = -20.0f;  // where it is -1
    static constexpr float smallest_normal = 1.17549435e-38f, denormal_factor = 8388608.0f, denormal_shift = 23.0f;
};

template <> struct Format<double> {
    typedef int64_t Int;
    typedef uint64_t Unsigned;
    static constexpr int mantissa = 52, bias = 1023;
    static constexpr double rounder = 6755399441055744.0;
    static constexpr double two_mantissa = 4503599627370496.0;
    static constexpr Unsigned exponent_mask = 0xFFF0000000000000u;
    static constexpr Unsigned mantissa_offset = 0x3FE6A09E667F3BCDu;  // sqrt(1/2)
    static constexpr double log2e = 1.4426950408889634;
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double exp_high = 710.0, exp_low = -746.0, expm1_low = -40.0;
    static constexpr double smallest_normal = 2.2250738585072014e-308;
    static constexpr double denormal_factor = 18014398509481984.0, denormal_shift = 54.0;
};

template <class To, class From> OBJECTIVES_INLINE To bits_as(From from) {
    static_assert(sizeof(To) == sizeof(From), "reinterpretation keeps the size");
    To to;
    std::memcpy(&to, &from, sizeof(To));
    return to;
}

// Horner's scheme, from the highest coefficient down.
template <class T> OBJECTIVES_INLINE T polynomial(T, T value) { return value; }
template <class T, class... Rest> OBJECTIVES_INLINE T polynomial(T x, T value, T next, Rest... rest) {
    return polynomial(x, value * x + next, rest...);
}

// exp(r) - 1 for |r| <= log(2) / 2.
OBJECTIVES_INLINE float expm1_reduced(float r) {
    float q = polynomial(r, 0.0013814535923302174f, 0.00836874544620514f, 0.04166838899254799f, 0.1666652113199234f,
                         0.4999999403953552f);
    return (r * r) * q + r;
}

OBJECTIVES_INLINE double expm1_reduced(double r) {
    double q = polynomial(r, 2.500005932413094e-08, 2.763030604294159e-07, 2.7557586676910942e-06,
                          2.4801492950255053e-05, 0.00019841269505914018, 0.001388888894375937, 0.008333333333494914,
                          0.04166666666652973, 0.1666666666666641, 0.5000000000000011);
    return (r * r) * q + r;
}

// x 2^n with n in the low bits of rounder + n: in two steps, so that results may be denormal or use the last exponent.
template <class T> OBJECTIVES_INLINE T scale_by_power(T x, T rounded) {
    typedef Format<T> F;
    typedef typename F::Int Int;
    typedef typename F::Unsigned Unsigned;
    Unsigned n = bits_as<Unsigned>(rounded) - bits_as<Unsigned>(F::rounder);
    Unsigned half = (Unsigned)((Int)n >> 1), rest = n - half;
    T first = bits_as<T>((half + F::bias) << F::mantissa), second = bits_as<T>((rest + F::bias) << F::mantissa);
    return x * first * second;
}

// x as n log(2) + r: rounder + n, and r. NaN takes the side that keeps it.
template <class T> OBJECTIVES_INLINE T exp_parts(T x, T low, T& r) {
    typedef Format<T> F;
    x = x > F::exp_high ? F::exp_high : x;
    x = x < low ? low : x;
    T rounded = x * F::log2e + F::rounder, n = rounded - F::rounder;
    r = x - n * F::ln2_high;
    r = r - n * F::ln2_low;
    return rounded;
}

template <class T> OBJECTIVES_INLINE T exp(T x) {
    const bool is_zero = x < Format<T>::exp_low;  // not computed, as denormal numbers take a processor 20 times as long
    T r, rounded = exp_parts(is_zero ? (T)0 : x, Format<T>::exp_low, r);
    T result = scale_by_power(expm1_reduced(r) + (T)1, rounded);
    return is_zero ? (T)0 : result;
}

// With half of 2^n, since 2^n itself may be infinite. Denormal numbers and the sign of zero stay.
template <class T> OBJECTIVES_INLINE T expm1(T x) {
    typedef Format<T> F;
    T r, rounded = exp_parts(x, F::expm1_low, r), half = scale_by_power((T)0.5, rounded);
    T result = (T)2 * (half * expm1_reduced(r) + (half - (T)0.5));
    return std::abs(x) < F::smallest_normal ? x : result;
}

// log(1 + m) + k log(2) for small m.
OBJECTIVES_INLINE float log_reduced(float m, float k) {
    float p = polynomial(m, -0.12892134487628937f, 0.1398507058620453f, -0.12184171378612518f, 0.1400575339794159f,
                         -0.16680492460727692f, 0.20010411739349365f, -0.24999797344207764f, 0.3333321511745453f);
    float square = m * m;
    float low = square * (m * p - 0.5f) + k * Format<float>::ln2_low;
    return k * Format<float>::ln2_high + (low + m);
}

OBJECTIVES_INLINE double log_reduced(double m, double k) {
    double half_square = 0.5 * m * m, s = m / (2.0 + m), z = s * s;
    double p = z * polynomial(z, 1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                              2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                              6.666666666666735130e-01);
    typedef Format<double> F;
    return k * F::ln2_high - ((half_square - (s * (half_square + p) + k * F::ln2_low)) - m);
}

// A normal positive number as mantissa 2^k, k shifted into the place of the exponent.
template <class T> OBJECTIVES_INLINE typename Format<T>::Unsigned shifted_exponent(T x) {
    typedef Format<T> F;
    return (bits_as<typename F::Unsigned>(x) - F::mantissa_offset) & F::exponent_mask;
}

// k as a number, without the conversion of 64-bit integers that AVX2 lacks.
template <class T> OBJECTIVES_INLINE T exponent_value(typename Format<T>::Unsigned shifted) {
    typedef Format<T> F;
    typedef typename F::Unsigned Unsigned;
    Unsigned biased = (shifted + ((Unsigned)F::bias << F::mantissa)) >> F::mantissa;
    return bits_as<T>(biased | bits_as<Unsigned>(F::two_mantissa)) - (F::two_mantissa + F::bias);
}

template <class T> OBJECTIVES_INLINE T log_special(T x, T at_zero, T regular, T zero) {
    T special = x == zero ? at_zero : (x < zero ? (T)NAN : x);
    return (x > zero) & (x < (T)INFINITY) ? regular : special;
}

template <class T> OBJECTIVES_INLINE T log(T x) {
    typedef Format<T> F;
    typedef typename F::Unsigned Unsigned;
    bool denormal = x < F::smallest_normal;
    T normal = denormal ? x * F::denormal_factor : x;
    Unsigned shifted = shifted_exponent(normal);
    T k = exponent_value<T>(shifted) - (denormal ? F::denormal_shift : (T)0);
    T mantissa = bits_as<T>(bits_as<Unsigned>(normal) - shifted);
    return log_special(x, -(T)INFINITY, log_reduced(mantissa - (T)1, k), (T)0);
}

// log(1 + x) for finite x > -1: the rounding of 1 + x only chooses k, x itself is scaled.
template <class T> OBJECTIVES_INLINE T log1p_regular(T x) {
    typedef Format<T> F;
    typedef typename F::Unsigned Unsigned;
    Unsigned shifted = shifted_exponent(x + (T)1);
    T scale = (T)0.25 * bits_as<T>(((Unsigned)(F::bias + 2) << F::mantissa) - shifted);  // 2^-k, through a normal 4 2^-k
    return log_reduced(x * scale + (scale - (T)1), exponent_value<T>(shifted));
}

template <class T> OBJECTIVES_INLINE T log1p(T x) {
    T result = log_special(x, -(T)INFINITY, log1p_regular(x), (T)-1);
    return x == 0 ? x : result;  // keeps the sign of zero
}

template <class T> OBJECTIVES_INLINE T softplus(T x) {
    T positive = x > 0 ? x : (x <= 0 ? (T)0 : x);
    return positive + log1p_regular(exp(-std::abs(x)));
}

template <class T> OBJECTIVES_INLINE T sigmoid(T x) {
    T e = exp(-std::abs(x));
    return (x < 0 ? e : (T)1) / ((T)1 + e);
}

// tanh near 0, where 1 - 2 / (exp(2 x) + 1) cancels.
OBJECTIVES_INLINE float tanh_small(float x) {
    float z = x * x;
    return x + x * (z * polynomial(z, -0.005702699534595013f, 0.020637119188904762f, -0.05373913794755936f,
                                   0.1333143562078476f, -0.3333328068256378f));
}

OBJECTIVES_INLINE double tanh_small(double x) {
    double z = x * x;
    double numerator = polynomial(z, -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3);
    double denominator = polynomial(z, 1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3);
    return x + x * (z * (numerator / denominator));
}

template <class T> OBJECTIVES_INLINE T tanh(T x) {
    T a = std::abs(x), large = (T)1 - (T)2 / (exp(a + a) + (T)1);
    large = x < 0 ? -large : large;
    return a > (T)0.625 ? large : tanh_small(x);
}

// The greater, NaN if either is.
template <class T> OBJECTIVES_INLINE T greater(T x, T y) {
    return (y > x) | (y != y) ? y : x;
}

}  // namespace objectives

#endif
