"""The sum over all elements of a loss, which PyTensor's C code adds up one by one."""

from hashlib import sha256

from pytensor.compile.mode import optdb
from pytensor.configdefaults import config
from pytensor.graph.rewriting.basic import dfs_rewriter, node_rewriter
from pytensor.tensor.math import Sum

from objectives.dispatch.c._registration import FLOATS, compile_arguments, replace, source
from objectives.ops.marking import holds_loss

HEADERS = ("row_threads.h", "arrays.h", "summation.h")


class SimdSum(Sum):
    """Sum of all elements by vectors and threads. It adds in double precision, as PyTensor does."""

    def c_code(self, node, name, inputs, outputs, sub):
        ctype = node.inputs[0].type.dtype_specs()[1]
        return f"if (!objectives::sum_array<{ctype}>({inputs[0]}, &{outputs[0]})) {sub['fail']}"

    def c_support_code(self, **kwargs):
        return source(*HEADERS)

    def c_compile_args(self, **kwargs):
        return compile_arguments()

    def c_code_cache_version_apply(self, node):
        code = self.c_code(node, "", ["x"], ["y"], {"fail": ""})
        return (sha256((source(*HEADERS) + code).encode()).hexdigest(),)


@node_rewriter([Sum])
def local_simd_sum(fgraph, node):
    op, (x,), (total,) = node.op, node.inputs, node.outputs
    if type(op) is not Sum or not config.cxx or not holds_loss(fgraph):
        return None
    takes_all = op.axis is None or len(op.axis) == x.type.ndim
    if (
        not takes_all
        or x.type.ndim == 0
        or x.dtype not in FLOATS
        or total.dtype != x.dtype
        or op.acc_dtype != "float64"
    ):
        return None
    return replace(node, SimdSum(axis=None, dtype=op.dtype, acc_dtype=op.acc_dtype))


optdb.register("c_simd_sum", dfs_rewriter(local_simd_sum), "fast_run", "cxx_only", "simd", position=101)
