"""Element-wise expressions with sums and maxima over neighboring axes, row by row. Only rewrites make them."""

from dataclasses import dataclass, field

from pytensor.graph.basic import Apply, Constant
from pytensor.graph.op import Op
from pytensor.scalar import basic as scalar
from pytensor.scalar.basic import ScalarConstant, get_scalar_type
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Max, Sum

from objectives.ops.elementwise import VectorComposite
from objectives.ops.shapes import own_shapes

CHEAP = (
    *(scalar.Add, scalar.Sub, scalar.Mul, scalar.Neg, scalar.Abs, scalar.Sqr, scalar.Switch, scalar.Cast, scalar.Sign),
    *(scalar.LogicalComparison, scalar.BinaryBitOp, scalar.Invert, scalar.IsNan, scalar.IsInf),
)
FEW_NODES = 4  # cheap ones, that are computed once more rather than kept
MISMATCH = (
    "shape mismatch in an expression over rows: predictions, targets, masks and weights must have shapes that fit; a "
    "length of 1 is broadcast only if it is known when the graph is built (pt.specify_broadcastable)"
)


# What a variable may have one entry for, and whether it has entries along the axes before a row, in it and behind it.
KINDS = {
    "full": (True, True, True),  # each element of each row
    "row": (True, False, True),
    "column": (False, True, True),  # each element of a row, in each lane
    "item": (True, True, False),  # each element of rows that lie side by side
    "place": (False, True, False),  # each element of a row
    "lane": (False, False, True),
    "outer": (True, False, False),  # all rows that lie side by side
    "single": (False, False, False),
}


@dataclass(frozen=True)
class Rows:
    """Arrays with this number of dimensions, of which neighboring axes are a row.

    Lanes are what the axes behind them count: the elements of a row are as far apart as there are lanes.
    """

    ndim: int
    num_axes: int
    num_lane_axes: int = 0

    @classmethod
    def of(cls, node):
        """The rows that a node reduces; None unless their axes are neighbors."""
        axes = sorted(getattr(node.op, "axis", None) or ())
        if not axes or axes != list(range(axes[0], axes[-1] + 1)):
            return None
        ndim = node.inputs[0].ndim
        rows = cls(ndim, len(axes), ndim - 1 - axes[-1])
        return rows if rows.reduces(node) else None

    @property
    def outer(self):
        """How many axes there are before those of a row."""
        return self.ndim - self.num_axes - self.num_lane_axes

    @property
    def axes(self):
        return self.parts[1]

    @property
    def parts(self):
        """The axes before those of a row, those of a row, and those behind."""
        stop = self.outer + self.num_axes
        return tuple(range(self.outer)), tuple(range(self.outer, stop)), tuple(range(stop, self.ndim))

    def kind(self, variable):
        """What a variable has one entry for, one of `KINDS`; None if it is anything else."""
        repeated = variable.type.broadcastable
        if all(repeated):
            return "single"
        if len(repeated) == self.ndim - self.num_axes:
            repeated = (*repeated[: self.outer], *[True] * self.num_axes, *repeated[self.outer :])
        if len(repeated) != self.ndim:
            return None
        of_parts = [{repeated[axis] for axis in part} for part in self.parts]
        if any(len(values) > 1 for values in of_parts):
            return None
        has_entries = tuple(True not in values for values in of_parts)
        return next(kind for kind, has in KINDS.items() if has == has_entries)

    def axes_of(self, variable):
        """The axes along which a variable of some `kind` has entries, as they are counted in full variables."""
        has = KINDS[self.kind(variable)]
        return tuple(axis for part, has_entries in zip(self.parts, has, strict=True) for axis in part if has_entries)

    def own_axes(self, variable):
        """The same axes, as they are counted in the variable."""
        axes = self.axes_of(variable)
        if variable.type.ndim == self.ndim:
            return axes
        return tuple(axis - self.num_axes * (axis >= self.outer) for axis in axes)

    def reduces(self, node):
        """Whether a node sums each row of a float variable, or takes its maximum."""
        return (
            type(node.op) in (Sum, Max)
            and self.num_axes < self.ndim
            and self.kind(node.inputs[0]) == "full"
            and node.op.axis is not None
            and tuple(sorted(node.op.axis)) == self.axes
            and node.inputs[0].dtype in ("float32", "float64")
            and node.outputs[0].dtype == node.inputs[0].dtype
        )

    def reshapes(self, node):
        """Whether a node only adds axes of length 1 in the place of those of a row, or drops them."""
        if not isinstance(node.op, DimShuffle) or {self.kind(v) for v in (*node.inputs, *node.outputs)} != {"row"}:
            return False
        order = [axis for axis in node.op.new_order if axis != "x"]
        return order == sorted(order)


