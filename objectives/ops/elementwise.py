"""Element-wise loops with functions that vectorize, and with sums of what they compute. Made by rewrites only."""

from typing import Any

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.scalar.basic import Composite
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import TensorType

from objectives.ops.shapes import own_shapes


class VectorComposite(Composite):
    """A Composite whose exp, log, log1p, softplus, sigmoid and tanh are our own, which vectorize."""


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
