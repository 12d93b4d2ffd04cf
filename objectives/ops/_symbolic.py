"""What our symbolic Ops have in common."""

from pytensor.gradient import disconnected_type
from pytensor.graph.op import Op
from pytensor.tensor.symbolic import TensorSymbolicOp


class ShapedOp(TensorSymbolicOp):
    """A symbolic Op of one output, that knows its shape and which of its inputs have a gradient.

    Subclasses give `build_inner_graph` (the mathematics), `perform` (the same with NumPy, for the C backend and for
    modes without one), `output_shape` and, if any input is `connected`, a `pullback`.
    """

    __props__: tuple[str, ...] = ()
    connected: tuple[bool, ...]

    # `perform` is all that the C backend needs: PyTensor 3.3 would compile the inner graph as well, for nothing
    make_thunk = Op.make_thunk

    def output_shape(self, *shapes):
        raise NotImplementedError

    def infer_shape(self, *arguments):
        # PyTensor calls it with (fgraph, node, shapes), in 3.3 without the fgraph
        return [self.output_shape(*arguments[-1])]

    def connection_pattern(self, node):
        return [[connected] for connected in self.connected]

    def pullback(self, inputs, outputs, output_grads):
        return [disconnected_type() for _ in inputs]
