"""Element-wise loops that sum some of their results, as vector code."""

from functools import partial
from hashlib import sha256

import numpy as np

from objectives.dispatch.c.elementwise import ctype, statements
from objectives.dispatch.c.loops import Loop, LoopOp, register_loop
from objectives.ops.elementwise import ElementwiseLoop

FACTS = """
    static const bool full[] = {{{full}}};
    static const int types[] = {{{types}}};
    static const objectives::SumLoop node = {{{numbers}, full, types, chunk}};
"""
LOOP = """
namespace {name} {{
static void chunk(npy_intp n, char* const* data, double* sums) {{
{body}
}}
static bool compute(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp*) {{{facts}
    return objectives::compute_sums(node, inputs, outputs);
}}
}}
"""


class SimdElementwiseLoop(LoopOp, ElementwiseLoop):
    """Element-wise loop by vectors and threads."""

    def __init__(self, op, loops):
        super().__init__(op.scalar_op, op.summed)
        self.loops = loops


def chunk_loop(op, is_full):
    """The body of a C++ function that computes n consecutive elements."""
    inputs, outputs = op.scalar_op.inputs, op.scalar_op.outputs
    for k, variable in enumerate([*inputs, *outputs]):
        yield f"{ctype(variable)}* const p{k} = ({ctype(variable)}*)data[{k}];"
    names = {v: f"x{k}" for k, v in enumerate(inputs)}
    for k, v in enumerate(inputs):
        if not is_full[k]:
            yield f"const {ctype(v)} x{k} = *p{k};"
    summed = [k for k, is_summed in enumerate(op.summed) if is_summed]
    yield "for (npy_intp block = 0; block < n; block += objectives::row_block) {"
    yield "const npy_intp end = std::min(block + objectives::row_block, n);"
    yield from (f"{ctype(outputs[k])} sum{k} = 0;" for k in summed)
    yield f"#pragma omp simd {' '.join(f'reduction(+ : sum{k})' for k in summed)}"
    yield "for (npy_intp j = block; j < end; j++) {"
    for k, v in enumerate(inputs):
        if is_full[k]:
            yield f"const {ctype(v)} x{k} = p{k}[j];"
    for position, node in enumerate(op.scalar_op.fgraph.toposort()):
        yield from statements(node, names, position)
    for k, v in enumerate(outputs):
        yield f"sum{k} += {names[v]};" if op.summed[k] else f"p{len(inputs) + k}[j] = {names[v]};"
    yield "}"
    yield from (f"sums[{position}] += sum{k};" for position, k in enumerate(summed))
    yield "}"


def sum_loop(node):
    """The function that computes an element-wise loop."""
    op, inputs, outputs = node.op, node.inputs, node.outputs
    is_full = [*map(op.is_full, inputs), *(not summed for summed in op.summed)]
    ndim = max(variable.type.ndim for variable in inputs)
    facts = FACTS.format(
        full=", ".join(str(full).lower() for full in is_full),
        types=", ".join(str(np.dtype(variable.dtype).num) for variable in outputs),
        numbers=f"{len(inputs)}, {len(outputs)}, {ndim}, {sum(op.summed)}",
    )
    body = "\n".join(chunk_loop(op, is_full))
    name = f"sums_{sha256((body + facts).encode()).hexdigest()[:16]}"
    return Loop(name, LOOP.format(name=name, body=body, facts=facts), partial(SimdElementwiseLoop, op))


register_loop(ElementwiseLoop, sum_loop)
