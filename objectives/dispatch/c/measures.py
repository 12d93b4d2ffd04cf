from objectives.dispatch.c._registration import Kernel, register_kernel
from objectives.ops.confusion import ConfusionCounts
from objectives.ops.elementwise import FLOATS
from objectives.ops.labels import BestClass
from objectives.ops.ranking import LabelRank


class MeasureKernel(Kernel):
    """Ranks and counts, of which most measures of classes are made, are compiled together."""

    sources = ("ranking.h", "confusion.h")
    functions = ("label_rank", "best_class", "confusion_counts")


class LabelRankKernel(MeasureKernel):
    symbolic = LabelRank
    function = "label_rank"


class BestClassKernel(MeasureKernel):
    symbolic = BestClass
    function = "best_class"


class ConfusionCountsKernel(MeasureKernel):
    symbolic = ConfusionCounts
    function = "confusion_counts"
    __props__ = ("num_columns", "num_rows")
    num_columns: int
    num_rows: int

    def numbers(self):
        return self.num_rows, self.num_columns

    def floats(self, node):
        return node.inputs[2]


def has_floats_and_label(node):
    scores, labels = node.inputs
    return scores.dtype in FLOATS and labels.dtype == "int64"


def has_labels_and_floats(node):
    rows, columns, weights = node.inputs
    return rows.dtype == columns.dtype == "int64" and weights.dtype in FLOATS


register_kernel(LabelRankKernel, has_floats_and_label)
register_kernel(BestClassKernel, lambda node: node.inputs[0].dtype in FLOATS)
register_kernel(ConfusionCountsKernel, has_labels_and_floats)
