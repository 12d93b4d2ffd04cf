"""What our C kernels have in common: how they are compiled, and how they come into a graph.

PyTensor has no table of C kernels: a rewrite puts an Op with C code in the place of the symbolic one, in modes that
compile C.
"""

from pytensor.compile.mode import optdb
from pytensor.configdefaults import config
from pytensor.graph.basic import Apply
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter

from objectives.dispatch.c._library import LibraryOp, library, source

HEADERS = ("simd_math.h", "row_threads.h")
TAGS = ("cxx_only", "c_kernels")


class Kernel(LibraryOp):
    """C code for a symbolic Op, of which it has the properties.

    Subclasses give the properties that the symbolic Op has, ``symbolic``, ``sources``, and the ``function`` of their
    inputs and outputs that computes it. Those of other ``functions`` of the same sources are compiled together with
    it, for each dtype.
    """

    symbolic: type
    sources: tuple[str, ...]
    functions: tuple[str, ...] = ()
    function: str
    __props__: tuple[str, ...] = ()

    def __init__(self, **props):
        for name, value in props.items():
            setattr(self, name, value)

    @classmethod
    def of(cls, op, **changes):
        return cls(**({name: getattr(op, name) for name in cls.__props__} | changes))

    def symbolic_op(self):
        return self.symbolic(**{name: getattr(self, name) for name in self.__props__})

    def make_node(self, *inputs):
        outputs = self.symbolic_op()(*inputs, return_list=True)
        return Apply(self, list(inputs), [output.type() for output in outputs])

    def infer_shape(self, *arguments):
        return self.symbolic_op().infer_shape(*arguments)

    def perform(self, node, inputs, outputs):
        symbolic = self.symbolic_op()(*node.inputs, return_list=True)[0].owner
        symbolic.op.perform(symbolic, inputs, outputs)

    def compiled(self, node):
        ctype = self.floats(node).type.dtype_specs()[1]
        functions = tuple((name, f"objectives::{name}<{ctype}>") for name in self.functions or (self.function,))
        return getattr(library(source(*HEADERS, *self.sources), functions), self.function)

    def floats(self, node):
        """The variable whose dtype the function is of."""
        return node.inputs[0]


def replace(node, op):
    """The outputs of a node by another Op."""
    new = op(*node.inputs, return_list=True)
    copy_stack_trace(node.outputs, new)
    return [old.type.filter_variable(output) for old, output in zip(node.outputs, new, strict=True)]


def register_kernel(kernel: type[Kernel], supports):
    """Use a kernel for the nodes of its symbolic Op that it ``supports``."""

    @node_rewriter([kernel.symbolic])
    def local_use_c_kernel(fgraph, node):
        return replace(node, kernel.of(node.op)) if config.cxx and supports(node) else None

    # after loss and gradient are merged (47.0), before Elemwise fusion (49)
    optdb.register(f"c_{kernel.__name__}", dfs_rewriter(local_use_c_kernel), "fast_run", *TAGS, position=47.5)


def register_inplace(kernel: type[Kernel]):
    """Overwrite the first input of a kernel where nothing else needs it."""

    @node_rewriter([kernel])
    def local_inplace_c_kernel(fgraph, node):
        return None if node.op.inplace else replace(node, kernel.of(node.op, inplace=True))

    # after the destroy handler (49.5) and before PyTensor's own Elemwise (50.5)
    name = f"c_{kernel.__name__}_inplace"
    optdb.register(name, dfs_rewriter(local_inplace_c_kernel), "fast_run", "inplace", *TAGS, position=50.3)
