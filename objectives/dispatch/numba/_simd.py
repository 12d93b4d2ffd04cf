"""Branch-free exp, expm1, log, log1p, softplus, sigmoid and tanh, which LLVM vectorizes in any loop that calls them.

Straight-line code with selects only: no call of the C library, no conversion of a float to an integer (undefined for
NaN). Flags: "contract" alone. Reassociation would undo the rounding by a magic number and the reductions in two
parts. Accuracy in units in the last place (ULP) over all of float32, and over a dense sample of float64, is in
docs/accuracy.rst and tested.
"""

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

scalar = numba.njit(
    fastmath={"contract"}, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True
)

_INTEGER = {32: ir.IntType(32), 64: ir.IntType(64)}
_FLOAT = {32: ir.FloatType(), 64: ir.DoubleType()}
_MANTISSA_BITS = {32: 23, 64: 52}
_BIAS = {32: 127, 64: 1023}
_ROUNDER_BITS = {32: 0x4B400000, 64: 0x4338000000000000}
_EXPONENT_MASK = {32: 0xFF800000, 64: 0xFFF0000000000000}
# What lies below it gets the next smaller exponent: mantissas are in [2/3, 4/3), and in [sqrt(1/2), sqrt(2)).
_LEAST_MANTISSA = {32: 0x3F2AAAAB, 64: 0x3FE6A09E667F3BCD}
_TWO_TO_MANTISSA_BITS = {32: 0x4B000000, 64: 0x4330000000000000}


def _width(float_type):
    return 32 if float_type == types.float32 else 64


@intrinsic
def times_power_of_two(typingctx, x, t):
    """``x * 2**n`` for ``t = n + rounder``, in two steps, so that n + bias may leave the range of exponents."""
    width = _width(x)

    def codegen(context, builder, signature, arguments):
        x, t = arguments
        integer, float_ = _INTEGER[width], _FLOAT[width]
        n = builder.sub(builder.bitcast(t, integer), integer(_ROUNDER_BITS[width]))
        half = builder.ashr(n, integer(1))
        for part in (half, builder.sub(n, half)):
            exponent = builder.shl(builder.add(part, integer(_BIAS[width])), integer(_MANTISSA_BITS[width]))
            x = builder.fmul(x, builder.bitcast(exponent, float_))
        return x

    return x(x, x), codegen


@intrinsic
def split(typingctx, u):
    """For a normal u > 0 with mantissa m = u 2**-k: (4 * 2**-k, k, m)."""
    width = _width(u)

    def codegen(context, builder, signature, arguments):
        integer, float_, bits = _INTEGER[width], _FLOAT[width], _MANTISSA_BITS[width]
        u = builder.bitcast(arguments[0], integer)
        exponent = builder.and_(builder.sub(u, integer(_LEAST_MANTISSA[width])), integer(_EXPONENT_MASK[width]))
        mantissa = builder.bitcast(builder.sub(u, exponent), float_)
        # four times, since 2**-k alone could be denormal
        scale = builder.bitcast(builder.sub(integer((_BIAS[width] + 2) << bits), exponent), float_)
        # an integer becomes a float through its bits: AVX2 has no conversion of 64-bit integers
        biased = builder.lshr(builder.add(exponent, integer(_BIAS[width] << bits)), integer(bits))
        k = builder.bitcast(builder.or_(biased, integer(_TWO_TO_MANTISSA_BITS[width])), float_)
        k = builder.fsub(k, float_(float(2**bits + _BIAS[width])))
        return context.make_tuple(builder, signature.return_type, [scale, k, mantissa])

    return types.UniTuple(u, 3)(u), codegen


@intrinsic
def maximum(typingctx, x, y):
    """The greater, NaN if either is: one instruction in a vectorized loop, unlike ``max``."""

    def codegen(context, builder, signature, arguments):
        x, y = arguments
        function_type = ir.FunctionType(x.type, [x.type, x.type])
        return builder.call(builder.module.declare_intrinsic("llvm.maximum", [x.type], function_type), [x, y])

    return x(x, x), codegen


@intrinsic
def settled(typingctx, x):
    """The number, hidden from LLVM's view of the loop that computed it.

    Where a condition depends on it, LLVM would otherwise change that loop, and no longer see that it is a reduction.
    """

    def codegen(context, builder, signature, arguments):
        (number,) = arguments
        bits = ir.IntType(x.bitwidth)
        hidden = builder.asm(ir.FunctionType(bits, [bits]), "", "=r,0", [builder.bitcast(number, bits)], False)
        return builder.bitcast(hidden, number.type)

    return x(x), codegen


