"""Sums and maxima over neighboring axes, with the element-wise expressions before and after them, row by row.

PyTensor makes one pass over memory for each reduction and for each expression between them. Here what is connected
becomes one `RowLoop`, which reads a row once and finds it in the cache from one pass to the next.
"""

from collections import defaultdict

import numpy as np
from pytensor.compile.mode import optdb
from pytensor.configdefaults import config
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import GraphRewriter, copy_stack_trace
from pytensor.scalar.basic import TrueDiv
from pytensor.tensor.basic import constant, switch
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import Sum, exp, log
from pytensor.tensor.special import LogSoftmax, Softmax

from objectives.ops.elementwise import FLOATS, HAS_CODE, MOST_ARRAYS
from objectives.ops.marking import holds_loss
from objectives.ops.rows import RowLoop, Rows, is_number
from objectives.rewriting.class_axes import keep_axes
from objectives.rewriting.loops import is_sum

MOST_NODES = 256  # of the graph in a loop, whose compilation takes longer the more it has


class FormRowLoops(GraphRewriter):
    """Put a `RowLoop` in the place of reductions over rows and of the element-wise nodes around them."""

    def __init__(self, backend="numba"):
        self.backend = backend

    def apply(self, fgraph):
        if not holds_loss(fgraph) or (self.backend == "cxx_only" and not config.cxx):
            return
        has_code = HAS_CODE.get(self.backend, lambda node: True)
        spell_out_softmax(fgraph)
        keep_axes(fgraph)
        done: set = set()
        while (found := next_rows(fgraph, done)) is not None:
            rows, same = found
            done |= {(rows, variable) for variable in same}
            # groups of one partition: none needs its own results through others
            for nodes in groups(fgraph, rows, same, has_code):
                replace(fgraph, rows, nodes, self.backend)


def spell_out_softmax(fgraph):
    """Softmax over the last axis as exponentials, their sum and the maximum, which its gradient and others share."""
    known: dict = {}
    for node in fgraph.toposort():
        if isinstance(node.op, Softmax | LogSoftmax) and is_over_rows(node.op.axis, node.inputs[0]):
            (x,) = node.inputs
            if x not in known:
                shifted = x - x.max(axis=-1, keepdims=True)
                exponentials = exp(shifted)
                known[x] = shifted, exponentials, exponentials.sum(axis=-1, keepdims=True)
            shifted, exponentials, total = known[x]
            new = exponentials / total if isinstance(node.op, Softmax) else shifted - log(total)
            copy_stack_trace(node.outputs, new)
            fgraph.replace_all_validate([(node.outputs[0], new)], reason="spell_out_softmax")


def is_over_rows(axis, x):
    is_last = axis is not None and [a % x.ndim for a in axis] == [x.ndim - 1]
    return is_last and x.dtype in FLOATS and Rows(x.ndim, 1).kind(x) == "full"


def next_rows(fgraph, done):
    """Rows that are reduced, and all variables that have the same shape as what is reduced, as far as is known."""
    order = fgraph.toposort()
    for node in order:
        rows = Rows.of(node)
        if rows is not None and (rows, node.inputs[0]) not in done:
            return rows, of_same_shape(order, rows, node.inputs[0])
    return None


def of_same_shape(order, rows, variable):
    """The full variables that element-wise nodes compute from each other."""
    around = defaultdict(set)
    for node in order:
        if is_elementwise(node):
            full = [v for v in (*node.inputs, *node.outputs) if rows.kind(v) == "full"]
            for v in full:
                around[v].update(full)
    same, todo = {variable}, [variable]
    while todo:
        new = around[todo.pop()] - same
        same |= new
        todo.extend(new)
    return same


def is_elementwise(node):
    return (
        isinstance(node.op, Elemwise)
        and len(node.outputs) == 1
        and not node.op.inplace_pattern
        and all(v.dtype == "bool" or v.dtype.startswith(("float32", "float64", "int", "uint")) for v in node.inputs)
    )


def may_take(node, rows, same, before, has_code):
    """Whether a loop may compute a node, ``before`` being the inputs of it that the loop would compute, too."""
    if rows.reduces(node):
        return node.inputs[0] in same
    if rows.reshapes(node):
        return bool(before)
    if not is_elementwise(node) or None in map(rows.kind, node.inputs) or not has_code(node):
        return False
    kind = rows.kind(node.outputs[0])
    return node.outputs[0] in same if kind == "full" else kind == "row" and bool(before)


def groups(fgraph, rows, same, has_code):
    """The lists of nodes that become one loop each.

    Each node has a stage: how often a way to it goes through nodes that no loop takes, at most. No way leads out of a
    loop and back to it, since it would have got to a later stage.
    """
    stage: dict = {}
    loop_of: dict = {}  # the loop that computes a variable, a list of nodes
    for node in fgraph.toposort():
        latest = max((stage[v] for v in node.inputs if v in stage), default=0)
        before = [v for v in node.inputs if v in loop_of and stage[v] == latest]
        if may_take(node, rows, same, before, has_code):
            loop = [node]
            loop_of[node.outputs[0]] = loop
            for v in before:
                join(loop_of, loop, loop_of[v])
        elif before:
            latest += 1
        stage.update(dict.fromkeys(node.outputs, latest))
    loops = {id(loop): loop for loop in loop_of.values()}
    by_stage = defaultdict(list)
    for loop in loops.values():
        by_stage[stage[loop[0].outputs[0]]].append(loop)
    return [loop for same_stage in by_stage.values() for loop in merged(rows, same_stage)]


