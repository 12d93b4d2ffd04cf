"""Scalar functions of element-wise loops become our own, which vectorize, in graphs that hold a loss.

This comes late, when PyTensor has stabilized, fused and placed its loops: their expressions stay what they are.
``mode.excluding("simd")`` leaves it out, ``mode.including("simd_everywhere")`` does it in every graph.
"""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.scalar.basic import Composite
from pytensor.tensor.elemwise import Elemwise

from objectives.ops.elementwise import FLOATS, VectorComposite, vector_function
from objectives.ops.marking import holds_loss


def _vectorized(node):
    """The Elemwise with our functions; None if it has none of them."""
    op = node.op
    scalar = op.scalar_op
    if isinstance(scalar, VectorComposite) or not any(v.dtype in FLOATS for v in node.outputs):
        return None
    if not isinstance(scalar, Composite):
        if vector_function(scalar) is None:
            return None
        scalar = op.make_scalar_node(*node.inputs)
    return Elemwise(VectorComposite(scalar.inputs, scalar.outputs), inplace_pattern=dict(op.inplace_pattern))


def _vectorize(node):
    if type(node.op) is not Elemwise or (new := _vectorized(node)) is None:
        return None
    outputs = new.make_node(*node.inputs).outputs
    copy_stack_trace(node.outputs, outputs)
    return outputs


@node_rewriter([Elemwise])
def local_vectorize(fgraph, node):
    return _vectorize(node) if holds_loss(fgraph) else None


@node_rewriter([Elemwise])
def local_vectorize_everywhere(fgraph, node):
    return _vectorize(node)


# After PyTensor's in-place Elemwise (50.5), and before it fuses loops with indexing and reductions (100, PyTensor 3.3).
optdb.register("simd_elemwise", dfs_rewriter(local_vectorize), "numba", "simd", position=51)
optdb.register("simd_everywhere", dfs_rewriter(local_vectorize_everywhere), position=51.1)
