"""Base classes of the symbolic Ops: shapes, NumPy where there is no kernel, gradients of inner graphs."""

from typing import Any, cast

from pytensor import function, grad
from pytensor.compile.mode import Mode
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Constant
from pytensor.graph.op import Op
from pytensor.graph.replace import graph_replace
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.tensor.symbolic import TensorSymbolicOp

from objectives.ops.shapes import own_shapes


class SpellOut(GraphRewriter):
    """Replace PyTensor's own Ops that hold a graph, such as softmax, by that graph: it would compile them for C."""

    def apply(self, fgraph):
        while (node := next(filter(holds_graph, fgraph.toposort()), None)) is not None:
            results = node.op.build_inner_graph(*node.inputs)
            fgraph.replace_all(zip(node.outputs, results, strict=True), reason="spell_out")


def holds_graph(node):
    return isinstance(node.op, TensorSymbolicOp) and not isinstance(node.op, ShapedOp)


# With NumPy, and without rewrites, which merge products into some that PyTensor computes element by element in Python.
UNCOMPILED = Mode("py", cast("Any", SpellOut()))  # Mode takes rewriters, though its annotation does not say so


class ShapedOp(TensorSymbolicOp):
    """A symbolic Op that knows its shape and which of its inputs have a gradient.

    Subclasses give `build_inner_graph` (the mathematics), `output_shape` and, if any input is `connected`, a
    `pullback`; and, where the inner graph should not be used as it is, `perform` (the same with NumPy).
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


class DifferentiableOp(ShapedOp):
    """A symbolic Op whose gradient is, in part, that of its inner graph.

    ``options`` names the optional inputs, which follow the others.
    """

    __props__: tuple[str, ...] = ("options",)
    options: tuple[str, ...] = ()

    @classmethod
    def of(cls, *data, **options):
        """What the Op gives for data and those of the options that are not None."""
        given = {name: option for name, option in options.items() if option is not None}
        return cls(options=tuple(given))(*data, *given.values())

    def named(self, inputs):
        """The optional inputs by name."""
        return dict(zip(self.options, inputs[len(inputs) - len(self.options) :], strict=True))

    def connection_pattern(self, node):
        return [[has_gradient(variable)] * len(node.outputs) for variable in node.inputs]

    def derivatives(self, inputs, output_grads, *, skip=()):
        """The product of the output gradients with the derivatives of the inner graph, except by the inputs to skip."""
        dummies = [variable.type() for variable in inputs]
        outputs = self.build_inner_graph(*dummies)
        upstream = {output: g for output, g in zip(outputs, output_grads, strict=True) if not is_disconnected(g)}
        wanted = [i for i, variable in enumerate(inputs) if i not in skip and has_gradient(variable)]
        result = [disconnected_type() for _ in inputs]
        if not wanted:
            return result
        gradients: Any = grad(None, [dummies[i] for i in wanted], known_grads=upstream, disconnected_inputs="ignore")
        gradients = graph_replace(gradients, dict(zip(dummies, inputs, strict=True)), strict=False)
        for i, gradient in zip(wanted, gradients, strict=True):
            result[i] = gradient
        return result


def has_gradient(variable) -> bool:
    return variable.dtype.startswith("float") and not isinstance(variable, Constant)


def is_disconnected(gradient) -> bool:
    return not hasattr(gradient.type, "dtype")
