"""Conditions need not be marked once the gradient is taken; the mark would only keep loops from being fused."""

from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.tensor.rewriting.basic import register_canonicalize

from objectives.ops.selection import Condition


@register_canonicalize("fast_compile")
@node_rewriter([Condition])
def local_remove_condition(fgraph, node):
    return node.inputs
