"""The element-wise loops of a graph that holds a loss, as vector code.

Operands that do not lie contiguously in memory are copied first, which takes less time than a loop that jumps.
"""

from functools import partial
from hashlib import sha256

import numpy as np
from pytensor.graph.utils import MethodNotDefined
from pytensor.scalar import basic as scalar
from pytensor.tensor.elemwise import Elemwise

from objectives.dispatch.c.loops import Loop, LoopOp, register_loop
from objectives.ops.elementwise import FLOATS, HAS_CODE, MOST_ARRAYS, vector_function

UNKNOWN = "OBJECTIVES_UNKNOWN"
ELSEWHERE = ("c_support_code", "c_init_code", "c_headers", "c_header_dirs", "c_libraries", "c_lib_dirs")
FACTS = """
    static const unsigned long long repeated[] = {{{repeated}}};
    static const int overwritten[] = {{{overwritten}}}, types[] = {{{types}}};
    static const objectives::Elementwise node = {{{numbers}, repeated, overwritten, types, elements}};
"""
LOOP = """
namespace {name} {{
static void elements(npy_intp n, char* const* data) {{
{body}
}}
static bool compute(PyArrayObject* const* inputs, PyArrayObject** const* outputs, const npy_intp*) {{{facts}
    return objectives::compute_elements(node, inputs, outputs);
}}
}}
"""


class NoVectorLoop(Exception):
    """An Elemwise that only PyTensor's own loop can compute."""


class SimdElemwise(LoopOp, Elemwise):
    """Elemwise whose loop is vectorized."""

    def __init__(self, op, loops):
        super().__init__(op.scalar_op, dict(op.inplace_pattern))
        self.loops = loops

    def __str__(self):
        return f"Simd{super().__str__()}"


def repeated_axes(variable):
    """The axes along which an operand is repeated, as bits."""
    return sum(1 << axis for axis, repeated in enumerate(variable.type.broadcastable) if repeated)


def num_flat_axes(node):
    """The number of last axes along which each operand is either repeated or not, apart from those of length 1."""
    repeated = zip(*(variable.type.broadcastable for variable in node.inputs), strict=True)
    patterns = list(zip(*((None,) * len(axis) if all(axis) else axis for axis in repeated), strict=True))
    ndim = node.outputs[0].type.ndim
    return max(
        k
        for k in range(min(1, ndim), ndim + 1)
        if all(len({*pattern[ndim - k :]} - {None}) <= 1 for pattern in patterns)
    )


def flat_loop(node):
    """The body of a C++ function that computes the outputs of an Elemwise from n consecutive elements."""
    scalar_op, scalar_node = node.op.scalar_op, node.op.make_scalar_node(*node.inputs)
    if not isinstance(scalar_op, scalar.Composite):
        scalar_op = scalar.Composite(scalar_node.inputs, scalar_node.outputs)
    inputs, outputs = scalar_op.fgraph.inputs, scalar_op.fgraph.outputs
    names = {variable: f"x{i}" for i, variable in enumerate(inputs)}
    body = [line for j, inner in enumerate(scalar_op.fgraph.toposort()) for line in statements(inner, names, j)]
    pointers = [
        f"{ctype(variable)}* const p{i} = ({ctype(variable)}*)data[{i}];"
        for i, variable in enumerate([*inputs, *outputs])
    ]
    flat = num_flat_axes(node)
    loads = [
        f"const {ctype(variable)} x{i} = *p{i};"
        if all(outer.type.broadcastable[outer.type.ndim - flat :])
        else f"const {ctype(variable)} x{i} = p{i}[index];"
        for i, (variable, outer) in enumerate(zip(inputs, node.inputs, strict=True))
    ]
    stores = [f"p{len(inputs) + i}[index] = {names[output]};" for i, output in enumerate(outputs)]
    # an output that overwrites an input reads each element before it writes it, as the pragma demands
    lines = [
        *pointers,
        "#pragma omp simd",
        "for (npy_intp index = 0; index < n; index++) {",
        *loads,
        *body,
        *stores,
        "}",
    ]
    return "\n".join(lines)


def statements(node, names, position):
    """C++ that computes a scalar node, whose outputs get names."""
    operands = [names[v] if v in names else literal(v) for v in node.inputs]
    for i, output in enumerate(node.outputs):
        names[output] = f"v{position}_{i}"
        yield f"{ctype(output)} {names[output]};"
    results = [names[output] for output in node.outputs]
    types = {variable.type.dtype for variable in (*node.inputs, *node.outputs)}
    function = vector_function(node.op) if len(types) == 1 and types <= set(FLOATS) else None
    if function is not None:
        yield f"{results[0]} = objectives::{function}({operands[0]});"
    else:
        yield f"{{ {scalar_code(node, operands, results)} }}"


def scalar_code(node, operands, results):
    """PyTensor's own C code, unless it jumps out of the loop or calls what stands elsewhere."""
    if isinstance(node.op, scalar.Cast) and node.inputs[0].type.dtype == "bool":
        return f"{results[0]} = {operands[0]} ? 1 : 0;"  # GCC does not vectorize the cast of a comparison
    if any(getattr(node.op, part)() for part in ELSEWHERE) or node.op.c_support_code_apply(node, UNKNOWN):
        raise NoVectorLoop(node)
    try:
        code = node.op.c_code(node, UNKNOWN, operands, results, {"fail": UNKNOWN, "id": UNKNOWN})
    except (NotImplementedError, MethodNotDefined) as error:
        raise NoVectorLoop(node) from error
    if UNKNOWN in code:
        raise NoVectorLoop(node)
    return code


def literal(constant):
    """A constant in its own type: C takes those of float32 for double, in which the loop would then compute."""
    return f"(({ctype(constant)}){constant.type.c_literal(constant.data)})"


def ctype(variable):
    dtype = variable.type.dtype
    if dtype == "float16" or dtype.startswith("complex"):
        raise NoVectorLoop(variable)
    return variable.type.dtype_specs()[1]


def elementwise_loop(node):
    """The function that computes an Elemwise; None if only PyTensor's own can."""
    if node.op.openmp or len(node.inputs) + len(node.outputs) > MOST_ARRAYS:
        return None
    try:
        body = flat_loop(node)
    except NoVectorLoop:
        return None
    overwritten = (node.op.inplace_pattern.get(i, -1) for i in range(len(node.outputs)))
    facts = FACTS.format(
        repeated=", ".join(f"{repeated_axes(variable)}u" for variable in [*node.inputs, *node.outputs]),
        overwritten=", ".join(map(str, overwritten)),
        types=", ".join(str(np.dtype(variable.dtype).num) for variable in node.outputs),
        numbers=f"{len(node.inputs)}, {len(node.outputs)}, {node.outputs[0].type.ndim}, {num_flat_axes(node)}",
    )
    name = f"loop_{sha256((body + facts).encode()).hexdigest()[:16]}"
    return Loop(name, LOOP.format(name=name, body=body, facts=facts), partial(SimdElemwise, node.op))


def has_code(node):
    """Whether an element-wise node has C code that may stand in a loop."""
    scalar = node.op.make_scalar_node(*node.inputs)
    try:
        list(statements(scalar, dict.fromkeys(scalar.inputs, "x"), 0))
    except NoVectorLoop:
        return False
    return True


register_loop(Elemwise, elementwise_loop)
HAS_CODE["cxx_only"] = has_code
