"""Compiles C kernels in libraries of several, not one by one.

PyTensor's C backend makes a module for each node of a graph. Half a second of its compilation goes to the headers of
Python and NumPy and the code that unpacks arrays. Here the kernels of a dtype, or the loops of a graph, share a
library, whose functions take arrays and serve any node. Libraries are stored in PyTensor's folder of compiled code,
under a hash of their source.
"""

import sys
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files

import numpy as np
from pytensor.compile.compilelock import lock_ctx
from pytensor.configdefaults import config
from pytensor.graph.op import Op
from pytensor.link.c.cmodule import GCC_compiler, dlimport, get_lib_extension

UNSAFE = ("-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-fassociative-math", "-ffinite-math-only")

MODULE = """
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
{text}
static PyMethodDef methods[] = {{
{methods}
    {{NULL, NULL, 0, NULL}}
}};
static struct PyModuleDef definition = {{PyModuleDef_HEAD_INIT, "{name}", NULL, -1, methods}};
PyMODINIT_FUNC PyInit_{name}(void) {{
    import_array();
    return PyModule_Create(&definition);
}}
"""
METHOD = '    {{"{name}", (PyCFunction)(void (*)(void))objectives::thunk<{function}>, METH_FASTCALL, NULL}},'


@cache
def source(*names: str) -> str:
    """The text of C++ files of this package."""
    return "\n".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in names)


def compile_arguments() -> list[str]:
    """What vector loops and threads need.

    No -ffast-math, with which compilers link code that flushes denormals in the whole process. Of OpenMP only the
    pragmas for vector loops, since its runtime does not survive a fork. The two flags that relax floating point change
    no value: functions do not set errno, and floating-point traps are not expected. Flags of the user that would change
    rounding are dropped.
    """
    ours = ["-O3", "-g0", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"]
    threads = [] if sys.platform == "win32" else ["-pthread"]
    return [*ours, *threads, *(flag for flag in GCC_compiler.compile_args() if flag not in UNSAFE)]


@cache
def library(text: str, functions: tuple[tuple[str, str], ...], flags: tuple[str, ...] = ()):
    """A module of functions, given by name and C++ (`objectives::Compute`), which are defined in the text."""
    arguments = [*compile_arguments(), *flags]
    methods = "\n".join(METHOD.format(name=name, function=function) for name, function in functions)
    code = MODULE.format(text=source("arrays.h", "thunks.h") + text, methods=methods, name="{name}")
    key = "\n".join([code, *arguments, config.cxx, np.__version__])
    name = f"objectives_{sha256(key.encode()).hexdigest()[:32]}"
    location = config.compiledir / name
    path = location / f"{name}.{get_lib_extension()}"
    with lock_ctx():
        if (location / "__init__.py").exists():  # written last, once the library is complete
            return dlimport(str(path))
        location.mkdir(exist_ok=True)
        return GCC_compiler.compile_str(name, code.replace("{name}", name), location=location, preargs=arguments)


class LibraryOp(Op):
    """An Op whose nodes are computed by functions of libraries."""

    def compiled(self, node):
        """The function, of a `library`."""
        raise NotImplementedError

    def arranged(self, inputs, outputs):
        """The inputs and outputs in the order of the function, None for those that the node does not have."""
        return inputs, outputs

    def numbers(self):
        """What the function is told besides, integers."""
        return ()

    def make_thunk(self, node, storage_map, compute_map, no_recycling, impl=None):
        if impl == "py" or not config.cxx:
            return super().make_thunk(node, storage_map, compute_map, no_recycling, impl="py")
        inputs, outputs = self.arranged(node.inputs, node.outputs)
        types = tuple(None if variable is None else np.dtype(variable.dtype).num for variable in inputs)
        cells, results = (
            tuple(None if variable is None else storage_map[variable] for variable in variables)
            for variables in (inputs, outputs)
        )
        flags = tuple(compute_map[variable] for variable in node.outputs) if compute_map else ()
        return partial(self.compiled(node), cells, types, results, flags, self.numbers())
