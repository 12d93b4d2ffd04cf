"""Sums for a backend that has no float64 and adds float32 one by one."""

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.type import TensorType


class BlockSum(Op):
    """The sum over some axes, added up in blocks: one by one, float32 stops counting at 2^24."""

    __props__ = ("axis", "dtype")

    def __init__(self, axis, dtype):
        self.axis, self.dtype = tuple(axis), dtype

    def make_node(self, *inputs):
        (x,) = inputs
        shape = tuple(n for i, n in enumerate(x.type.shape) if i not in self.axis)
        return Apply(self, [x], [TensorType(self.dtype, shape)()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.asarray(inputs[0].sum(axis=self.axis, dtype="float64"), dtype=self.dtype)

    def infer_shape(self, *arguments):
        (shape,) = arguments[-1]
        return [tuple(n for i, n in enumerate(shape) if i not in self.axis)]


class WideByName(Op):
    """float32 where the graph has float64: the sums of this package ask for it, and need no warning that it is not."""

    __props__ = ()

    def make_node(self, *inputs):
        (x,) = inputs
        return Apply(self, [x], [TensorType("float64", x.type.shape)()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0].astype("float64")

    def infer_shape(self, *arguments):
        return arguments[-1]
