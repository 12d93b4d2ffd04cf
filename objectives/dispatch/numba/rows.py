"""Loops over rows, with as many passes over each as there are reductions that depend on each other."""

from itertools import count

import numpy as np
from numba import uint64
from pytensor.link.numba.dispatch.basic import get_numba_type, numba_njit, register_funcify_and_cache_key
from pytensor.tensor.math import Sum

from objectives.dispatch.numba._memory import empty
from objectives.dispatch.numba._rows import kernel
from objectives.dispatch.numba._separate import caller, separate
from objectives.dispatch.numba._simd import maximum
from objectives.dispatch.numba._threads import in_threads
from objectives.dispatch.numba._views import flat, shaped
from objectives.dispatch.numba.elementwise import BLOCK, compiled_source, loop_key, scalar_core
from objectives.ops.rows import MISMATCH, RowLoop, composite, origin, passes


@register_funcify_and_cache_key(RowLoop)
def numba_funcify_row_loop(op, node, **kwargs):
    over_rows = OverRows(op, kwargs)
    lines = _row_loop(op)
    layouts = ["A" if op.rows.kind(variable) == "single" else "C" for variable in node.inputs]
    inputs = [get_numba_type(v.type, layout=layout) for v, layout in zip(node.inputs, layouts, strict=True)]
    types = [(v.type.dtype, v.type.broadcastable) for v in (*node.inputs, *node.outputs)]
    key = loop_key("row loop", lines, over_rows.lines, types, *over_rows.keys)
    names = {"flat": flat, "shaped": shaped, "empty": empty, "check_shape": _check_shape}
    names |= {f"dtype{k}": np.dtype(v.type.dtype) for k, v in enumerate(node.outputs)}
    names["over_rows"] = in_threads(kernel(compiled_source("over_rows", over_rows.lines, over_rows.names)))
    loop = numba_njit(compiled_source("row_loop", lines, names))
    return caller(separate(lambda: loop, inputs, key)), key


class OverRows:
    """Source of ``over_rows(start, stop, length, *inputs, *outputs)``, the names in it and the keys of functions."""

    def __init__(self, op, kwargs):
        self.op, self.kwargs = op, kwargs
        self.names = {"np": np, "uint64": uint64, "BLOCK": uint64(BLOCK), "ZERO": uint64(0), "maximum": maximum}
        self.names["lowest"] = -np.inf
        self.keys: list = []
        self.numbers = count()
        inputs, outputs = op.inner.inputs, op.inner.outputs
        self.values = {variable: f"i{k}{self.index(variable)}" for k, variable in enumerate(inputs)}
        steps = passes(op)
        kept = [variable for step in steps for variable in step.kept]
        self.scratch = {variable: f"kept{k}" for k, variable in enumerate(kept)}
        body = [line for number, step in enumerate(steps) for line in self.step(step, number)]
        stores = [f"o{k}[row] = {self.values[origin(v)]}" for k, v in enumerate(outputs) if op.rows.kind(v) == "row"]
        arguments = [*(f"i{k}" for k in range(len(inputs))), *(f"o{k}" for k in range(len(outputs)))]
        self.lines = [
            f"def over_rows(start, stop, length, {', '.join(arguments)}):",
            "    length = uint64(length)",
            *(f"    {name} = np.empty(length, {self.dtype(v)})" for v, name in self.scratch.items()),
            "    for row in range(uint64(start), uint64(stop)):",
            "        begin = row * length",
            *(f"        {line}" for line in body + stores),
        ]

    def index(self, variable):
        return {"full": "[begin + j]", "row": "[row]", "column": "[j]", "single": ""}[self.op.rows.kind(variable)]

    def dtype(self, variable):
        """The name of a variable's type, which converts a number to it."""
        self.names[variable.type.dtype] = np.dtype(variable.type.dtype).type
        return variable.type.dtype

    def step(self, step, number):
        """The lines of one pass over a row."""
        yield from self.call(step.row_nodes, [n.outputs[0] for n in step.row_nodes], f"row_core{number}", "r")
        roots = [node.inputs[0] for node in step.reductions]
        wanted = dict.fromkeys(v for v in (*roots, *step.kept, *step.stored) if v not in self.values)
        inner = list(self.call(step.nodes, list(wanted), f"core{number}", "v"))
        before, first, last, after = [], [], [], []
        for node in step.reductions:
            (x,), (result,) = node.inputs, node.outputs
            name = self.values[result] = f"x{next(self.numbers)}"
            dtype = self.dtype(result)
            if isinstance(node.op, Sum):
                before.append(f"total_{name} = 0.0")
                first.append(f"{name} = {dtype}(0)")
                inner.append(f"{name} += {self.values[x]}")
                last.append(f"total_{name} += {name}")
                after.append(f"{name} = {dtype}(total_{name})")
            else:
                before.append(f"{name} = {dtype}(lowest)")
                inner.append(f"{name} = maximum({name}, {self.values[x]})")
        inner += [
            f"o{k}[begin + j] = {self.values[v]}" for k, v in enumerate(self.op.inner.outputs) if v in step.stored
        ]
        for v in step.kept:
            inner.append(f"{self.scratch[v]}[j] = {self.values[v]}")
            self.values[v] = f"{self.scratch[v]}[j]"
        if inner:
            yield from before
            yield "for block in range(ZERO, length, BLOCK):"
            yield from (f"    {line}" for line in first)
            yield "    for j in range(block, min(block + BLOCK, length)):"
            yield from (f"        {line}" for line in inner)
            yield from (f"    {line}" for line in last)
            yield from after

    def call(self, nodes, results, name, prefix):
        """The line that computes the results of nodes."""
        if results:
            scalar_op, read = composite(nodes, results)
            self.names[name], key = scalar_core(scalar_op, **self.kwargs)
            self.keys.append(key)
            arguments = ", ".join(self.values[v] for v in read)
            self.values.update((v, f"{prefix}{next(self.numbers)}") for v in results)
            yield f"{', '.join(self.values[v] for v in results)} = {name}({arguments})"


