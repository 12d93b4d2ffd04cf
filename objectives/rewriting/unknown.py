"""NaN that XLA cannot see: on the CPU, XLA drops a literal NaN that is selected and then passed to exp.

There ``exp(where(c, nan, x))`` is ``exp(x)``: LLVM may take the integer part of a literal NaN for whatever it likes,
and takes it for that of x. See docs/sharp_edges.rst.
"""

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import GraphRewriter, copy_stack_trace
from pytensor.scalar.basic import Switch
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.variable import TensorConstant, TensorVariable

from objectives.ops.elementwise import FLOATS
from objectives.ops.unknown import ComputedNaN
from objectives.rewriting.summation import is_ours


class ComputeNaN(GraphRewriter):
    """Give a `ComputedNaN` to each choice of a literal one in a graph of this package."""

    def apply(self, fgraph):
        numbers = [x for x in fgraph.inputs if isinstance(x, TensorVariable) and x.type.numpy_dtype.kind in "biuf"]
        if not numbers or not is_ours(fgraph):
            return
        for node in fgraph.toposort():
            if is_switch(node) and any(map(is_nan, node.inputs)):
                variable = node.op(*(computed(x, numbers[0]) if is_nan(x) else x for x in node.inputs))
                copy_stack_trace(node.outputs, variable)
                fgraph.replace_all_validate([(node.outputs[0], variable)], reason="compute_nan")


def is_switch(node):
    return isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Switch)


def is_nan(variable):
    return (
        isinstance(variable, TensorConstant)
        and variable.dtype in FLOATS
        and bool(variable.data.size)
        and np.isnan(variable.data).all()
    )


def computed(nan, x):
    """NaN of the same shape, computed from x."""
    number = pt.reshape(ComputedNaN(nan.dtype)(x), (1,) * nan.ndim)
    return number if nan.data.size == 1 else pt.broadcast_to(number, nan.data.shape)


optdb.register("compute_nan", ComputeNaN(), "jax", position=48.8)  # after the last rewrite of a choice
