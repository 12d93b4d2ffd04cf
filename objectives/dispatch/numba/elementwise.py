"""Element-wise loops: PyTensor's with our scalar functions, and our own, which sum and share work among threads."""

import operator
from hashlib import sha256
from typing import Any

import numpy as np
from numba import uint64
from numba.extending import intrinsic
from pytensor.link.numba.cache import compile_numba_function_src
from pytensor.link.numba.dispatch import elemwise as pytensor_elemwise
from pytensor.link.numba.dispatch.basic import (
    get_numba_type,
    numba_funcify_and_cache_key,
    numba_njit,
    numba_typify,
    register_funcify_and_cache_key,
)
from pytensor.link.utils import fgraph_to_python
from pytensor.scalar.basic import EQ, GE, GT, LE, LT, NEQ, Add, Mul, Neg, Sub, Switch, TrueDiv

from objectives.dispatch.numba._memory import empty
from objectives.dispatch.numba._registration import source
from objectives.dispatch.numba._rows import kernel
from objectives.dispatch.numba._separate import caller, separate
from objectives.dispatch.numba._simd import FUNCTIONS
from objectives.dispatch.numba._threads import in_threads
from objectives.dispatch.numba._views import flat, shaped
from objectives.ops.elementwise import MISMATCH, ElementwiseLoop, VectorComposite, vector_function

ARITHMETIC = {Add: operator.add, Sub: operator.sub, Mul: operator.mul, TrueDiv: operator.truediv, Neg: operator.neg}
COMPARISONS = {LT: operator.lt, GT: operator.gt, LE: operator.le, GE: operator.ge, EQ: operator.eq, NEQ: operator.ne}
CHUNK = 1 << 15  # elements of which partial sums are kept, so that sums do not depend on the number of threads
BLOCK = 1 << 10  # elements that are summed in the loss's own precision


def _scalar_function(op, node, **kwargs):
    """Our function for a scalar Op, or an operator, which Numba need not compile; PyTensor's where there is neither."""
    dtypes = [variable.type.dtype for variable in node.inputs]
    dtype, result = dtypes[-1] if dtypes else None, node.outputs[0].type.dtype
    name = vector_function(op)
    if name and dtype in FUNCTIONS and result == dtype:
        return FUNCTIONS[dtype][name]
    if type(op) is Switch and dtypes == ["bool", result, result]:
        return _select
    is_plain = set(dtypes) == {result} and (result in FUNCTIONS) and len(dtypes) <= 2
    if (is_plain and type(op) in ARITHMETIC) or (type(op) in COMPARISONS and len(set(dtypes)) == 1):
        return (ARITHMETIC | COMPARISONS)[type(op)]
    return numba_funcify_and_cache_key(op, node=node, **kwargs)[0]


@intrinsic
def _select(typingctx, condition, x, y):
    def codegen(context, builder, signature, arguments):
        return builder.select(*arguments)

    return x(condition, x, y), codegen


def scalar_core(composite, **kwargs):
    """A Composite as one compiled function, inlined wherever it is called, and the key of its expression.

    LLVM vectorizes a loop only if what it calls is inlined, which it would not do with a large function on its own.
    """
    kwargs = {name: value for name, value in kwargs.items() if name != "storage_map"}
    _, key = numba_funcify_and_cache_key(composite.fgraph, squeeze_output=True, fgraph_name="composite", **kwargs)
    python = fgraph_to_python(
        composite.fgraph,
        op_conversion_fn=lambda op, *args, node, **kw: _scalar_function(op, node, **kw),
        type_conversion_fn=lambda value, variable, **kw: numba_typify(value, variable=variable),
        squeeze_output=True,
        fgraph_name="vector_composite",
        **kwargs,
    )
    dtypes = [variable.type.dtype for variable in (*composite.inputs, *composite.outputs)]
    core = numba_njit(python, forceinline=True, error_model="numpy")
    return core, None if key is None else (key, dtypes, source())


def loop_key(*parts):
    return None if None in parts else sha256(repr(parts).encode()).hexdigest()


@register_funcify_and_cache_key(VectorComposite)
def numba_funcify_vector_composite(op, node, **kwargs):
    core, key = scalar_core(op, **kwargs)
    # PyTensor 3.0 wraps the function in one that stores its results; unless that is inlined as well, nothing vectorizes
    if hasattr(pytensor_elemwise, "store_core_outputs"):
        core = _storing(core, op.nin, op.nout)
    return core, loop_key("vector composite", key)


def _storing(core, num_inputs, num_outputs):
    inputs = [f"i{k}" for k in range(num_inputs)]
    outputs = [f"o{k}" for k in range(num_outputs)]
    lines = [
        f"def store({', '.join(inputs + outputs)}):",
        f"    {', '.join(f'result_{o}' for o in outputs)} = core({', '.join(inputs)})",
        *(f"    {o}[...] = result_{o}" for o in outputs),
    ]
    store: Any = numba_njit(compile_numba_function_src("\n".join(lines), "store", {"core": core}), forceinline=True)
    store.handles_out = True
    return store


