"""The element-wise loops and sums of a graph that holds a loss, in one library.

PyTensor compiles one module for each of them, in which scalar functions are those of the C library. Here all loops of
a graph are compiled together, exp, log and their like are vector code, and threads share the work.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pytensor.compile.mode import optdb
from pytensor.configdefaults import config
from pytensor.graph.basic import Apply
from pytensor.graph.rewriting.basic import GraphRewriter, copy_stack_trace

from objectives.dispatch.c._library import LibraryOp, library, source
from objectives.ops.marking import holds_loss

HEADERS = ("simd_math.h", "row_threads.h", "elementwise.h", "summation.h", "rows.h", "sums.h")
# GCC would make branches of selects, by partial redundancy elimination and jump threading, and vectorizes no branches.
WITHOUT_BRANCHES = ("-fno-tree-pre", "-fno-thread-jumps")


@dataclass(frozen=True)
class Loop:
    """A namespace of C++ with the function `compute` of a node, and what makes the Op that calls it."""

    name: str
    code: str
    make_op: Callable


LOOPS: dict[type, Callable[[Apply], Loop | None]] = {}


def register_loop(op_type, loop):
    """Use a loop for the nodes of an Op for which there is one."""
    LOOPS[op_type] = loop


@dataclass(frozen=True)
class Loops:
    """The code of all loops of a graph, and the name of one."""

    code: str
    names: tuple[str, ...]
    name: str

    def function(self):
        functions = tuple((name, f"{name}::compute") for name in self.names)
        return getattr(library(source(*HEADERS) + self.code, functions, WITHOUT_BRANCHES), self.name)


class LoopOp(LibraryOp):
    """An Op of PyTensor that is one of the loops of a graph."""

    loops: Loops

    def compiled(self, node):
        return self.loops.function()


class CompileLoopsTogether(GraphRewriter):
    def apply(self, fgraph):
        if not config.cxx or not holds_loss(fgraph):
            return
        found = {node: LOOPS[type(node.op)](node) for node in fgraph.toposort() if type(node.op) in LOOPS}
        loops = {node: loop for node, loop in found.items() if loop is not None}
        codes = {loop.name: loop.code for loop in loops.values()}
        names = tuple(sorted(codes))
        code = "".join(codes[name] for name in names)
        for node, loop in loops.items():
            outputs = loop.make_op(Loops(code, names, loop.name)).make_node(*node.inputs).outputs
            copy_stack_trace(node.outputs, outputs)
            fgraph.replace_all_validate(list(zip(node.outputs, outputs, strict=True)), reason="c_loops")


# after fusion (49) and the in-place Elemwise (50.5)
optdb.register("c_loops", CompileLoopsTogether(), "fast_run", "cxx_only", "simd", position=101)
