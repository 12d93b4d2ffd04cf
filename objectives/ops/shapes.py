"""Lengths that are read off the arrays that have them.

PyTensor infers the shape of a variable from the inputs of the graph above it: of a sum of two inputs, with an assertion
that both are as long, on which PyTorch fails (PyTensor 3.0.7); of a reshaped one by arithmetic, which makes of a length
a number that JAX and MLX know too late.
"""

from typing import Any

import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Constant
from pytensor.graph.op import Op
from pytensor.tensor.shape import Shape_i


def own_shapes(arguments):
    """The shapes of inputs, from the arguments of ``infer_shape``.

    Those are (fgraph, node, shapes), in PyTensor 3.3 without the fgraph.
    """
    node, shapes = arguments[-2:]
    return [tuple(map(_own(x), range(x.ndim), shape)) for x, shape in zip(node.inputs, shapes, strict=True)]


def _own(x):
    def own(axis, inferred):
        is_read = isinstance(inferred, Constant) or (inferred.owner and isinstance(inferred.owner.op, Shape_i))
        return inferred if is_read else Shape_i(axis)(x)

    return own


class OwnShape(Op):
    """The identity, whose shape is not inferred; a rewrite removes it, where it does not vanish once shapes are known.

    A constant for the gradient. No `ViewOp`: those PyTensor removes before it asks for shapes.
    """

    __props__ = ()
    view_map = {0: [0]}  # noqa: RUF012  (PyTensor declares it for instances)

    def make_node(self, *inputs):
        return Apply(self, list(inputs), [inputs[0].type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0]

    def infer_shape(self, *arguments):
        return own_shapes(arguments)

    def connection_pattern(self, node):
        return [[False]]


own_shape: Any = OwnShape()


def ones_like(x, dtype=None):
    """Ones in the shape of ``x``, as `pt.ones_like` makes them."""
    return pt.ones_like(own_shape(x), dtype=dtype)
