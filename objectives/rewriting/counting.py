"""The number of entries of a loss is that of its inputs: a gradient that divides by it does not wait for the loss."""

from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.rewriting.basic import register_canonicalize, register_specialize
from pytensor.tensor.special import LogSoftmax, Softmax

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
    op, x = counted.owner.op, counted.owner.inputs[0]
    if isinstance(op, ItemLoss | LinearCrossentropy):
        return [node.op(x)]  # scores or features, whose first axes are those of the loss
    if isinstance(op, Elemwise | Softmax | LogSoftmax):
        for variable in counted.owner.inputs:
            if variable.dtype == counted.dtype and variable.type.broadcastable == counted.type.broadcastable:
                return [node.op(variable)]
    if isinstance(op, CAReduce | DimShuffle) and x.dtype == counted.dtype:
        sources = _axes_before(op, x)
        return [EntryCount(axis=[sources[axis] for axis in node.op.axis if sources[axis] != "x"])(x)]
    return None


def _axes_before(op, x):
    """The axis of x that each axis of the result is, "x" for one of length 1 that is new."""
    if isinstance(op, DimShuffle):
        return op.new_order
    return () if op.axis is None else [axis for axis in range(x.ndim) if axis not in op.axis]
