"""Contiguous arrays in another shape, in a few instructions: Numba's ``reshape`` takes 50 ms to compile."""

from llvmlite import ir
from numba.core import types
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

_index = ir.IntType(64)


def _view(context, builder, array_type, value, ndim, shape):
    """The same memory as a contiguous array of this shape."""
    array = make_array(array_type)(context, builder, value)
    result_type = types.Array(array_type.dtype, ndim, "C")
    result = make_array(result_type)(context, builder)
    strides = [array.itemsize]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(
        result,
        data=array.data,
        shape=shape,
        strides=strides[:ndim],
        itemsize=array.itemsize,
        meminfo=array.meminfo,
        parent=array.parent,
    )
    return impl_ret_borrowed(context, builder, result_type, result._getvalue())


@intrinsic
def flat(typingctx, array):
    """The entries of a C-contiguous array as a vector."""
    if array.layout != "C":
        return None

    def codegen(context, builder, signature, arguments):
        length = make_array(array)(context, builder, arguments[0]).nitems
        return _view(context, builder, array, arguments[0], 1, [length])

    return types.Array(array.dtype, 1, "C")(array), codegen


@intrinsic
def shaped(typingctx, array, shape):
    """A flat array in a shape with as many entries."""

    def codegen(context, builder, signature, arguments):
        lengths = [builder.extract_value(arguments[1], i) for i in range(len(shape))]
        return _view(context, builder, array, arguments[0], len(shape), lengths)

    return types.Array(array.dtype, len(shape), "C")(array, shape), codegen
