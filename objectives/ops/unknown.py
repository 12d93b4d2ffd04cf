"""NaN that a compiler cannot see."""

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.type import TensorType


class ComputedNaN(Op):
    """NaN of a dtype, computed from a tensor of any numbers, so that it is no literal for a compiler."""

    __props__ = ("dtype",)

    def __init__(self, dtype):
        self.dtype = dtype

    def make_node(self, *inputs):
        (x,) = inputs
        return Apply(self, [x], [TensorType(self.dtype, ())()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.asarray(np.nan, self.dtype)

    def infer_shape(self, *arguments):
        return [()]
