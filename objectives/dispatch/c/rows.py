"""Loops over rows, with as many passes over each as there are reductions that depend on each other."""

from functools import partial
from hashlib import sha256
from itertools import count

import numpy as np
from pytensor.tensor.math import Max, Sum

from objectives.dispatch.c.elementwise import MOST_ARRAYS, NoVectorLoop, ctype, statements
from objectives.dispatch.c.loops import Loop, LoopOp, register_loop
from objectives.ops.rows import HAS_CODE, RowLoop, composite, origin, passes

LOOP = """
namespace {name} {{
static void over_rows(npy_intp start, npy_intp stop, npy_intp length, char* const* data, char* scratch) {{
{body}
}}
static bool compute(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp*) {{{facts}
    return objectives::compute_rows(node, inputs, outputs);
}}
}}
"""
FACTS = """
    static const int kinds[] = {{{kinds}}}, types[] = {{{types}}}, ndims[] = {{{ndims}}};
    static const objectives::RowLoop node = {{{numbers}, kinds, types, ndims, over_rows}};
"""


class SimdRowLoop(LoopOp, RowLoop):
    """Row loop by vectors and threads."""

    def __init__(self, op, loops):
        super().__init__(op.rows, op.inner)
        self.loops = loops


class OverRows:
    """The lines of the C++ function that computes rows, and the bytes that it keeps for each element of one."""

    def __init__(self, op):
        self.op = op
        self.numbers = count()
        inputs, outputs = op.inner.inputs, op.inner.outputs
        self.values = {variable: f"i{k}{self.index(variable)}" for k, variable in enumerate(inputs)}
        steps = passes(op)
        # the widest first, which leaves all of them aligned
        kept = sorted((v for step in steps for v in step.kept), key=lambda v: -np.dtype(v.dtype).itemsize)
        self.scratch = {variable: f"kept{k}" for k, variable in enumerate(kept)}
        names = [*(f"i{k}" for k in range(len(inputs))), *(f"o{k}" for k in range(len(outputs)))]
        self.lines = [
            f"{ctype(v)}* const {name} = ({ctype(v)}*)data[{k}];"
            for k, (name, v) in enumerate(zip(names, [*inputs, *outputs], strict=True))
        ]
        self.bytes = 0
        for variable, name in self.scratch.items():
            self.lines.append(
                f"{ctype(variable)}* const {name} = ({ctype(variable)}*)(scratch + {self.bytes} * length);"
            )
            self.bytes += np.dtype(variable.dtype).itemsize
        body = [*self.conditions(inputs), *(line for step in steps for line in self.step(step))]
        stores = [f"o{k}[row] = {self.values[origin(v)]};" for k, v in enumerate(outputs) if op.rows.kind(v) == "row"]
        self.lines += [
            "for (npy_intp row = start; row < stop; row++) {",
            "const npy_intp begin = row * length;",
            *body,
            *stores,
            "}",
        ]

    def index(self, variable):
        return {"full": "[begin + j]", "row": "[row]", "column": "[j]", "single": "[0]"}[self.op.rows.kind(variable)]

    def conditions(self, variables):
        """The lines that read those of a row that are bool."""
        for v in variables:
            if v.dtype == "bool" and self.op.rows.kind(v) in ("row", "single"):
                name = f"c{next(self.numbers)}"
                yield f"const int {name} = objectives::row_condition({self.values[v]});"
                self.values[v] = name

    def step(self, step):
        """The lines of one pass over a row."""
        of_row = [node.outputs[0] for node in step.row_nodes]
        yield from self.call(step.row_nodes, of_row)
        yield from self.conditions(of_row)
        roots = [node.inputs[0] for node in step.reductions]
        wanted = dict.fromkeys(v for v in (*roots, *step.kept, *step.stored) if v not in self.values)
        inner = list(self.call(step.nodes, list(wanted)))
        before, first, last, after, reduced = [], [], [], [], []
        for node in step.reductions:
            x, name, of = self.values[node.inputs[0]], f"x{next(self.numbers)}", ctype(node.outputs[0])
            self.values[node.outputs[0]] = name
            if isinstance(node.op, Sum):
                before.append(f"double total_{name} = 0;")
                first.append(f"{of} part_{name} = 0;")
                inner.append(f"part_{name} += {x};")
                last.append(f"total_{name} += part_{name};")
                after.append(f"const {of} {name} = total_{name};")
                reduced.append(f"reduction(+ : part_{name})")
            else:
                before.append(f"{of} {name} = -INFINITY; int unknown_{name} = 0;")
                inner.append(f"{name} = {x} > {name} ? {x} : {name}; unknown_{name} |= {x} != {x};")
                after.append(f"if (unknown_{name}) {name} = NAN;")
                reduced.append(f"reduction(max : {name}) reduction(| : unknown_{name})")
        inner += [
            f"o{k}[begin + j] = {self.values[v]};" for k, v in enumerate(self.op.inner.outputs) if v in step.stored
        ]
        for v in step.kept:
            inner.append(f"{self.scratch[v]}[j] = {self.values[v]};")
            self.values[v] = f"{self.scratch[v]}[j]"
        if inner:
            yield from before
            yield "for (npy_intp block = 0; block < length; block += objectives::row_block) {"
            yield "const npy_intp end = std::min(block + objectives::row_block, length);"
            yield from first
            yield f"#pragma omp simd {' '.join(reduced)}"
            yield "for (npy_intp j = block; j < end; j++) {"
            yield from inner
            yield "}"
            yield from last
            yield "}"
            yield from after

    def call(self, nodes, results):
        """The lines that compute the results of nodes."""
        if results:
            scalar_op, read = composite(nodes, results)
            graph, names = scalar_op.fgraph, {}
            for scalar, variable in zip(graph.inputs, read, strict=True):
                names[scalar] = f"a{next(self.numbers)}"
                yield f"const auto {names[scalar]} = {self.values[variable]};"
            for node in graph.toposort():
                yield from statements(node, names, next(self.numbers))
            self.values.update((v, names[output]) for v, output in zip(results, graph.outputs, strict=True))


def row_loop(node):
    """The function that computes a row loop; None if there are too many arrays."""
    op, inputs, outputs = node.op, node.inputs, node.outputs
    if len(inputs) + len(outputs) > MOST_ARRAYS:
        return None
    over_rows = OverRows(op)
    outer = op.rows.ndim - op.rows.num_axes
    maximum = str(any(isinstance(inner.op, Max) for inner in op.inner.apply_nodes)).lower()
    facts = FACTS.format(
        kinds=", ".join(f"objectives::{op.rows.kind(variable).upper()}" for variable in [*inputs, *outputs]),
        types=", ".join(str(np.dtype(variable.dtype).num) for variable in outputs),
        ndims=", ".join(str(variable.type.ndim) for variable in outputs),
        numbers=f"{len(inputs)}, {len(outputs)}, {op.rows.ndim}, {outer}, {over_rows.bytes}, {maximum}",
    )
    body = "\n".join(over_rows.lines)
    name = f"rows_{sha256((body + facts).encode()).hexdigest()[:16]}"
    return Loop(name, LOOP.format(name=name, body=body, facts=facts), partial(SimdRowLoop, op))


def has_code(node):
    """Whether an element-wise node has C code that may stand in a loop."""
    scalar = node.op.make_scalar_node(*node.inputs)
    try:
        list(statements(scalar, dict.fromkeys(scalar.inputs, "x"), 0))
    except NoVectorLoop:
        return False
    return True


register_loop(RowLoop, row_loop)
HAS_CODE["cxx_only"] = has_code
