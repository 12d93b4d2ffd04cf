"""Loops over rows, with as many passes over each as there are reductions that depend on each other."""

import numpy as np
from pytensor.link.numba.dispatch.basic import get_numba_type, numba_njit, register_funcify_and_cache_key
from pytensor.tensor.math import Max

from objectives.dispatch.numba._memory import empty
from objectives.dispatch.numba._over_lanes import OverLanes, tiling
from objectives.dispatch.numba._over_rows import OverRows
from objectives.dispatch.numba._rows import kernel
from objectives.dispatch.numba._separate import caller, separate
from objectives.dispatch.numba._threads import in_threads
from objectives.dispatch.numba._views import flat, shaped
from objectives.dispatch.numba.elementwise import compiled_source, loop_key
from objectives.ops.rows import MISMATCH, NO_MAXIMUM, RowLoop


@register_funcify_and_cache_key(RowLoop)
def numba_funcify_row_loop(op, node, **kwargs):
    over_rows = (OverLanes if op.rows.num_lane_axes else OverRows)(op, kwargs)
    lines = _row_loop(op)
    layouts = ["A" if op.rows.kind(variable) == "single" else "C" for variable in node.inputs]
    inputs = [get_numba_type(v.type, layout=layout) for v, layout in zip(node.inputs, layouts, strict=True)]
    types = [(v.type.dtype, v.type.broadcastable) for v in (*node.inputs, *node.outputs)]
    key = loop_key("row loop", lines, over_rows.lines, types, *over_rows.keys)
    names = {
        "flat": flat,
        "shaped": shaped,
        "empty": empty,
        "check_shape": _check_shape,
        "check_length": _check_length,
        "tiling": tiling,
    }
    names |= {f"dtype{k}": np.dtype(v.type.dtype) for k, v in enumerate(node.outputs)}
    names["over_rows"] = in_threads(kernel(compiled_source("over_rows", over_rows.lines, over_rows.names)))
    loop = numba_njit(compiled_source("row_loop", lines, names))
    return caller(separate(lambda: loop, inputs, key)), key


def _row_loop(op):
    """``row_loop(*inputs)``, which makes the outputs and shares the rows out."""
    inputs, outputs, rows = op.inner.inputs, op.inner.outputs, op.rows
    outer, own, lanes = rows.parts
    kinds = [rows.kind(variable) for variable in inputs]
    full = f"i{kinds.index('full')}"
    lengths = [f"{full}.shape[{axis}]" for axis in range(rows.ndim)]

    def number(*axes):
        return " * ".join(lengths[axis] for axis in axes) or "1"

    names = [f"i{k}" for k in range(len(inputs))] + [f"o{k}" for k in range(len(outputs))]
    arguments = [f"{x}.item()" if kind == "single" else f"flat({x})" for x, kind in zip(names, kinds, strict=False)]
    results = []
    lines = [f"def row_loop({', '.join(names[: len(inputs)])}):"]
    for x, variable in zip(names, inputs, strict=False):
        axes = rows.axes_of(variable)
        if axes:
            given = _tuple(f"{x}.shape[{axis}]" for axis in rows.own_axes(variable))
            lines.append(f"    check_shape({given}, {_tuple(lengths[axis] for axis in axes)})")
    lines.append(f"    rows, length = {number(*outer, *lanes)}, {number(*own)}")
    if any(isinstance(node.op, Max) for node in op.inner.apply_nodes):
        lines.append("    check_length(length)")
    for k, variable in enumerate(outputs):
        is_full = rows.kind(variable) == "full"
        lines.append(f"    o{k} = empty({'rows * length' if is_full else 'rows'}, dtype{k})")
        results.append(f"shaped(o{k}, {_tuple(op.output_shape(variable, lengths))})")
    units, sizes = "rows", "length"
    if lanes:
        lines.append(f"    lanes = {number(*lanes)}")
        lines.append("    most, copies = tiling(length, lanes)")
        units, sizes = f"{number(*outer)} * (lanes // most + (lanes % most > 0))", "length, lanes, most, copies"
    lines.append(f"    over_rows({units}, rows * length, ({', '.join([sizes, *arguments, *names[len(inputs) :]])}))")
    return [*lines, f"    return {', '.join(results)}"]


def _tuple(lengths):
    return f"({', '.join(map(str, lengths))},)"


@numba_njit
def _check_shape(lengths, others):
    if lengths != others:
        raise ValueError(MISMATCH)


@numba_njit
def _check_length(length):
    if length == 0:
        raise ValueError(NO_MAXIMUM)
