from objectives.dispatch.c._items import ItemGradientKernel, ItemKernel, are_floats, register_item_kernels
from objectives.ops.margin import MulticlassHinge, MulticlassHingeGradient

SOURCES = ("items.h", "margin.h")
FIELDS = ("weight", "delta", "mask")


class HingeKernel(ItemKernel):
    symbolic = MulticlassHinge
    sources, function, fields = SOURCES, "multiclass_hinge", FIELDS


class HingeGradientKernel(ItemGradientKernel):
    symbolic = MulticlassHingeGradient
    sources, function, fields = SOURCES, "multiclass_hinge", FIELDS
    weights = ("weight",)


def supports(node):
    scores, labels, *others = node.inputs
    return labels.dtype == "int64" and are_floats(scores, others)


register_item_kernels(HingeKernel, HingeGradientKernel, supports)
