"""Functions that are compiled once, on their own, and called at their address by every graph that needs them.

Numba links the callees of a function into it, and then optimizes and compiles all of them again: a kernel in a node in
a graph would be compiled five times. Addresses are registered under names that are the same in every process, so that
graphs in PyTensor's cache on disk find their functions, which are in the cache too.
"""

from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
from llvmlite import binding
from numba.core import cgutils, types
from numba.core.caching import FunctionCache
from numba.extending import intrinsic
from pytensor import config
from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS
from pytensor.link.numba.dispatch.basic import numba_njit


class Separate(NamedTuple):
    """A compiled function of contiguous arrays and numbers, and the name of its address."""

    name: str
    argument_types: tuple
    code: Any  # Numba's CompileResult
    function: Any  # keeps the code in memory

    @property
    def return_type(self):
        return self.code.signature.return_type

    def call(self, context, builder, arguments):
        """(status, result) of a call with LLVM values."""
        args = self.code.signature.args
        if len(args) < len(arguments):  # def function(*arguments)
            arguments = [context.make_tuple(builder, args[0], arguments)]
        function_type = context.call_conv.get_function_type(self.return_type, args)
        function = cgutils.get_or_insert_function(builder.module, function_type, self.name)
        return context.call_conv.call_function(builder, function, self.return_type, args, arguments)


class _KernelCache(FunctionCache):
    """Numba's cache on disk, by our key alone: Numba would add the closure, which differs in every process."""

    def _index_key(self, sig, codegen):
        return sig, codegen.magic_tuple()


_known: dict[str, Separate] = {}


def separate(make_function, argument_types, key) -> Separate:
    """The function that ``make_function()`` returns, compiled for these types, or loaded from the cache.

    The key must identify the function; None keeps it out of the cache.
    """
    is_kept = key is not None and config.numba__cache
    key = f"{key or uuid4().hex}_fastmath{int(config.numba__fastmath)}"
    if key not in _known:
        function = make_function()
        if is_kept:
            CACHED_SRC_FUNCTIONS[function.py_func] = key
            function._cache = _KernelCache(function.py_func)
        function.get_call_template(tuple(argument_types), {})
        (code,) = function.overloads.values()
        name = f"objectives_{key}"
        binding.add_symbol(name, code.library.get_pointer_to_function(code.fndesc.llvm_func_name))
        _known[key] = Separate(name, tuple(argument_types), code, function)
    return _known[key]


def caller(function: Separate):
    """A function for graphs that calls a separate one, and makes arrays contiguous first."""

    @intrinsic
    def call(typingctx, inputs):
        if not all(map(_is_like, inputs.types, function.argument_types)):
            return None

        def codegen(context, builder, signature, values):
            arguments, copies = cgutils.unpack_tuple(builder, values[0]), []
            for i, (given, wanted) in enumerate(zip(inputs.types, function.argument_types, strict=True)):
                if not _fits(given, wanted):
                    arguments[i] = context.compile_internal(builder, _contiguous, wanted(given), [arguments[i]])
                    copies.append((wanted, arguments[i]))
            status, result = function.call(context, builder, arguments)
            for array_type, copy in copies:
                context.nrt.decref(builder, array_type, copy)
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return result

        return function.return_type(inputs), codegen

    @numba_njit
    def call_separate(*inputs):
        return call(inputs)

    return call_separate


def _is_like(given, wanted):
    """Whether a value can be passed as the wanted type: code at an address does not check."""
    dtypes = getattr(given, "dtype", given), getattr(wanted, "dtype", wanted)
    return dtypes[0] == dtypes[1] and getattr(given, "ndim", 0) == getattr(wanted, "ndim", 0)


def _fits(given, wanted):
    return not isinstance(given, types.Array) or given.ndim == 0 or given.layout == "C" or wanted.layout == "A"


def _contiguous(x):
    return np.ascontiguousarray(x)