def _row_loop(op):
    """``row_loop(*inputs)``, which makes the outputs and shares the rows out."""
    inputs, outputs, ndim = op.inner.inputs, op.inner.outputs, op.rows.ndim
    outer = ndim - op.rows.num_axes
    kinds = [op.rows.kind(variable) for variable in inputs]
    full = f"i{kinds.index('full')}"
    lengths = [f"{full}.shape[{axis}]" for axis in range(ndim)]
    axes = {"full": range(ndim), "row": range(outer), "column": range(outer, ndim), "single": ()}
    names = [f"i{k}" for k in range(len(inputs))] + [f"o{k}" for k in range(len(outputs))]
    arguments = [f"{x}.item()" if kind == "single" else f"flat({x})" for x, kind in zip(names, kinds, strict=False)]
    results = []
    lines = [f"def row_loop({', '.join(names[: len(inputs)])}):"]
    for x, kind in zip(names, kinds, strict=False):
        if axes[kind]:
            own = _tuple(f"{x}.shape[{axis}]" for axis in axes[kind])
            lines.append(f"    check_shape({own}, {_tuple(lengths[axis] for axis in axes[kind])})")
    lines.append(f"    rows, length = {' * '.join(lengths[:outer])}, {' * '.join(lengths[outer:])}")
    for k, variable in enumerate(outputs):
        is_full = op.rows.kind(variable) == "full"
        lines.append(f"    o{k} = empty({'rows * length' if is_full else 'rows'}, dtype{k})")
        results.append(f"shaped(o{k}, {_tuple(op.output_shape(variable, lengths))})")
    lines.append(f"    over_rows(rows, rows * length, ({', '.join(['length', *arguments, *names[len(inputs) :]])}))")
    return [*lines, f"    return {', '.join(results)}"]


def _tuple(lengths):
    return f"({', '.join(map(str, lengths))},)"


@numba_njit
def _check_shape(lengths, others):
    if lengths != others:
        raise ValueError(MISMATCH)