# float32

_f = np.float32
_ONE, _ZERO, _HALF, _TWO, _QUARTER = _f(1), _f(0), _f(0.5), _f(2), _f(0.25)
_INF, _NAN = _f(np.inf), _f(np.nan)
_TINY, _SCALE, _SCALE_BITS = np.finfo(_f).tiny, _f(2.0**23), _f(23)
_ROUNDER, _LOG2E, _LN2_HIGH, _LN2_LOW = _f(1.5 * 2**23), _f(1.44269504088896341), _f(0.693359375), _f(-2.12194440e-4)
_EXP_MAX, _EXP_MIN, _EXPM1_MIN = _f(89), _f(-104), _f(-20)  # where expm1 is -1
_E0, _E1, _E2, _E3, _E4 = map(
    _f, (0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.00836874544620514, 0.0013814535923302174)
)
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7 = map(
    _f,
    (
        *(0.3333321511745453, -0.24999797344207764, 0.20010411739349365, -0.16680492460727692),
        *(0.1400575339794159, -0.12184171378612518, 0.1398507058620453, -0.12892134487628937),
    ),
)
_T0, _T1, _T2, _T3, _T4 = map(
    _f,
    (-0.3333328068256378, 0.1333143562078476, -0.05373913794755936, 0.020637119188904762, -0.005702699534595013),
)
_TANH_SMALL = _f(0.625)


@scalar
def _exp_parts32(x, low):
    """``t = n + rounder`` and ``expm1(x - n log(2))``."""
    # comparisons that a NaN fails let it through
    x = _EXP_MAX if x > _EXP_MAX else x
    x = low if x < low else x
    t = x * _LOG2E + _ROUNDER
    n = t - _ROUNDER
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    p = (((_E4 * r + _E3) * r + _E2) * r + _E1) * r + _E0
    return t, (r * r) * p + r


@scalar
def exp32(x):
    is_zero = x < _EXP_MIN  # not computed, as denormal numbers take a processor 20 times as long
    t, e = _exp_parts32(_ZERO if is_zero else x, _EXP_MIN)
    return _ZERO if is_zero else times_power_of_two(e + _ONE, t)


@scalar
def expm132(x):
    t, e = _exp_parts32(x, _EXPM1_MIN)
    half = times_power_of_two(_HALF, t)  # 2**n itself may be infinite
    inside = _TWO * (half * e + (half - _HALF))
    return x if abs(x) < _TINY else inside


@scalar
def _log_of_parts32(m, k):
    """``log((1 + m) 2**k)`` for a small m."""
    p = ((((((_L7 * m + _L6) * m + _L5) * m + _L4) * m + _L3) * m + _L2) * m + _L1) * m + _L0
    r = m * m * (m * p - _HALF)
    return k * _LN2_HIGH + ((k * _LN2_LOW + r) + m)


@scalar
def _log1p_inside32(x):
    """``log1p`` of a finite x > -1; x is added to the scaled rest after it has lost no digit to the 1."""
    scale, k, _ = split(x + _ONE)
    scale = _QUARTER * scale
    return _log_of_parts32(x * scale + (scale - _ONE), k)


@scalar
def log1p32(x):
    outside = -_INF if x == -_ONE else (_NAN if x < -_ONE else x)
    inside = _log1p_inside32(x) if (x > -_ONE) & (x < _INF) else outside
    return x if x == _ZERO else inside  # keeps the sign of -0


@scalar
def log32(x):
    denormal = x < _TINY
    _, k, m = split(x * _SCALE if denormal else x)
    inside = _log_of_parts32(m - _ONE, k - _SCALE_BITS if denormal else k)
    outside = -_INF if x == _ZERO else (_NAN if x < _ZERO else x)
    return inside if (x > _ZERO) & (x < _INF) else outside


@scalar
def softplus32(x):
    return (x if x > _ZERO else _ZERO) + _log1p_inside32(exp32(-abs(x)))


@scalar
def sigmoid32(x):
    e = exp32(-abs(x))
    return (e if x < _ZERO else _ONE) / (_ONE + e)


@scalar
def tanh32(x):
    z = x * x
    small = x + x * (z * ((((_T4 * z + _T3) * z + _T2) * z + _T1) * z + _T0))
    large = _ONE - _TWO / (exp32(abs(x) + abs(x)) + _ONE)
    large = -large if x < _ZERO else large
    small = x if x == _ZERO else small
    return large if abs(x) > _TANH_SMALL else small  # NaN is small