class RowLoop(Op):
    """The outputs of a graph of element-wise nodes, reductions over rows, and repetitions of their results along rows.

    Outputs are of the `Rows.kind` full or row, inputs of any.
    """

    def __init__(self, rows: Rows, inner):
        self.rows = rows
        self.inner = inner

    def make_node(self, *inputs):
        return Apply(self, list(inputs), [variable.type() for variable in self.inner.outputs])

    def perform(self, node, inputs, outputs):
        """Node by node, as PyTensor does it."""
        values = dict(zip(self.inner.inputs, inputs, strict=True))
        for inner in self.inner.toposort():
            storage = [[None] for _ in inner.outputs]
            known = [v.data if isinstance(v, Constant) else values[v] for v in inner.inputs]
            inner.op.perform(inner, known, storage)
            values.update(zip(inner.outputs, (cell[0] for cell in storage), strict=True))
        for output, variable in zip(outputs, self.inner.outputs, strict=True):
            output[0] = values[variable].copy()

    def infer_shape(self, *arguments):
        shapes = dict(zip(self.inner.inputs, own_shapes(arguments), strict=True))
        full = next(shape for variable, shape in shapes.items() if self.rows.kind(variable) == "full")
        return [self.output_shape(variable, full) for variable in self.inner.outputs]

    def output_shape(self, variable, full):
        if self.rows.kind(variable) == "full":
            return tuple(full)
        axes = self.rows.axes
        if variable.type.ndim == self.rows.ndim:
            return tuple(1 if axis in axes else length for axis, length in enumerate(full))
        return tuple(length for axis, length in enumerate(full) if axis not in axes)


@dataclass
class Pass:
    """What is computed once for a row, and then in one loop over its elements."""

    row_nodes: list = field(default_factory=list)
    nodes: list = field(default_factory=list)
    reductions: list = field(default_factory=list)
    kept: list = field(default_factory=list)  # variables that a later pass reads
    stored: list = field(default_factory=list)  # outputs


def passes(op: RowLoop) -> list[Pass]:
    """The passes of a loop: one more than there are reductions in a chain, the last of which may be empty."""
    order, rows = op.inner.toposort(), op.rows
    level: dict = {}
    for node in order:
        before = max(level.get(v, 0) for v in node.inputs)
        level[node.outputs[0]] = before + rows.reduces(node)
    found = [Pass() for _ in range(max(level.values()) + 1)]
    for node in order:
        (variable,) = node.outputs
        if rows.reduces(node):
            found[level[variable] - 1].reductions.append(node)
        elif rows.kind(variable) == "full" and variable in op.inner.outputs:
            found[level[variable]].stored.append(variable)
        elif rows.kind(variable) == "row" and isinstance(node.op, Elemwise):
            found[level[variable]].row_nodes.append(node)
    _place_elements(op, order, found)
    return found


def _place_elements(op, order, found):
    """Give each pass the nodes that it needs, except those whose results an earlier pass has kept."""
    known = set(op.inner.inputs)

    def cone(variables):
        nodes, todo = set(), list(variables)
        while todo:
            v = todo.pop()
            if v not in known and op.rows.kind(v) == "full" and v.owner not in nodes:
                nodes.add(v.owner)
                todo.extend(v.owner.inputs)
        return nodes

    roots = [[node.inputs[0] for node in step.reductions] + step.stored for step in found]
    for number, step in enumerate(found):
        nodes = cone(roots[number])
        later = [cone(variables) for variables in roots[number + 1 :]]
        step.nodes = [node for node in order if node in nodes]
        for node in step.nodes:
            (variable,) = node.outputs
            clients = {client for client, _ in op.inner.clients[variable]}
            is_read = any(node in others and clients & (others - nodes) for others in later)
            if is_read and (variable in step.stored or not is_cheap(cone([variable]))):
                step.kept.append(variable)
        known.update(step.kept)


def is_cheap(nodes):
    """Whether nodes are computed once more rather than their results kept."""
    return len(nodes) <= FEW_NODES and all(isinstance(node.op.scalar_op, CHEAP) for node in nodes)


def origin(variable):
    """What a variable repeats or reshapes."""
    while variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        (variable,) = variable.owner.inputs
    return variable


def composite(nodes, outputs):
    """The function of single numbers that nodes compute for one element, and the variables that it reads."""
    computed = {v for node in nodes for v in node.outputs}
    read = [origin(v) for node in nodes for v in node.inputs if not is_number(v)]
    inputs = [v for v in dict.fromkeys(read) if v not in computed]
    scalars = {v: get_scalar_type(v.dtype)() for v in inputs}

    def as_scalar(variable):
        if is_number(variable):
            return ScalarConstant(get_scalar_type(variable.dtype), variable.data.ravel()[0])
        return scalars[origin(variable)]

    for node in nodes:
        results = node.op.scalar_op.make_node(*map(as_scalar, node.inputs)).outputs
        scalars.update(zip(node.outputs, results, strict=True))
    return VectorComposite([scalars[v] for v in inputs], [scalars[v] for v in outputs]), inputs


def is_number(variable) -> bool:
    return isinstance(variable, Constant) and all(variable.type.broadcastable)


NO_MAXIMUM = "rows without elements have no maximum: an axis of length 0, such as that of the classes, is reduced"


def refuse_shapes(x, y):
    raise ValueError(f"{MISMATCH}, not {x.shape} and {y.shape}")
