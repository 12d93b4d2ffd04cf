"""Sums over element-wise expressions, together with the gradients that share their inputs, in as few loops as possible.

PyTensor fuses element-wise Ops greedily: the sum of a mask and the losses end in one loop, on which the gradient,
which divides by that sum, then depends, so that half of what it needs is written to memory and read again. Here loops
are formed from their results: those that share most are computed together, unless one needs the other.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import combinations

from pytensor.compile.mode import optdb
from pytensor.configdefaults import config
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.rewriting.basic import GraphRewriter, copy_stack_trace
from pytensor.graph.traversal import ancestors
from pytensor.scalar.basic import ScalarConstant, get_scalar_type
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import Sum

from objectives.ops.elementwise import FLOATS, HAS_CODE, MOST_ARRAYS, ElementwiseLoop, VectorComposite
from objectives.ops.marking import holds_loss

MOST_NODES = 128  # of a loop, whose compilation takes longer the more it has
FEW_NODES = 4  # that are computed once more rather than stored


@dataclass
class Loop:
    """What is computed together: variables to sum and variables to store, and the loops that must come before."""

    summed: set[Variable]
    stored: set[Variable]
    nodes: set  # the Elemwise nodes it takes
    leaves: set[Variable]  # what these read
    needs: set[Variable]  # results of loops, without which it cannot start

    @property
    def results(self):
        return self.summed | self.stored

    def __or__(self, other):
        return Loop(**{name: mine | getattr(other, name) for name, mine in vars(self).items()})


def is_full(variable) -> bool:
    """Whether a variable has more than one element in every dimension, as far as is known."""
    return variable.type.ndim > 0 and not any(variable.type.broadcastable)


def is_single(variable) -> bool:
    return all(variable.type.broadcastable)


def is_elementwise(variable) -> bool:
    """Whether a variable can be computed in a loop over full variables and single numbers."""
    node = variable.owner
    return (
        node is not None
        and isinstance(node.op, Elemwise)
        and len(node.outputs) == 1
        and is_full(variable)
        and not node.op.inplace_pattern
        and all(is_full(v) or is_single(v) for v in node.inputs)
        and all(v.dtype == "bool" or v.dtype.startswith(("float32", "float64", "int", "uint")) for v in node.inputs)
    )


def is_sum(node) -> bool:
    """Whether a node sums all entries of a float variable."""
    return (
        node != "output"
        and type(node.op) is Sum
        and node.inputs[0].dtype in FLOATS
        and node.outputs[0].dtype == node.inputs[0].dtype
        and node.outputs[0].ndim == 0
    )


class FormLoops(GraphRewriter):
    """Put an `ElementwiseLoop` in the place of sums of element-wise expressions."""

    def __init__(self, backend="numba"):
        self.backend = backend

    def apply(self, fgraph):
        if not holds_loss(fgraph) or (self.backend == "cxx_only" and not config.cxx):
            return
        has_code = HAS_CODE.get(self.backend, lambda node: True)
        # A loop that needs another needs all that the other does: the others come first.
        loops = sorted(merged(list(initial_loops(fgraph))), key=lambda loop: len(loop.needs))
        for position, loop in enumerate(loops):
            if loop.summed and all(map(has_code, loop.nodes)):
                keep_for_later(fgraph, loop, loops[position + 1 :])
                if len(loop.leaves | loop.results) <= MOST_ARRAYS:
                    replace(fgraph, loop)


def initial_loops(fgraph):
    """One loop for each element-wise variable that anything but an element-wise expression uses."""
    order = fgraph.toposort()
    needs: dict[Variable, set[Variable]] = {}
    soft: dict[Variable, set[Variable]] = {}
    for node in order:
        elementwise = is_elementwise(node.outputs[0])
        before = set().union(*(needs.get(v, ()) for v in node.inputs))
        reached = set().union(*(soft.get(v, ()) for v in node.inputs))
        if not elementwise:
            before, reached = before | reached, set()
        for variable in node.outputs:
            needs[variable] = before
            soft[variable] = reached
        if elementwise:
            (variable,) = node.outputs
            summed, stored = uses(fgraph, variable)
            if summed or stored:
                soft[variable] = reached | {variable}
                nodes, leaves = cone(variable)
                yield Loop({variable} if summed else set(), {variable} if stored else set(), nodes, leaves, before)


def uses(fgraph, variable):
    """Whether a variable is summed, and whether it must be stored for something else."""
    summed = stored = False
    for client, _ in fgraph.clients[variable]:
        if is_sum(client):
            summed = True
        elif not (client.outputs and is_elementwise(client.outputs[0])):
            stored = True
    return summed, stored


def cone(variable):
    """The element-wise nodes that compute a variable, and the variables that these read."""
    nodes, leaves, todo = set(), set(), [variable]
    while todo:
        v = todo.pop()
        if is_elementwise(v):
            if v.owner not in nodes:
                nodes.add(v.owner)
                todo.extend(v.owner.inputs)
        else:
            leaves.add(v)
    return nodes, leaves


def merged(loops):
    """Merge loops into those that sum, the pairs that share most first, as long as none must come before the other."""
    loops = dict(enumerate(loops))
    queue = [(*unshared(a, b), i, j) for (i, a), (j, b) in combinations(loops.items(), 2) if may_merge(a, b)]
    heapify(queue)
    while queue:
        *_, i, j = heappop(queue)
        if i in loops and j in loops and not comes_before(loops[i], loops[j]) and not comes_before(loops[j], loops[i]):
            new, loop = max(loops) + 1, loops.pop(i) | loops.pop(j)
            for k, other in loops.items():
                if comes_before(loop, other):
                    other.needs |= loop.needs | loop.results
                if may_merge(loop, other):
                    heappush(queue, (*unshared(loop, other), k, new))
            loops[new] = loop
    return list(loops.values())


def may_merge(a, b):
    shares_elements = any(is_full(leaf) for leaf in a.leaves & b.leaves)
    is_small = len(a.nodes | b.nodes) <= MOST_NODES and len((a | b).leaves | (a | b).results) <= MOST_ARRAYS
    return shares_elements and (a.summed or b.summed) and is_small


def unshared(a, b):
    """The sort key of two loops: the pair with the smallest one is merged first."""
    return -len(a.nodes & b.nodes), -len(a.leaves & b.leaves)


def comes_before(first, second):
    """Whether one loop must come before another, directly or through others."""
    return not second.needs.isdisjoint(first.results)


def keep_for_later(fgraph, loop, later):
    """Store what a later loop would have to compute once more, if it is worth the memory.

    What the loop itself waits for is left alone: something that is in no loop may compute that from the same variable.
    """
    awaited = set(ancestors(set().union(*(cone(variable)[1] for variable in loop.results))))
    for other in later:
        if comes_before(loop, other):
            for node in loop.nodes & other.nodes:
                (variable,) = node.outputs
                clients = {client for client, _ in fgraph.clients[variable]}
                is_used = clients & (other.nodes - loop.nodes) and len(cone(variable)[0]) > FEW_NODES
                if is_used and variable not in awaited:
                    loop.stored.add(variable)


def replace(fgraph, loop):
    """Put the loop in the place of the sums and the stored variables."""
    cones = [cone(variable) for variable in loop.results]  # what earlier loops stored is not computed again
    nodes, leaves = (set().union(*parts) for parts in zip(*cones, strict=True))
    order = [node for node in fgraph.toposort() if node in nodes]
    inputs = [leaf for node in order for leaf in node.inputs if leaf in leaves and not is_number(leaf)]
    inputs = list(dict.fromkeys(inputs))
    summed = [v for node in order for v in node.outputs if v in loop.summed]
    stored = [v for node in order for v in node.outputs if v in loop.stored]
    op = ElementwiseLoop(scalar_op(order, inputs, [*summed, *stored]), [True] * len(summed) + [False] * len(stored))
    results = op.make_node(*inputs).outputs
    replacements = list(zip(stored, results[len(summed) :], strict=True))
    for variable, result in zip(summed, results, strict=False):
        sums = [client.outputs[0] for client, _ in fgraph.clients[variable] if is_sum(client)]
        replacements.extend((total, result) for total in sums)
    for old, new in replacements:
        copy_stack_trace(old, new)
    replacements = [(old, old.type.filter_variable(new, allow_convert=True)) for old, new in replacements]
    fgraph.replace_all_validate(replacements, reason="form_loops")


def is_number(variable) -> bool:
    return isinstance(variable, Constant) and is_single(variable)


def scalar_op(order, inputs, outputs):
    """The element-wise expression as a function of single numbers."""
    scalars = {v: get_scalar_type(v.dtype)() for v in inputs}

    def scalar(variable):
        if variable not in scalars:  # a number
            value = variable.data.ravel()[0]
            scalars[variable] = ScalarConstant(get_scalar_type(variable.dtype), value)
        return scalars[variable]

    for node in order:
        results = node.op.scalar_op.make_node(*map(scalar, node.inputs)).outputs
        scalars.update(zip(node.outputs, results, strict=True))
    return VectorComposite([scalars[v] for v in inputs], [scalars[v] for v in outputs])


# Before PyTensor fuses Elemwise (49), when all has been simplified.
optdb.register("form_loops", FormLoops(), "numba", "simd", position=48.9)
optdb.register("form_loops_on_c", FormLoops("cxx_only"), "fast_run", "cxx_only", "simd", position=48.9)