# float64

_TINY64, _SCALE64 = np.finfo("float64").tiny, 2.0**54
_ROUNDER64, _LOG2E64 = 1.5 * 2**52, 1.4426950408889634
_LN2_HIGH64, _LN2_LOW64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_D0, _D1, _D2, _D3, _D4 = (
    0.5000000000000011, 0.1666666666666641, 0.04166666666652973, 0.008333333333494914, 0.001388888894375937
)  # fmt: skip
_D5, _D6, _D7, _D8, _D9 = (
    0.00019841269505914018, 2.4801492950255053e-05, 2.7557586676910942e-06, 2.763030604294159e-07,
    2.500005932413094e-08,
)  # fmt: skip
_G1, _G2, _G3, _G4 = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01
)  # fmt: skip
_G5, _G6, _G7 = 1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01
# tanh is a rational function near 0 (coefficients of the Cephes library)
_P0, _P1, _P2 = -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3
_Q0, _Q1, _Q2 = 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3


@scalar
def _exp_parts64(x, low):
    x = 710.0 if x > 710.0 else x
    x = low if x < low else x
    t = x * _LOG2E64 + _ROUNDER64
    n = t - _ROUNDER64
    r = (x - n * _LN2_HIGH64) - n * _LN2_LOW64
    p = ((((_D9 * r + _D8) * r + _D7) * r + _D6) * r + _D5) * r + _D4
    p = (((p * r + _D3) * r + _D2) * r + _D1) * r + _D0
    return t, (r * r) * p + r


@scalar
def exp64(x):
    is_zero = x < -746.0
    t, e = _exp_parts64(0.0 if is_zero else x, -746.0)
    return 0.0 if is_zero else times_power_of_two(e + 1.0, t)


@scalar
def expm164(x):
    t, e = _exp_parts64(x, -40.0)
    half = times_power_of_two(0.5, t)
    inside = 2.0 * (half * e + (half - 0.5))
    return x if abs(x) < _TINY64 else inside


@scalar
def _log_of_parts64(m, k):
    """``log((1 + m) 2**k)``, as in fdlibm: by s = m / (2 + m)."""
    s = m / (2.0 + m)
    z = s * s
    p = ((((((_G7 * z + _G6) * z + _G5) * z + _G4) * z + _G3) * z + _G2) * z + _G1) * z
    half_square = 0.5 * m * m
    return k * _LN2_HIGH64 - ((half_square - (s * (half_square + p) + k * _LN2_LOW64)) - m)


@scalar
def _log1p_inside64(x):
    scale, k, _ = split(x + 1.0)
    scale = 0.25 * scale
    return _log_of_parts64(x * scale + (scale - 1.0), k)


@scalar
def log1p64(x):
    outside = -np.inf if x == -1.0 else (np.nan if x < -1.0 else x)
    inside = _log1p_inside64(x) if (x > -1.0) & (x < np.inf) else outside
    return x if x == 0.0 else inside


@scalar
def log64(x):
    denormal = x < _TINY64
    _, k, m = split(x * _SCALE64 if denormal else x)
    inside = _log_of_parts64(m - 1.0, k - 54.0 if denormal else k)
    outside = -np.inf if x == 0.0 else (np.nan if x < 0.0 else x)
    return inside if (x > 0.0) & (x < np.inf) else outside


@scalar
def softplus64(x):
    return (x if x > 0.0 else 0.0) + _log1p_inside64(exp64(-abs(x)))


@scalar
def sigmoid64(x):
    e = exp64(-abs(x))
    return (e if x < 0.0 else 1.0) / (1.0 + e)


@scalar
def tanh64(x):
    a, z = abs(x), x * x
    e = exp64(a + a)
    small = a <= 0.625
    numerator = z * ((_P0 * z + _P1) * z + _P2) if small else -2.0
    denominator = ((z + _Q0) * z + _Q1) * z + _Q2 if small else e + 1.0
    base = a if small else 1.0
    r = base + base * (numerator / denominator)
    r = -r if x < 0.0 else r
    r = x if x == 0.0 else r
    return x if x != x else r


FUNCTIONS = {
    "float32": {
        "exp": exp32, "expm1": expm132, "log": log32, "log1p": log1p32, "softplus": softplus32, "sigmoid": sigmoid32,
        "tanh": tanh32,
    },
    "float64": {
        "exp": exp64, "expm1": expm164, "log": log64, "log1p": log1p64, "softplus": softplus64, "sigmoid": sigmoid64,
        "tanh": tanh64,
    },
}  # fmt: skip
