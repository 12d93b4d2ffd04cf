"""A length that is cast becomes an array first on MLX.

PyTensor 3.0 gives it as an integer of Python there, which has no ``astype``.
"""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.scalar.basic import Cast
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import add
from pytensor.tensor.shape import Shape_i


@node_rewriter([Elemwise])
def local_array_of_length(fgraph, node):
    (length, *_) = node.inputs
    if not isinstance(node.op.scalar_op, Cast) or not length.owner or not isinstance(length.owner.op, Shape_i):
        return None
    result = node.op(add(length, 0))
    copy_stack_trace(node.outputs, result)
    return [result]


# when nothing removes an added zero any more, before fusion (49)
optdb.register("array_of_length", dfs_rewriter(local_array_of_length), "mlx", position=48.6)
