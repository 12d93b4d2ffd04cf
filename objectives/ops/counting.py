"""The number of entries of a tensor, for the denominators of means."""

import numpy as np
import pytensor.tensor as pt

from objectives.ops._symbolic import ShapedOp


class EntryCount(ShapedOp):
    """The number of entries along some axes, as a scalar of the dtype of the input.

    An Op, since PyTensor would infer the shape of a loss from all inputs of the graph below, with an assertion for
    each pair of lengths that must agree: JAX drops those with a warning, PyTorch fails on them (PyTensor 3.0.7).
    """

    __props__ = ("axis",)
    connected = (False,)

    def __init__(self, *, axis, **kwargs):
        self.axis = tuple(axis)
        super().__init__(**kwargs)

    def build_inner_graph(self, x):
        count = pt.as_tensor_variable(np.int64(1))
        for axis in self.axis:
            count = count * x.shape[axis]
        return [count.astype(x.dtype)]

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.asarray(self.count(inputs[0]), dtype=node.outputs[0].dtype)

    def count(self, x):
        """The product of the lengths, on anything that has a shape."""
        count = 1
        for axis in self.axis:
            count = count * x.shape[axis]
        return count

    def output_shape(self, x):
        return ()
