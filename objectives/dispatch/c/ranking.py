from objectives.dispatch.c._registration import FLOATS, Kernel, register_kernel
from objectives.ops.labels import BestClass
from objectives.ops.ranking import LabelRank


class LabelRankKernel(Kernel):
    symbolic = LabelRank
    sources = ("ranking.h",)

    def call(self, node, inputs, outputs):
        scores, labels = inputs
        ctype = node.inputs[0].type.dtype_specs()[1]
        return f"objectives::label_rank<{ctype}>({scores}, {labels}, &{outputs[0]})"


def supports(node):
    scores, labels = node.inputs
    return scores.dtype in FLOATS and labels.dtype == "int64"


register_kernel(LabelRankKernel, supports)


class BestClassKernel(Kernel):
    symbolic = BestClass
    sources = ("ranking.h",)

    def call(self, node, inputs, outputs):
        ctype = node.inputs[0].type.dtype_specs()[1]
        return f"objectives::best_class<{ctype}>({inputs[0]}, &{outputs[0]})"


register_kernel(BestClassKernel, lambda node: node.inputs[0].dtype in FLOATS)
