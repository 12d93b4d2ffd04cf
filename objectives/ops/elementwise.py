"""Element-wise loops whose functions are vector code, and which sum what they compute. Only rewrites make them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.scalar.basic import Composite, Exp, Expm1, Log, Log1p, Tanh
from pytensor.scalar.math import Sigmoid, Softplus
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import TensorType

from objectives.ops.shapes import own_shapes

# The scalar functions that kernels have as vector code, and the dtypes they have them for.
VECTOR_FUNCTIONS = {
    Exp: "exp",
    Expm1: "expm1",
    Log: "log",
    Log1p: "log1p",
    Sigmoid: "sigmoid",
    Softplus: "softplus",
    Tanh: "tanh",
}
FLOATS = ("float32", "float64")
MOST_ARRAYS = 64  # that a loop reads and writes
# By the tag of a backend, whether it has code for an element-wise node in a loop; one that says nothing has for all.
HAS_CODE: dict[str, Callable[[Apply], bool]] = {}
MISMATCH = (
    "shape mismatch in an element-wise expression: predictions, targets, masks and weights must have the same shape; a "
    "length of 1 is broadcast only if it is known when the graph is built (pt.specify_broadcastable)"
)


def vector_function(scalar_op):
    """The name of the vector function that computes a scalar Op; None if there is none."""
    # subclasses too, such as our own softplus
    return next((name for op_type, name in VECTOR_FUNCTIONS.items() if isinstance(scalar_op, op_type)), None)


class VectorComposite(Composite):
    """A Composite whose `VECTOR_FUNCTIONS` are our own."""


class ElementwiseLoop(Op):
    """Outputs of one element-wise loop, some of them stored, some summed over all elements and not stored.

    Inputs either have all the same shape, or are of length 1 in every dimension, statically.
    """

    __props__ = ("scalar_op", "summed")

    def __init__(self, scalar_op, summed):
        self.scalar_op = scalar_op
        self.summed = tuple(summed)

    def make_node(self, *inputs):
        ndim = max(variable.ndim for variable in inputs)
        types = [
            TensorType(output.dtype, () if summed else (None,) * ndim)
            for output, summed in zip(self.scalar_op.outputs, self.summed, strict=True)
        ]
        return Apply(self, list(inputs), [t() for t in types])

    def is_full(self, variable):
        """Whether a variable has one entry for each element, rather than one for all."""
        return not all(variable.type.broadcastable)

    def perform(self, node, inputs, outputs):
        """With PyTensor's own loop."""
        elemwise = Elemwise(self.scalar_op)
        apply = elemwise.make_node(*node.inputs)
        storage: list[Any] = [[None] for _ in outputs]
        elemwise.perform(apply, inputs, storage)
        for output, (result,), summed in zip(outputs, storage, self.summed, strict=True):
            output[0] = np.asarray(result.sum(dtype="float64"), result.dtype) if summed else result

    def infer_shape(self, *arguments):
        node = arguments[-2]
        full = next(shape for v, shape in zip(node.inputs, own_shapes(arguments), strict=True) if self.is_full(v))
        return [() if summed else full for summed in self.summed]


def refuse_shapes(x, y):
    raise ValueError(f"{MISMATCH}, not {x.shape} and {y.shape}")
