"""The source of kernels for lanes, and the functions of tiles that it calls."""

from numba import uint64
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array
from pytensor.link.numba.dispatch.basic import numba_njit

from objectives.dispatch.numba._over_rows import NumbaSource, indented
from objectives.dispatch.numba._rows import inlined
from objectives.dispatch.numba._simd import maximum
from objectives.dispatch.passes import CACHED, FEWEST, STEPS, WIDTH, LaneSource


class OverLanes(LaneSource, NumbaSource):
    """Source of ``over_rows(start, stop, length, lanes, most, copies, *inputs, *outputs)``, which computes tiles."""

    sizes = ("length", "lanes", "most", "copies")

    def frame(self):
        self.names |= {"WIDTH": uint64(WIDTH), "STEPS": uint64(STEPS), "ONE": uint64(1), "tile": tile}
        self.names |= {function.__name__: function for function in (fill, spread, add_copies, compare_copies)}
        yield "steps, tiles = (length + copies - ONE) // copies, (lanes + most - ONE) // most"
        for name, dtype in self.tiles.items():
            yield f"{name} = tile({dtype})"
        for v, name in self.scratch.items():
            yield f"{name} = np.empty(steps * most * copies, {self.dtype(v)})"
        yield "for unit in range(uint64(start), uint64(stop)):"
        yield "    outer, first = unit // tiles, unit % tiles * most"
        yield "    own = min(most, lanes - first)"
        yield "    width, row = own * copies, outer * lanes + first"
        yield "    begin = outer * length * lanes + first"
        yield from indented([*self.of_unit, *self.body, *self.over("own", list(self.row_stores("row + k")))])

    def loop(self, inner, sums, maxima):
        totals = [(x, f"total_{x}", dtype) for x, dtype in sums]
        self.tiles |= {total: "np.float64" for _, total, _ in totals}
        lowest = [f"{x}[k] = {dtype}(lowest)" for x, dtype in maxima]
        yield from self.over("width", [f"{total}[k] = 0.0" for _, total, _ in totals] + lowest)
        yield "for block in range(ZERO, steps, STEPS):"
        yield from indented(self.over("width", [f"{x}[k] = {dtype}(0)" for x, _, dtype in totals]))
        yield "    for step in range(block, min(block + STEPS, steps)):"
        yield "        base, place = begin + step * lanes * copies, step * width"
        yield "        number = min(copies, length - step * copies)"
        yield from indented(indented([*self.fills(inner), *self.over("own * number", inner)]))
        yield from indented(self.over("width", [f"{total}[k] += {x}[k]" for x, total, _ in totals]))
        yield from (f"add_copies({total}, own, copies)" for _, total, _ in totals)
        yield from (f"compare_copies({x}, own, copies)" for x, _ in maxima)
        yield from self.over("width", [f"{x}[k] = {dtype}({total}[k])" for x, total, dtype in totals])

    def over(self, width, lines):
        return [f"for k in range({width}):", *indented(lines)] if lines else []


@numba_njit
def tiling(length, lanes):
    """How many lanes a tile has at most, and how many copies of each."""
    copies = max(min(WIDTH // max(lanes, 1), length), 1)
    most = min(WIDTH, max(CACHED // max(length, 1), FEWEST))
    return max(lanes if copies > 1 else min(lanes, most), 1), copies


@intrinsic
def tile(typingctx, dtype):
    """An array of `WIDTH` numbers on the stack, which LLVM knows to overlap with no other."""

    def codegen(context, builder, signature, arguments):
        number, index = context.get_data_type(dtype.dtype), context.get_value_type(types.intp)
        array = make_array(array_type)(context, builder)
        size = context.get_abi_sizeof(number)
        populate_array(
            array,
            data=cgutils.alloca_once(builder, number, size=WIDTH),
            shape=[index(WIDTH)],
            strides=[index(size)],
            itemsize=index(size),
            meminfo=None,
        )
        return array._getvalue()

    array_type = types.Array(dtype.dtype, 1, "C")
    return array_type(dtype), codegen


@inlined
def fill(tile, array, row, own, copies):
    """Each copy of a lane gets the entry of its row."""
    for copy in range(copies):
        for k in range(own):
            tile[copy * own + k] = array[row + k]


@inlined
def spread(tile, array, place, own, number):
    """Each copy of the lanes gets the entry of its element."""
    for copy in range(number):
        entry = array[place + copy]
        for k in range(own):
            tile[copy * own + k] = entry


@inlined
def add_copies(tile, own, copies):
    """Each copy of a lane gets the sum of all."""
    for copy in range(uint64(1), copies):
        for k in range(own):
            tile[k] += tile[copy * own + k]
    repeat(tile, own, copies)


@inlined
def compare_copies(tile, own, copies):
    """Each copy of a lane gets the maximum of all."""
    for copy in range(uint64(1), copies):
        for k in range(own):
            tile[k] = maximum(tile[k], tile[copy * own + k])
    repeat(tile, own, copies)


@inlined
def repeat(tile, own, copies):
    for copy in range(uint64(1), copies):
        for k in range(own):
            tile[copy * own + k] = tile[k]
