"""The number of entries of a loss is that of its inputs: a gradient that divides by it does not wait for the loss."""

from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.rewriting.basic import register_canonicalize, register_specialize

from objectives.ops.counting import EntryCount
from objectives.ops.itemwise import ItemLoss
from objectives.ops.linear import LinearCrossentropy


@register_canonicalize
@register_specialize
@node_rewriter([EntryCount])
def local_count_of_inputs(fgraph, node):
    (counted,) = node.inputs
    if counted.owner is None:
        return None
    if isinstance(counted.owner.op, ItemLoss | LinearCrossentropy):
        return [node.op(counted.owner.inputs[0])]  # scores or features, whose first axes are those of the loss
    if isinstance(counted.owner.op, Elemwise):
        for variable in counted.owner.inputs:
            if variable.dtype == counted.dtype and variable.type.broadcastable == counted.type.broadcastable:
                return [node.op(variable)]
    return None
