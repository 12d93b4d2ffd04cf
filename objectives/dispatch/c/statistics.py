from objectives.dispatch.c._registration import FLOATS, Kernel, register_kernel
from objectives.ops.statistics import Accumulate, Rule


class AccumulateKernel(Kernel):
    """Of sums, of which most measures are made."""

    symbolic = Accumulate
    sources = ("statistics.h",)
    __props__ = ("rule",)

    def call(self, node, inputs, outputs):
        ctypes = ", ".join(variable.type.dtype_specs()[1] for variable in node.inputs)
        return f"objectives::accumulate_sum<{ctypes}>({', '.join(inputs)}, &{outputs[0]})"

    def c_no_compile_args(self, **kwargs):
        # a user's flags, by which what rounding took away would be optimised away
        return ["-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-fassociative-math", "-ffinite-math-only"]


def supports(node):
    state, statistic = node.inputs
    return (
        node.op.rule is Rule.SUM
        and state.ndim == statistic.ndim + 1
        and statistic.dtype in FLOATS
        and state.dtype in (statistic.dtype, "float64")
    )


register_kernel(AccumulateKernel, supports)
