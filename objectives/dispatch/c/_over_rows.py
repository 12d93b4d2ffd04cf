"""The source of C++ functions for rows, with one loop for each pass."""

import numpy as np

from objectives.dispatch.c.elementwise import ctype, statements
from objectives.dispatch.passes import RowSource
from objectives.ops.rows import composite


class CSource(RowSource):
    """Lines of C++, and the bytes that are kept for each element of a row."""

    end = ";"
    single = "[0]"

    def __init__(self, op, *options):
        super().__init__(op, *options)
        inputs, outputs = op.inner.inputs, op.inner.outputs
        names = [*(f"i{k}" for k in range(len(inputs))), *(f"o{k}" for k in range(len(outputs)))]
        self.bytes = sum(np.dtype(v.dtype).itemsize for v in self.scratch)
        self.lines = [
            f"{ctype(v)}* const {name} = ({ctype(v)}*)data[{k}];"
            for k, (name, v) in enumerate(zip(names, [*inputs, *outputs], strict=True))
        ]
        self.lines += self.frame()

    def frame(self):
        """The lines of the function around those that compute a row."""
        raise NotImplementedError

    def in_scratch(self):
        # the widest first, which leaves all of them aligned
        return sorted(super().in_scratch(), key=lambda v: -np.dtype(v.dtype).itemsize)

    def pointers(self, length):
        """The lines that share out the scratch memory."""
        taken = 0
        for v, name in self.scratch.items():
            yield f"{ctype(v)}* const {name} = ({ctype(v)}*)(scratch + {taken} * {length});"
            taken += np.dtype(v.dtype).itemsize

    def dtype(self, variable):
        return ctype(variable)

    def call(self, nodes, results, name):
        if results:
            scalar_op, read = composite(nodes, results)
            graph, names = scalar_op.fgraph, {}
            for scalar, variable in zip(graph.inputs, read, strict=True):
                names[scalar] = f"a{next(self.numbers)}"
                yield f"const auto {names[scalar]} = {self.values[variable]};"
            for node in graph.toposort():
                yield from statements(node, names, next(self.numbers))
            self.values.update((v, names[output]) for v, output in zip(results, graph.outputs, strict=True))

    def conditions(self, variables):
        """The lines that read bools that stay the same in a loop."""
        for v in variables:
            if v.dtype == "bool":
                name = f"c{next(self.numbers)}"
                yield f"const int {name} = objectives::row_condition({self.values[v]});"
                self.values[v] = name

    def inputs_of(self, *kinds):
        return [v for v in self.op.inner.inputs if self.op.rows.kind(v) in kinds]


class OverRows(CSource):
    """The body of ``over_rows(start, stop, sizes, data, scratch)``, which computes rows."""

    def frame(self):
        return [
            "const npy_intp length = sizes.length;",
            *self.pointers("length"),
            "for (npy_intp row = start; row < stop; row++) {",
            "const npy_intp begin = row * length;",
            *self.body,
            *self.row_stores("row"),
            "}",
        ]

    def step(self, step, number):
        if number == 0:
            yield from self.conditions(self.inputs_of("row", "single"))
        yield from super().step(step, number)

    def row_call(self, nodes, name):
        yield from super().row_call(nodes, name)
        yield from self.conditions([node.outputs[0] for node in nodes])

    def greater(self, name, reduced, x):
        return f"{name} = {x} > {name} ? {x} : {name}; unknown_{name} |= {x} != {x};"

    def loop(self, inner, sums, maxima):
        yield from (f"double total_{x} = 0; {dtype} {x};" for x, dtype in sums)
        yield from (f"{dtype} {x} = -INFINITY; int unknown_{x} = 0;" for x, dtype in maxima)
        yield "for (npy_intp block = 0; block < length; block += objectives::row_block) {"
        yield "const npy_intp end = std::min(block + objectives::row_block, length);"
        yield from (f"{x} = 0;" for x, _ in sums)
        reduced = [f"reduction(+ : {x})" for x, _ in sums]
        reduced += [f"reduction(max : {x}) reduction(| : unknown_{x})" for x, _ in maxima]
        yield f"#pragma omp simd {' '.join(reduced)}"
        yield "for (npy_intp j = block; j < end; j++) {"
        yield from inner
        yield "}"
        yield from (f"total_{x} += {x};" for x, _ in sums)
        yield "}"
        yield from (f"{x} = total_{x};" for x, _ in sums)
        yield from (f"if (unknown_{x}) {x} = NAN;" for x, _ in maxima)
