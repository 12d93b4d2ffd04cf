"""What our symbolic Ops have in common."""

from pytensor import function
from pytensor.compile.mode import Mode
from pytensor.gradient import disconnected_type
from pytensor.graph.op import Op
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.tensor.symbolic import TensorSymbolicOp

from objectives.ops.shapes import own_shapes

# With NumPy, and without rewrites, which merge products into some that PyTensor computes element by element in Python.
UNCOMPILED = Mode("py", RewriteDatabaseQuery(include=[]))


class ShapedOp(TensorSymbolicOp):
    """A symbolic Op that knows its shape and which of its inputs have a gradient.

    Subclasses give `build_inner_graph` (the mathematics), `output_shape` and, if any input is `connected`, a
    `pullback`; and, where the inner graph shall not be used as it is, `perform` (the same with NumPy).
    """

    __props__: tuple[str, ...] = ()
    connected: tuple[bool, ...]

    # `perform` is all that the C backend needs: PyTensor 3.3 would compile the inner graph as well, for nothing
    make_thunk = Op.make_thunk

    @property
    def fn(self):
        """The inner graph on NumPy, for modes without a kernel; PyTensor would compile it for its default mode."""
        if getattr(self, "_fn", None) is None:
            inputs = [input_type() for input_type in self.input_types]
            outputs = self.build_inner_graph(*inputs)
            self._fn = function(inputs, outputs, mode=UNCOMPILED, on_unused_input="ignore")
            self._fn.trust_input = True
        return self._fn

    def output_shape(self, *shapes):
        raise NotImplementedError

    def infer_shape(self, *arguments):
        return [self.output_shape(*own_shapes(arguments))]

    def connection_pattern(self, node):
        return [[connected] for connected in self.connected]

    def pullback(self, inputs, outputs, output_grads):
        return [disconnected_type() for _ in inputs]
