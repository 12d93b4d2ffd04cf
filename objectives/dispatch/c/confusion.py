from objectives.dispatch.c._registration import FLOATS, Kernel, register_kernel
from objectives.ops.confusion import ConfusionCounts


class ConfusionCountsKernel(Kernel):
    symbolic = ConfusionCounts
    sources = ("confusion.h",)
    __props__ = ("num_columns", "num_rows")
    num_columns: int
    num_rows: int

    def call(self, node, inputs, outputs):
        ctype = node.outputs[0].type.dtype_specs()[1]
        given = ", ".join([*inputs, str(self.num_rows), str(self.num_columns)])
        return f"objectives::confusion_counts<{ctype}>({given}, &{outputs[0]})"


def supports(node):
    rows, columns, weights = node.inputs
    return rows.dtype == columns.dtype == "int64" and weights.dtype in FLOATS


register_kernel(ConfusionCountsKernel, supports)
