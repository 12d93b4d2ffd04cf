"""What our C kernels have in common: how they are compiled, and how they come into a graph.

PyTensor has no table of C kernels: a rewrite puts an Op with C code in the place of the symbolic one, in modes that
compile C.
"""

import sys
from functools import cache
from hashlib import sha256
from importlib.resources import files

from pytensor.compile.mode import optdb
from pytensor.configdefaults import config
from pytensor.graph.basic import Apply
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.link.c.op import COp

FLOATS = ("float32", "float64")
TAGS = ("cxx_only", "c_kernels")


@cache
def source(*names: str) -> str:
    """The text of C++ files of this package."""
    return "\n".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in names)


def compile_arguments() -> list[str]:
    """What vector loops and threads need.

    Not -ffast-math, for which compilers link code that flushes denormals in the whole process; and no OpenMP but its
    pragmas for vector loops, since its runtime does not survive a fork. The two flags that relax floating point keep
    all values: functions do not set errno, and no signal handler looks at exceptions.
    """
    threads = [] if sys.platform == "win32" else ["-pthread"]
    return ["-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", *threads]


class Kernel(COp):
    """C code for a symbolic Op, of which it has the properties.

    Subclasses give the properties that the symbolic Op has, ``symbolic``, ``sources`` and `call`.
    """

    symbolic: type
    sources: tuple[str, ...]
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

    def call(self, node, inputs, outputs):
        """The C++ expression that computes the outputs and is false if an error is set."""
        raise NotImplementedError

    def c_code(self, node, name, inputs, outputs, sub):
        return f"if (!({self.call(node, inputs, outputs)})) {sub['fail']}"

    def c_support_code(self, **kwargs):
        return source("simd_math.h", "row_threads.h", "arrays.h", *self.sources)

    def c_compile_args(self, **kwargs):
        return compile_arguments()

    def c_code_cache_version_apply(self, node):
        names = [f"x{i}" for i in range(len(node.inputs))], [f"y{i}" for i in range(len(node.outputs))]
        text = self.c_support_code() + self.call(node, *names)
        return (sha256(text.encode()).hexdigest(),)


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
