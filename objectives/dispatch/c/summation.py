"""The sum over all elements of a loss, which PyTensor's C code adds up one by one."""

from functools import partial

from pytensor.tensor.math import Sum

from objectives.dispatch.c.loops import Loop, LoopOp, register_loop
from objectives.ops.elementwise import FLOATS

LOOP = """
namespace {name} {{
static bool compute(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp*) {{
    return objectives::sum_array<{ctype}>(inputs[0], outputs[0]);
}}
}}
"""


class SimdSum(LoopOp, Sum):
    """Sum of all elements by vectors and threads. It adds in double precision, as PyTensor does."""

    def __init__(self, op, loops):
        super().__init__(axis=None, dtype=op.dtype, acc_dtype=op.acc_dtype)
        self.loops = loops


def sum_loop(node):
    """The function that computes a Sum; None if only PyTensor's own can."""
    op, (x,), (total,) = node.op, node.inputs, node.outputs
    takes_all = op.axis is None or len(op.axis) == x.type.ndim
    if (
        not takes_all
        or x.type.ndim == 0
        or x.dtype not in FLOATS
        or total.dtype != x.dtype
        or op.acc_dtype != "float64"
    ):
        return None
    name, ctype = f"sum_{x.dtype}", x.type.dtype_specs()[1]
    return Loop(name, LOOP.format(name=name, ctype=ctype), partial(SimdSum, op))


register_loop(Sum, sum_loop)
