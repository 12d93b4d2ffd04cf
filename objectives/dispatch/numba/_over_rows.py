"""The source of kernels for rows, with one loop for each pass."""

import numpy as np
from numba import uint64

from objectives.dispatch.numba._simd import maximum, settled
from objectives.dispatch.numba.elementwise import BLOCK, scalar_core
from objectives.dispatch.passes import RowSource
from objectives.ops.rows import composite


class NumbaSource(RowSource):
    """Lines of Python, the names in them, and the keys of functions."""

    sizes: tuple[str, ...]

    def __init__(self, op, kwargs):
        self.kwargs = kwargs
        self.names = {
            "np": np,
            "uint64": uint64,
            "ZERO": uint64(0),
            "maximum": maximum,
            "settled": settled,
            "lowest": -np.inf,
        }
        self.keys: list = []
        super().__init__(op)
        arguments = [f"i{k}" for k in range(len(op.inner.inputs))] + [f"o{k}" for k in range(len(op.inner.outputs))]
        self.lines = [
            f"def over_rows(start, stop, {', '.join([*self.sizes, *arguments])}):",
            f"    {', '.join(self.sizes)} = {', '.join(f'uint64({size})' for size in self.sizes)}",
            *indented(self.frame()),
        ]

    def frame(self):
        """The lines of the function around those that compute a row."""
        raise NotImplementedError

    def dtype(self, variable):
        """The name of a variable's type, which converts a number to it."""
        self.names[variable.type.dtype] = np.dtype(variable.type.dtype).type
        return variable.type.dtype

    def greater(self, name, reduced, x):
        return f"{reduced} = maximum({reduced}, {x})"

    def call(self, nodes, results, name):
        if results:
            scalar_op, read = composite(nodes, results)
            self.names[name], key = scalar_core(scalar_op, **self.kwargs)
            self.keys.append(key)
            arguments = ", ".join(self.values[v] for v in read)
            self.values.update((v, f"v{next(self.numbers)}") for v in results)
            yield f"{', '.join(self.values[v] for v in results)} = {name}({arguments})"


class OverRows(NumbaSource):
    """Source of ``over_rows(start, stop, length, *inputs, *outputs)``, which computes rows."""

    sizes = ("length",)

    def frame(self):
        self.names["BLOCK"] = uint64(BLOCK)
        for v, name in self.scratch.items():
            yield f"{name} = np.empty(length, {self.dtype(v)})"
        yield "for row in range(uint64(start), uint64(stop)):"
        yield "    begin = row * length"
        yield from indented([*self.body, *self.row_stores("row")])

    def loop(self, inner, sums, maxima):
        for x, _ in sums:
            yield f"total_{x} = 0.0"
        for x, dtype in maxima:
            yield f"{x} = {dtype}(lowest)"
        yield "for block in range(ZERO, length, BLOCK):"
        for x, dtype in sums:
            yield f"    {x} = {dtype}(0)"
        yield "    for j in range(block, min(block + BLOCK, length)):"
        yield from indented(indented(inner))
        for x, _ in sums:
            yield f"    total_{x} += {x}"
        for x, dtype in sums:
            yield f"{x} = settled({dtype}(total_{x}))"
        for x, _ in maxima:
            yield f"{x} = settled({x})"


def indented(lines):
    return [f"    {line}" for line in lines]
