"""Marks leave the graph once nothing needs them; a graph that had a loss remembers it.

Losses, masks, statistics, measures, conditions and shapes are marked by Ops that compute nothing. Each is removed as
soon as what reads it is done: none is ever compiled.
"""

from pytensor.compile.mode import optdb
from pytensor.gradient import DisconnectedGrad
from pytensor.graph.rewriting.basic import dfs_rewriter, node_rewriter
from pytensor.tensor.rewriting.basic import register_canonicalize, register_specialize

from objectives.ops.marking import Loss, Masked, NoGradient, mark_as_loss
from objectives.ops.selection import Condition
from objectives.ops.shapes import OwnShape
from objectives.ops.statistics import Statistic, WhereNothing

TAGS = ("fast_run", "fast_compile")


@node_rewriter([Statistic, WhereNothing])
def local_remove_statistic_mark(fgraph, node):
    """Statistic(x) -> x, in a graph that `holds_loss` from now on; validation has split it by now."""
    mark_as_loss(fgraph)
    return node.inputs


@register_specialize
@node_rewriter([Loss])
def local_remove_loss_mark(fgraph, node):
    """Loss(x) -> x, in a graph that `holds_loss` from now on."""
    mark_as_loss(fgraph)
    return node.inputs


@node_rewriter([Masked])
def local_remove_mask_mark(fgraph, node):
    """Masked(mask, x) -> x."""
    return [node.inputs[1]]


@node_rewriter([NoGradient])
def local_remove_no_gradient_mark(fgraph, node):
    """NoGradient(x, ...) -> x."""
    return node.inputs[:1]


@register_specialize
@register_canonicalize("fast_compile")
@node_rewriter([Condition])
def local_remove_condition(fgraph, node):
    """Condition(c) -> c; the gradient is taken by now, and the mark would keep loops from being fused."""
    return node.inputs


@register_specialize
@node_rewriter([DisconnectedGrad])
def local_remove_disconnected_grad(fgraph, node):
    """DisconnectedGrad(x) -> x, as PyTensor has done in "canonicalize" with those that were there."""
    return node.inputs


@node_rewriter([OwnShape])
def local_remove_own_shape(fgraph, node):
    """OwnShape(x) -> x, which then disappears: only its shape was asked for, and that has been inferred."""
    return node.inputs


for position, rewriter, tags in [
    (-0.03, local_remove_statistic_mark, TAGS),
    (-0.03, local_remove_no_gradient_mark, (*TAGS, "minimum_compile")),  # always, so that it needs no kernels
    (-0.02, local_remove_loss_mark, TAGS),
    (-0.02, local_remove_mask_mark, TAGS),
    (2.5, local_remove_own_shape, TAGS),
]:
    optdb.register(rewriter.__name__, dfs_rewriter(rewriter), *tags, position=position)
