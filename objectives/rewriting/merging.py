"""Merges a loss and its gradient into one pass, which overwrites the scores where nothing else needs them."""

from pytensor.compile.mode import optdb
from pytensor.graph.basic import Constant
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.graph.traversal import ancestors

from objectives.ops.crossentropy import SoftmaxCrossentropyGradient
from objectives.ops.linear import LinearCrossentropyGradient
from objectives.ops.margin import MulticlassHingeGradient

GRADIENTS = [SoftmaxCrossentropyGradient, MulticlassHingeGradient]
ALL = [*GRADIENTS, LinearCrossentropyGradient]


def with_props(op, **changes):
    """The same Op with other properties."""
    props = {name: getattr(op, name) for name in op.__props__}
    return type(op)(**(props | changes))


@node_rewriter(ALL)
def local_merge_loss_with_gradient(fgraph, node):
    """One Op for loss and gradient, unless the incoming gradient depends on the loss."""
    if node.op.with_loss:
        return None
    loss = _loss_in_graph(fgraph, node)
    if loss is None or loss in set(ancestors(node.inputs)):
        return None
    merged = with_props(node.op, with_loss=True)(*node.inputs)
    old = [loss, *node.outputs]
    copy_stack_trace(old, merged)
    return {v: v.type.filter_variable(new) for v, new in zip(old, merged, strict=True)}


def _loss_in_graph(fgraph, node):
    """The loss whose gradient a node computes."""
    op = node.op
    needed = [*node.inputs[: op.num_data], *node.inputs[op.num_data + op.num_weights :]]
    for client, _ in fgraph.clients[node.inputs[0]]:
        if isinstance(client.op, op.loss_type) and client.op.options == op.options:
            if all(_is_same(a, b) for a, b in zip(client.inputs, needed, strict=True)):
                return client.outputs[0]
    return None


def _is_same(a, b):
    return a is b or (isinstance(a, Constant) and a.equals(b))


@node_rewriter(GRADIENTS)
def local_gradient_inplace(fgraph, node):
    """Write the gradient over the scores; PyTensor refuses where they are an input or needed later."""
    if node.op.inplace:
        return None
    new = with_props(node.op, inplace=True)(*node.inputs, return_list=True)
    copy_stack_trace(node.outputs, new)
    return [v.type.filter_variable(n) for v, n in zip(node.outputs, new, strict=True)]


# When the gradient of a mean no longer depends on the loss (whose shape it took), and before Elemwise fusion.
optdb.register(
    "merge_loss_with_gradient", dfs_rewriter(local_merge_loss_with_gradient), "fast_run", "loss_fusion", position=47.0
)
# After the destroy handler (49.5) and before PyTensor's own Elemwise. For Numba alone: the C kernels have their own.
optdb.register(
    "gradient_inplace", dfs_rewriter(local_gradient_inplace), "numba", "inplace", "loss_fusion", position=50.3
)
