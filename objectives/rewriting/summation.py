"""Sums of float32 on MLX, whose own sums stop counting at 2^24 on the CPU."""

from pytensor.compile.mode import optdb
from pytensor.configdefaults import config
from pytensor.graph.features import Feature
from pytensor.graph.rewriting.basic import GraphRewriter, copy_stack_trace
from pytensor.scalar.basic import Cast
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import Sum

from objectives.ops.summation import BlockSum, WideByName


class IsOurs(Feature):
    """Marks a graph that had an Op of this package, even if that was removed since."""


def is_ours(fgraph):
    """Whether the graph had an Op of this package."""
    return any(isinstance(feature, IsOurs) for feature in fgraph._features)


class RememberOurs(GraphRewriter):
    def apply(self, fgraph):
        if any(type(node.op).__module__.startswith("objectives.") for node in fgraph.apply_nodes):
            fgraph.attach_feature(IsOurs())


class SumInBlocks(GraphRewriter):
    """Put a `BlockSum` in the place of each sum of floats in a graph of this package, and make nothing float64.

    With floatX=float64, PyTensor narrows what is float64, and warns.
    """

    def apply(self, fgraph):
        if not is_ours(fgraph):
            return
        for node in fgraph.toposort():
            if is_sum(node):
                axis = range(node.inputs[0].ndim) if node.op.axis is None else node.op.axis
                replace(fgraph, node, BlockSum(axis, node.outputs[0].dtype)(node.inputs[0]))
            elif is_widening(node) and config.floatX == "float32":
                replace(fgraph, node, WideByName()(node.inputs[0].astype("float32")))


def is_sum(node):
    return type(node.op) is Sum and node.inputs[0].dtype in ("float32", "float64")


def is_widening(node):
    is_cast = isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Cast)
    return is_cast and node.outputs[0].dtype == "float64" != node.inputs[0].dtype


def replace(fgraph, node, variable):
    copy_stack_trace(node.outputs, variable)
    fgraph.replace_all_validate([(node.outputs[0], variable)], reason="sum_in_blocks")


optdb.register("remember_ours", RememberOurs(), "fast_run", position=-0.04)  # before marks leave the graph
optdb.register("sum_in_blocks", SumInBlocks(), "mlx", position=48.7)  # after pairs (48.5), before fusion (49)