@register_funcify_and_cache_key(ElementwiseLoop)
def numba_funcify_elementwise_loop(op, node, **kwargs):
    core, key = scalar_core(op.scalar_op, **kwargs)
    is_full = [op.is_full(variable) for variable in node.inputs]
    dtypes = [variable.dtype for variable in op.scalar_op.outputs]
    over_chunks = in_threads(_chunk_kernel(core, is_full, op.summed, dtypes))
    # of an input of length 1 any layout will do
    inputs = [get_numba_type(variable.type, layout="C" if op.is_full(variable) else "A") for variable in node.inputs]
    loop = numba_njit(_elementwise_loop(over_chunks, is_full, op.summed, dtypes))
    key = loop_key("elementwise loop", key, op.summed, is_full, [variable.type.ndim for variable in node.inputs])
    return caller(separate(lambda: loop, inputs, key)), key


def compiled_source(name, lines, names):
    names["__name__"] = __name__  # the module in which a function from the disk looks for its names
    return compile_numba_function_src("\n".join(lines), name, names)


def _chunk_kernel(core, is_full, summed, dtypes):
    """``chunks(start, stop, length, *inputs, *outputs)``, where the outputs of sums have one entry for each chunk."""
    inputs = [f"i{k}" for k in range(len(is_full))]
    outputs = [f"o{k}" for k in range(len(summed))]
    values = [f"{x}[j]" if full else x for x, full in zip(inputs, is_full, strict=True)]
    sums = [k for k, is_summed in enumerate(summed) if is_summed]
    stores = [k for k, is_summed in enumerate(summed) if not is_summed]
    lines = [
        f"def chunks(start, stop, length, {', '.join(inputs + outputs)}):",
        "    for chunk in range(uint64(start), uint64(stop)):",
        "        begin, end = chunk * CHUNK, min((chunk + ONE) * CHUNK, uint64(length))",
        *(f"        total{k} = 0.0" for k in sums),
        "        for first in range(begin, end, BLOCK):",
        *(f"            sum{k} = zero{k}" for k in sums),
        "            for j in range(first, min(first + BLOCK, end)):",
        f"                {', '.join(f'v{k}' for k in range(len(summed)))} = core({', '.join(values)})",
        *(f"                sum{k} += v{k}" for k in sums),
        *(f"                o{k}[j] = v{k}" for k in stores),
        *(f"            total{k} += sum{k}" for k in sums),
        *(f"        o{k}[chunk] = total{k}" for k in sums),
    ]
    names = {"core": core, "uint64": uint64, "CHUNK": uint64(CHUNK), "BLOCK": uint64(BLOCK), "ONE": uint64(1)}
    names |= {f"zero{k}": np.dtype(dtypes[k]).type(0) for k in sums}
    return kernel(compiled_source("chunks", lines, names))


def _elementwise_loop(over_chunks, is_full, summed, dtypes):
    inputs = [f"i{k}" for k in range(len(is_full))]
    outputs = [f"o{k}" for k in range(len(summed))]
    full = [x for x, is_full_ in zip(inputs, is_full, strict=True) if is_full_]
    arguments = [f"flat({x})" if x in full else f"{x}.item()" for x in inputs]
    results = [
        f"total({o}, dtype{k})" if is_summed else f"shaped({o}, {full[0]}.shape)"
        for k, (o, is_summed) in enumerate(zip(outputs, summed, strict=True))
    ]
    lines = [
        f"def elementwise_loop({', '.join(inputs)}):",
        *(f"    check_same_shape({full[0]}, {x})" for x in full[1:]),
        f"    length = {full[0]}.size",
        "    chunks = (length + CHUNK - 1) // CHUNK",
        *(
            f"    o{k} = np.empty(chunks, np.float64)" if is_summed else f"    o{k} = empty(length, dtype{k})"
            for k, is_summed in enumerate(summed)
        ),
        f"    over_chunks(chunks, length, (length, {', '.join(arguments + outputs)}))",
        f"    return {', '.join(results)}",
    ]
    names = {"np": np, "flat": flat, "shaped": shaped, "empty": empty, "CHUNK": CHUNK, "over_chunks": over_chunks}
    names |= {"check_same_shape": check_same_shape, "total": _total}
    names |= {f"dtype{k}": np.dtype(dtype) for k, dtype in enumerate(dtypes)}
    return compiled_source("elementwise_loop", lines, names)


@numba_njit
def _total(sums, dtype):
    total = 0.0
    for x in sums:
        total += x
    result = np.empty(1, dtype)
    result[0] = total
    return shaped(result, ())


@numba_njit
def check_same_shape(x, y):
    if x.shape != y.shape:
        raise ValueError(MISMATCH)
