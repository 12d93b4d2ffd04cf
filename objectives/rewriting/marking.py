"""Which graphs hold a loss of ours: the rewrites that act on all of a graph act on no other."""

from pytensor.graph.features import Feature
from pytensor.graph.rewriting.basic import node_rewriter, dfs_rewriter
from pytensor.compile.mode import optdb

from objectives.ops.marking import Loss


class HoldsLoss(Feature):
    """Says that a loss was in the graph before its mark was removed."""


def mark_as_loss(fgraph):
    """Remember that this graph computes a loss or its gradient."""
    if not holds_loss(fgraph):
        fgraph.attach_feature(HoldsLoss())


def holds_loss(fgraph) -> bool:
    return any(isinstance(feature, HoldsLoss) for feature in fgraph._features)


@node_rewriter([Loss])
def local_remove_loss_mark(fgraph, node):
    mark_as_loss(fgraph)
    return node.inputs


# before anything else looks at the graph, in which the mark would hide a pattern
optdb.register("remove_loss_marks", dfs_rewriter(local_remove_loss_mark), "fast_run", "fast_compile", position=-0.02)
