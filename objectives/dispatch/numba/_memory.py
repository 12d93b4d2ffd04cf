"""Memory for large results in huge pages: page faults of small ones cost as much as the arithmetic."""

import sys

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from pytensor.link.numba.dispatch.basic import numba_njit

LARGE = 1 << 22  # bytes; NumPy's own threshold
PAGE = 4096
MADV_HUGEPAGE = 14


@intrinsic
def _advise_huge_pages(typingctx, array):
    """Ask the system for huge pages for the whole pages of an array."""

    def codegen(context, builder, signature, arguments):
        if sys.platform == "linux":
            index, status = ir.IntType(64), ir.IntType(32)
            data = context.make_array(array)(context, builder, arguments[0])
            begin = builder.ptrtoint(data.data, index)
            end = builder.add(begin, builder.mul(data.nitems, data.itemsize))
            begin = builder.and_(builder.add(begin, index(PAGE - 1)), index(-PAGE))
            function_type = ir.FunctionType(status, [index, index, status])
            madvise = cgutils.get_or_insert_function(builder.module, function_type, "madvise")
            builder.call(madvise, [begin, builder.sub(end, begin), status(MADV_HUGEPAGE)])
        return context.get_dummy_value()

    return types.void(array), codegen


@numba_njit
def empty(shape, dtype):
    """``np.empty``, on huge pages where the system has them."""
    x = np.empty(shape, dtype)
    if x.nbytes >= LARGE:
        _advise_huge_pages(x)
    return x
