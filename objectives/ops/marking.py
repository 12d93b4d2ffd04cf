"""A mark on losses and their gradients, by which rewrites know the graphs that they may act on."""

from pytensor.compile.ops import ViewOp
from pytensor.graph.features import Feature


class Loss(ViewOp):
    """The identity, on a loss or the gradient by it; a rewrite removes it before any other looks at the graph."""

    def pullback(self, inputs, outputs, output_grads):
        return [loss(g) for g in output_grads]


loss = Loss()


class HoldsLoss(Feature):
    """Says of a graph that a loss was in it before its mark was removed."""


def mark_as_loss(fgraph):
    """Remember that this graph computes a loss or its gradient."""
    if not holds_loss(fgraph):
        fgraph.attach_feature(HoldsLoss())


def holds_loss(fgraph) -> bool:
    """Whether the rewrites that act on all of a graph may act on this one."""
    return any(isinstance(feature, HoldsLoss) for feature in fgraph._features)
