"""Sums and products of many operands become nested ones of two on MLX.

PyTensor 3.0 stacks all operands there, which fails where they broadcast.
"""

from functools import reduce

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.scalar.basic import Add, Mul
from pytensor.tensor.elemwise import Elemwise

from objectives.rewriting.summation import is_ours


@node_rewriter([Elemwise])
def local_pair_operands(fgraph, node):
    if len(node.inputs) < 3 or not isinstance(node.op.scalar_op, Add | Mul) or not is_ours(fgraph):
        return None
    result = reduce(node.op, (x.astype(node.outputs[0].dtype) for x in node.inputs))
    copy_stack_trace(node.outputs, result)
    return [result]


# after PyTensor has flattened them (48) and before it fuses them (49)
optdb.register("pair_operands", dfs_rewriter(local_pair_operands), "mlx", position=48.5)
