from objectives.dispatch.c._items import ItemGradientKernel, ItemKernel, are_floats, register_item_kernels
from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient

SOURCES = ("items.h", "exponentials.h", "crossentropy.h", "crossentropy_arrays.h")
FIELDS = ("a", "b", "class_weights", "label_smoothing", "largest", "logit_softcap", "z_loss", "mask")


class CrossentropyKernel(ItemKernel):
    symbolic = SoftmaxCrossentropy
    sources, function, fields = SOURCES, "softmax_crossentropy", FIELDS


class CrossentropyGradientKernel(ItemGradientKernel):
    symbolic = SoftmaxCrossentropyGradient
    sources, function, fields = SOURCES, "softmax_crossentropy", FIELDS
    weights = ("a", "b")


def supports(node):
    """Whether logits, targets and options have the types of the kernel."""
    logits, targets, *others = node.inputs
    if targets.ndim < logits.ndim:
        return targets.dtype == "int64" and are_floats(logits, others)
    return targets.type.broadcastable == logits.type.broadcastable and are_floats(logits, [targets, *others])


register_item_kernels(CrossentropyKernel, CrossentropyGradientKernel, supports)
