"""Marks on losses and measures.

By one, rewrites know the graphs that they may act on; another tells which mask a loss has; the third refuses the
gradient of a measure that has none.
"""

from pytensor.compile.ops import ViewOp
from pytensor.gradient import NullTypeGradError
from pytensor.graph.basic import Apply, Variable, equal_computations
from pytensor.graph.features import Feature
from pytensor.graph.op import Op
from pytensor.graph.replace import _vectorize_node
from pytensor.graph.traversal import walk
from pytensor.scalar import second
from pytensor.tensor import shape_padleft
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.reshape import JoinDims, SplitDims
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.subtensor import Subtensor

from objectives.ops.selection import select


class Loss(ViewOp):
    """The identity, on a loss or the gradient by it; a rewrite removes it before any other looks at the graph."""

    def pullback(self, inputs, outputs, output_grads):
        return [loss(g) for g in output_grads]


loss = Loss()


class HoldsLoss(Feature):
    """Says of a graph that a loss, or a statistic, was in it before its mark was removed."""


def mark_as_loss(fgraph):
    """Remember that this graph computes a loss, its gradient, or a statistic of a batch."""
    if not holds_loss(fgraph):
        fgraph.attach_feature(HoldsLoss())


def holds_loss(fgraph) -> bool:
    """Whether the rewrites that act on all of a graph may act on this one."""
    return any(isinstance(feature, HoldsLoss) for feature in fgraph._features)


class Masked(Elemwise):
    """(mask, losses) to the losses: a mark that tells by which mask they are 0; a rewrite removes it.

    An element-wise Op, so that it is computed, differentiated and vectorized everywhere, where it is not removed.
    """

    def make_node(self, *inputs):
        mask, losses = inputs
        return Apply(self, [shape_padleft(mask, losses.ndim - mask.ndim), losses], [losses.type()])


_masked = Masked(second)


def masked(mask, losses):
    """Losses that are 0 where they are masked, marked with that mask."""
    return losses if mask is None else _masked(mask, losses)


def selected(mask, losses):
    """The losses, exactly 0 where they are masked, and marked with the mask."""
    return masked(mask, select(mask, losses))


ELEMENTWISE = Elemwise | ViewOp
REARRANGING = DimShuffle | Reshape | JoinDims | SplitDims | SpecifyShape | Subtensor


def has_mask(losses):
    """Whether the entries of a tensor are losses that were given a mask, or were computed from such entry by entry."""
    return bool(_masks(losses, ELEMENTWISE | REARRANGING))


def mask_of(losses):
    """The one mask that these losses were given, or those that they were computed from; None if there is no such."""
    masks = _masks(losses, ELEMENTWISE)
    is_one = len(masks) == len(_masks(losses, ELEMENTWISE | REARRANGING)) > 0
    return masks[0] if is_one and all(equal_computations([mask], masks[:1]) for mask in masks) else None


def _masks(losses, ops):
    """The masks of all losses from which a tensor is computed by these Ops alone."""

    def inputs(variable):
        op = getattr(variable.owner, "op", None)
        if isinstance(op, NoGradient):
            return variable.owner.inputs[:1]
        return variable.owner.inputs if isinstance(op, ops) and not isinstance(op, Masked) else None

    owners = [variable.owner for variable in walk([losses], inputs)]
    return [node.inputs[0] for node in owners if node is not None and isinstance(node.op, Masked)]


class NoGradient(Op):
    """(result, data ...) to the result of a measure, whose gradient by any of the data is refused.

    Without the data, PyTensor would take them for disconnected by the comparisons within, or for constant.
    """

    __props__ = ("measure", "loss")

    def __init__(self, measure, loss):
        self.measure, self.loss = measure, loss
        self.view_map = {0: [0]}

    def make_node(self, *inputs):
        return Apply(self, inputs, [inputs[0].type()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0]

    def infer_shape(self, *arguments):
        return arguments[-1][:1]

    def pullback(self, inputs, outputs, output_grads):
        raise NullTypeGradError(
            f"{self.measure} has no gradient: train with {self.loss or 'a loss'}. In a cost beside a loss, wrap the "
            "measure in pytensor.gradient.disconnected_grad."
        )


@_vectorize_node.register(NoGradient)
def vectorize_no_gradient(op, node, *inputs):
    return op.make_node(*inputs)


def without_gradient(measure, loss, results, data):
    """The results of a measure, marked: asked for their gradient by the data, they name the loss to take instead."""
    data = [x for x in data if isinstance(x, Variable)]
    if not data:
        return results
    if isinstance(results, Variable):
        return NoGradient(measure, loss)(results, *data)
    return tuple(NoGradient(measure, loss)(result, *data) for result in results)
