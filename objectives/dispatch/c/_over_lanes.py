"""The source of C++ functions for lanes."""

from objectives.dispatch.c._over_rows import CSource
from objectives.dispatch.passes import STEPS, LaneSource


class OverLanes(LaneSource, CSource):
    """The body of ``over_rows(start, stop, sizes, data, scratch)``, which computes tiles."""

    def frame(self):
        yield "const npy_intp length = sizes.length, lanes = sizes.lanes, most = sizes.most, copies = sizes.copies;"
        yield "const npy_intp steps = (length + copies - 1) / copies, tiles = (lanes + most - 1) / most;"
        yield from self.pointers("steps * most * copies")
        yield from (f"alignas(64) {dtype} {name}[objectives::tile_width];" for name, dtype in self.tiles.items())
        yield "for (npy_intp unit = start; unit < stop; unit++) {"
        yield "const npy_intp outer = unit / tiles, first = unit % tiles * most, own = std::min(most, lanes - first);"
        yield "const npy_intp width = own * copies, row = outer * lanes + first;"
        yield "const npy_intp begin = outer * length * lanes + first;"
        yield from self.calls(self.of_unit)
        yield from self.body
        yield from self.over("own", list(self.row_stores("row + k")))
        yield "}"

    def step(self, step, number):
        if number == 0:
            yield from self.conditions(self.inputs_of("outer", "single"))
        yield from super().step(step, number)

    def greater(self, name, reduced, x):
        return f"{reduced} = objectives::greater({reduced}, {x});"

    def loop(self, inner, sums, maxima):
        totals = [(x, f"total_{x}", dtype) for x, dtype in sums]
        self.tiles |= {total: "double" for _, total, _ in totals}
        lowest = [f"{x}[k] = -INFINITY;" for x, _ in maxima]
        yield from self.over("width", [f"{total}[k] = 0;" for _, total, _ in totals] + lowest)
        yield f"for (npy_intp block = 0; block < steps; block += {STEPS}) {{"
        yield from self.over("width", [f"{x}[k] = 0;" for x, _ in sums])
        yield f"for (npy_intp step = block; step < std::min<npy_intp>(block + {STEPS}, steps); step++) {{"
        yield "const npy_intp base = begin + step * lanes * copies, place = step * width;"
        yield "const npy_intp number = std::min(copies, length - step * copies);"
        yield from self.calls(self.fills(inner))
        yield from self.over("own * number", inner)
        yield "}"
        yield from self.over("width", [f"{total}[k] += {x}[k];" for x, total, _ in totals])
        yield "}"
        yield from self.calls(f"add_copies({total}, own, copies)" for _, total, _ in totals)
        yield from self.calls(f"compare_copies({x}, own, copies)" for x, _ in maxima)
        yield from self.over("width", [f"{x}[k] = {total}[k];" for x, total, _ in totals])

    def calls(self, calls):
        return [f"objectives::{call};" for call in calls]

    def over(self, width, lines):
        if not lines:
            return []
        return ["#pragma omp simd", f"for (npy_intp k = 0; k < {width}; k++) {{", *lines, "}"]
