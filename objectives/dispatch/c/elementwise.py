"""Vector loops for the element-wise parts of graphs that hold a loss.

PyTensor's C loop calls scalar functions of the C library. Here an Elemwise gets a second loop, for operands that lie
contiguously in memory, in which exp, log and their like are vector code, and which threads share.
"""

from hashlib import sha256

from pytensor.compile.mode import optdb
from pytensor.configdefaults import config
from pytensor.graph.rewriting.basic import dfs_rewriter, node_rewriter
from pytensor.graph.utils import MethodNotDefined
from pytensor.scalar import basic as scalar
from pytensor.scalar.math import Sigmoid, Softplus
from pytensor.tensor.elemwise import Elemwise

from objectives.dispatch.c._registration import FLOATS, compile_arguments, replace, source
from objectives.ops.marking import holds_loss

HEADERS = ("simd_math.h", "row_threads.h", "elementwise.h")
FUNCTIONS = {
    scalar.Exp: "exp",
    scalar.Log: "log",
    scalar.Log1p: "log1p",
    scalar.Tanh: "tanh",
    Sigmoid: "sigmoid",
    Softplus: "softplus",
}
UNKNOWN = "OBJECTIVES_UNKNOWN"


class NoVectorLoop(Exception):
    """An Elemwise that only PyTensor's own loop can compute."""


class SimdElemwise(Elemwise):
    """Elemwise whose C code has a vector loop for contiguous operands."""

    def __str__(self):
        return f"Simd{super().__str__()}"

    def _c_all(self, node, nodename, inames, onames, sub):
        declare, checks, allocate, loop, end = super()._c_all(node, nodename, inames, onames, sub)
        arrays = ", ".join([*inames, *onames])
        repeated = ", ".join(f"{repeated_axes(variable)}u" for variable in [*node.inputs, *node.outputs])
        count = len(inames) + len(onames)
        operands = f"objectives::Operands<{count}>{{{{{arrays}}}, {{{repeated}}}, {num_flat_axes(node)}}}"
        loop = f"if (!objectives::run_flat<{count}>({operands}, {loop_name(nodename)})) {{ {loop} }}"
        return declare, checks, allocate, loop, end

    def c_support_code(self, **kwargs):
        return "\n".join([source(*HEADERS), super().c_support_code(**kwargs)])

    def c_support_code_apply(self, node, nodename):
        return "\n".join([super().c_support_code_apply(node, nodename) or "", flat_loop(node, nodename)])

    def c_compile_args(self, **kwargs):
        # partial redundancy elimination (GCC) makes branches of selects, which keep a loop from being vectorised
        return [*super().c_compile_args(**kwargs), *compile_arguments(), "-fno-tree-pre"]

    def c_code_cache_version_apply(self, node):
        version = super().c_code_cache_version_apply(node)
        text = source(*HEADERS) + flat_loop(node, "") + str(num_flat_axes(node))
        return (*version, sha256(text.encode()).hexdigest()) if version else version


def repeated_axes(variable):
    """The axes along which an operand is repeated, as bits."""
    return sum(1 << axis for axis, repeated in enumerate(variable.type.broadcastable) if repeated)


def num_flat_axes(node):
    """The number of last axes along which each operand is either repeated or not."""
    ndim = node.outputs[0].type.ndim
    patterns = [variable.type.broadcastable for variable in node.inputs]
    return max(k for k in range(1, ndim + 1) if all(len(set(pattern[-k:])) == 1 for pattern in patterns))


def loop_name(nodename):
    return f"objectives_loop_{nodename}"


def flat_loop(node, nodename):
    """The C++ function that computes the outputs of an Elemwise from consecutive elements."""
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
        if outer.type.broadcastable[-flat]
        else f"const {ctype(variable)} x{i} = p{i}[index];"
        for i, (variable, outer) in enumerate(zip(inputs, node.inputs, strict=True))
    ]
    stores = [f"p{len(inputs) + i}[index] = {names[output]};" for i, output in enumerate(outputs)]
    # an output that overwrites an input reads each element before it writes it, as the pragma demands
    lines = [
        f"static void {loop_name(nodename)}(npy_intp n, char* const* data) {{",
        *pointers,
        "#pragma omp simd",
        "for (npy_intp index = 0; index < n; index++) {",
        *loads,
        *body,
        *stores,
        "}",
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
    function = vector_function(node)
    if function is not None:
        yield f"{results[0]} = objectives::{function}({operands[0]});"
    else:
        yield f"{{ {scalar_code(node, operands, results)} }}"


def vector_function(node):
    types = {variable.type.dtype for variable in (*node.inputs, *node.outputs)}
    if len(types) != 1 or not types <= set(FLOATS):
        return None
    return next((name for op, name in FUNCTIONS.items() if isinstance(node.op, op)), None)


def scalar_code(node, operands, results):
    """PyTensor's own C code, unless it jumps out of the loop or needs functions made for its node."""
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


def has_flat_loop(node):
    if not config.cxx or node.op.openmp or node.outputs[0].type.ndim == 0:
        return False
    if not any(output.type.dtype in FLOATS for output in node.outputs):
        return False
    try:
        return bool(flat_loop(node, ""))
    except NoVectorLoop:
        return False


@node_rewriter([Elemwise])
def local_simd_elemwise(fgraph, node):
    if type(node.op) is not Elemwise or not holds_loss(fgraph) or not has_flat_loop(node):
        return None
    return replace(node, SimdElemwise(node.op.scalar_op, dict(node.op.inplace_pattern)))


# after fusion (49) and the in-place Elemwise (50.5)
optdb.register("c_simd_elemwise", dfs_rewriter(local_simd_elemwise), "fast_run", "cxx_only", "simd", position=101)
