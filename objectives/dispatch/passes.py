"""The source of a function that computes rows in passes, apart from what Numba and C write differently."""

from itertools import count

from pytensor.tensor.math import Sum

from objectives.ops.rows import RowLoop, origin, passes

WIDTH = 256  # numbers in a tile
FEWEST = 64  # lanes in one, so that whole cache lines are read of each element
CACHED = 1 << 15  # elements of a tile's lanes, if there may be so few: the next pass finds them in the cache
STEPS = 64  # elements that are summed in their own precision


class RowSource:
    """The lines of a `RowLoop` in a language, which a subclass gives its statements and loops.

    Elements of a row are at ``begin + j``, where ``j`` counts them.
    """

    end = ""  # of a statement
    full, kept = "begin + j", "j"  # where an element is in an array, and in what is kept of its row

    def __init__(self, op: RowLoop):
        self.op = op
        self.numbers = count()
        self.steps = passes(op)
        self.values = {variable: self.input(k, variable) for k, variable in enumerate(op.inner.inputs)}
        self.scratch = {v: f"kept{k}" for k, v in enumerate(self.in_scratch())}
        self.body = [line for number, step in enumerate(self.steps) for line in self.step(step, number)]

    def in_scratch(self):
        """The variables that one pass keeps for another."""
        return [variable for step in self.steps for variable in step.kept]

    def input(self, k, variable):
        """What an element of a row reads of an input."""
        indices = {"full": "[begin + j]", "row": "[row]", "column": "[j]", "single": self.single}
        return f"i{k}{indices[self.op.rows.kind(variable)]}"

    def of_row(self, name, variable):
        """A number that a row has one of."""
        return name

    def row_stores(self, index):
        """The lines that store the outputs that have one entry for each row."""
        for k, v in enumerate(self.op.inner.outputs):
            if self.op.rows.kind(v) == "row":
                yield f"o{k}[{index}] = {self.values[origin(v)]}{self.end}"

    def step(self, step, number):
        """The lines of one pass over a row."""
        yield from self.row_call(step.row_nodes, f"row_core{number}")
        roots = [node.inputs[0] for node in step.reductions]
        wanted = dict.fromkeys(v for v in (*roots, *step.kept, *step.stored) if v not in self.values)
        inner = list(self.call(step.nodes, list(wanted), f"core{number}"))
        sums, maxima = [], []
        for node in step.reductions:
            (x,), (result,) = node.inputs, node.outputs
            name = f"x{next(self.numbers)}"
            reduced = self.values[result] = self.of_row(name, result)
            if isinstance(node.op, Sum):
                sums.append((name, self.dtype(result)))
                inner.append(f"{reduced} += {self.values[x]}{self.end}")
            else:
                maxima.append((name, self.dtype(result)))
                inner.append(self.greater(name, reduced, self.values[x]))
        outputs = enumerate(self.op.inner.outputs)
        inner += [f"o{k}[{self.full}] = {self.values[v]}{self.end}" for k, v in outputs if v in step.stored]
        for v in step.kept:
            kept = f"{self.scratch[v]}[{self.kept}]"
            inner.append(f"{kept} = {self.values[v]}{self.end}")
            self.values[v] = kept
        if inner:
            yield from self.loop(inner, sums, maxima)

    def row_call(self, nodes, name):
        """The lines that compute what a row has one of."""
        return self.call(nodes, [node.outputs[0] for node in nodes], name)

    # What a language says in its own way

    single = ""

    def dtype(self, variable):
        """The name of a variable's type."""
        raise NotImplementedError

    def call(self, nodes, results, name):
        """The lines that compute the results of nodes."""
        raise NotImplementedError

    def greater(self, name, reduced, x):
        """The line by which a maximum takes in an element."""
        raise NotImplementedError

    def loop(self, inner, sums, maxima):
        """The lines of a loop over the elements of a row, given those for one, and the names and types it reduces."""
        raise NotImplementedError


class LaneSource(RowSource):
    """The same of rows whose elements are as far apart as there are rows, which are lanes then.

    What a lane has one of, such as its sum, stands in a tile: numbers on the stack, one for each of some neighboring
    lanes, which advance together. Few lanes fill a tile several times, and copies of a lane take turns at its elements.
    Elements are at ``base + k``, where ``k`` counts the numbers of a tile.
    """

    full, kept = "base + k", "place + k"

    def __init__(self, op, *options):
        self.tiles: dict = {}  # types by the names of tiles
        self.of_unit: list = []  # the calls that fill tiles, once for all steps,
        self.of_step: dict = {}  # or for each step, by the names of the tiles
        super().__init__(op, *options)

    def of_row(self, name, variable):
        self.tiles[name] = self.dtype(variable)
        return f"{name}[k]"

    def input(self, k, variable):
        kind = self.op.rows.kind(variable)
        direct = {"full": "[base + k]", "column": "[base - begin + first + k]", "outer": "[outer]"}
        direct["single"] = self.single
        if kind in direct:
            return f"i{k}{direct[kind]}"
        if kind in ("row", "lane"):
            self.of_unit.append(f"fill(tile{k}, i{k}, {'row' if kind == 'row' else 'first'}, own, copies)")
        else:
            place = "outer * length + step * copies" if kind == "item" else "step * copies"
            self.of_step[f"tile{k}"] = f"spread(tile{k}, i{k}, {place}, own, number)"
        return self.of_row(f"tile{k}", variable)

    def fills(self, inner):
        """The calls that fill the tiles that a step of a pass reads."""
        return [call for name, call in self.of_step.items() if any(f"{name}[" in line for line in inner)]

    def row_call(self, nodes, name):
        lines = list(super().row_call(nodes, name))
        for node in nodes:
            (variable,) = node.outputs
            value = self.values[variable]
            self.values[variable] = self.of_row(f"tile_{value}", variable)
            lines.append(f"{self.values[variable]} = {value}{self.end}")
        return self.over("width", lines)

    def over(self, width, lines):
        """A loop over a tile."""
        raise NotImplementedError