def join(loop_of, loop, other):
    """Add the nodes of another loop to a loop."""
    if loop is not other:
        loop.extend(other)
        loop_of.update((node.outputs[0], loop) for node in other)


def merged(rows, loops):
    """Loops that reduce, each with those that read the same elements, as long as it doesn't get too large."""
    found: list = []
    for loop in sorted(loops, key=lambda loop: not any(map(rows.reduces, loop))):
        elements = {v for node in loop for v in node.inputs if rows.kind(v) == "full"}
        for nodes, read in found:
            if not read.isdisjoint(elements) and len(nodes) + len(loop) <= MOST_NODES:
                nodes.extend(loop)
                read.update(elements)
                break
        else:
            if any(map(rows.reduces, loop)) and 1 < len(loop) <= MOST_NODES:
                found.append((loop, elements))
    return [nodes for nodes, _ in found]


def replace(fgraph, rows, nodes, backend):
    """Put a loop in the place of nodes."""
    nodes = set(nodes)
    order = [node for node in fgraph.toposort() if node in nodes]
    computed = {node.outputs[0] for node in order}
    read = [v for node in order for v in node.inputs if v not in computed and not is_number(v)]
    inputs = list(dict.fromkeys(read))
    if not any(rows.kind(v) == "full" for v in inputs):
        return
    inner = {v: v.type() for v in inputs}
    factors: dict = {}
    for node in order:
        arguments = [inner.get(v, v) for v in node.inputs]
        if backend == "cxx_only" and divides_rows(node, rows):
            x, divisor = arguments
            new = product(x, divisor, factors)
        else:
            (new,) = node.clone_with_new_inputs(arguments).outputs
        inner[node.outputs[0]] = new
    outputs, replacements = [], []  # inner variables, and pairs of an old variable and a function of the new one
    for node in order:
        (variable,) = node.outputs
        others = [client for client, _ in fgraph.clients[variable] if client not in nodes]
        totals = [client for client in others if is_total(client, rows)]
        if len(others) > len(totals):
            outputs.append(inner[variable])
            replacements.append((variable, lambda x: x))
        for total in totals:
            outputs.append(Sum(axis=rows.axes, acc_dtype=total.op.acc_dtype)(inner[variable]))
            replacements.append((total.outputs[0], Sum(acc_dtype=total.op.acc_dtype)))
    if len(inputs) + len(outputs) > MOST_ARRAYS:
        return
    results = RowLoop(rows, FunctionGraph(list(inner.values())[: len(inputs)], outputs, clone=False)).make_node(*inputs)
    pairs = [(old, make(new)) for (old, make), new in zip(replacements, results.outputs, strict=True)]
    pairs = [(old, old.type.filter_variable(new, allow_convert=True)) for old, new in pairs]
    for old, new in pairs:
        copy_stack_trace(old, new)
    fgraph.replace_all_validate(pairs, reason="form_row_loops")


def divides_rows(node, rows):
    """Whether a node divides the elements of each row by a number that the loop computes for the row."""
    if not isinstance(node.op, Elemwise) or not isinstance(node.op.scalar_op, TrueDiv):
        return False
    kinds = [rows.kind(v) for v in (node.inputs[1], *node.outputs)]
    return kinds == ["row", "full"] and len({v.dtype for v in (*node.inputs, *node.outputs)}) == 1


def product(x, divisor, factors):
    """A quotient as a product: a division takes about ten times as long. For Numba LLVM does so, but without a unit.

    The reciprocal of a divisor near the limits of its dtype is taken in a unit in which it is a normal number.
    """
    if divisor not in factors:
        tiny, size = np.finfo(divisor.dtype).tiny, abs(divisor)
        numbers = (tiny, 1 / tiny, 2.0**-64, 1.0, 2.0**64)
        least, most, shrink, one, enlarge = (constant(np.full((1,) * size.ndim, n, size.dtype)) for n in numbers)
        unit = switch(size < least, enlarge, switch(size > most, shrink, one))
        factors[divisor] = one / (divisor * unit), unit
    reciprocal, unit = factors[divisor]
    return x * reciprocal * unit


def is_total(client, rows):
    """Whether a node sums all entries of a full variable."""
    return is_sum(client) and rows.kind(client.inputs[0]) == "full"


# When all has been simplified, and before loops are formed of the remaining sums (48.9).
optdb.register("form_row_loops", FormRowLoops(), "numba", "simd", position=48.85)
optdb.register("form_row_loops_on_c", FormRowLoops("cxx_only"), "fast_run", "cxx_only", "simd", position=48.85)
