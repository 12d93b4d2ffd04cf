"""Loops over rows, with as many passes over each as there are reductions that depend on each other."""

from functools import partial
from hashlib import sha256

import numpy as np
from pytensor.tensor.math import Max

from objectives.dispatch.c._over_lanes import OverLanes
from objectives.dispatch.c._over_rows import OverRows
from objectives.dispatch.c.loops import Loop, LoopOp, register_loop
from objectives.ops.rows import KINDS, RowLoop

LOOP = """
namespace {name} {{
using objectives::Sizes;
static void over_rows(npy_intp start, npy_intp stop, const Sizes& sizes, char* const* data, char* scratch) {{
{body}
}}
static bool compute(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp*) {{{facts}
    return objectives::compute_rows(node, inputs, outputs);
}}
}}
"""
FACTS = """
    static const int parts[] = {{{parts}}}, types[] = {{{types}}}, ndims[] = {{{ndims}}};
    static const objectives::RowLoop node = {{{numbers}, {scratch}, parts, types, ndims, over_rows}};
"""


class SimdRowLoop(LoopOp, RowLoop):
    """Row loop by vectors and threads."""

    def __init__(self, op, loops):
        super().__init__(op.rows, op.inner)
        self.loops = loops


def row_loop(node):
    """The function that computes a row loop."""
    op, inputs, outputs = node.op, node.inputs, node.outputs
    over_rows = (OverLanes if op.rows.num_lane_axes else OverRows)(op)
    maximum = str(any(isinstance(inner.op, Max) for inner in op.inner.apply_nodes)).lower()
    facts = FACTS.format(
        parts=", ".join(str(parts(op.rows, variable)) for variable in [*inputs, *outputs]),
        types=", ".join(str(np.dtype(variable.dtype).num) for variable in outputs),
        ndims=", ".join(str(variable.type.ndim) for variable in outputs),
        numbers=f"{len(inputs)}, {len(outputs)}, {op.rows.ndim}, {op.rows.outer}, {op.rows.num_axes}",
        scratch=f"{over_rows.bytes}, {maximum}",
    )
    body = "\n".join(over_rows.lines)
    name = f"rows_{sha256((body + facts).encode()).hexdigest()[:16]}"
    return Loop(name, LOOP.format(name=name, body=body, facts=facts), partial(SimdRowLoop, op))


def parts(rows, variable):
    """The parts of the axes along which a variable has entries, as bits: before a row, in it, behind it."""
    return sum(has_entries << part for part, has_entries in enumerate(KINDS[rows.kind(variable)]))


register_loop(RowLoop, row_loop)
