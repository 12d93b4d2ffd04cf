"""Threads that live for one call: created, joined, gone.

Numba's own thread pools are not safe where these kernels are used: with OpenMP a process forked after a parallel call
is killed, the workqueue layer aborts when two Python threads call at once, and parallel code loaded from the cache on
disk needs a pool that is already running. Starting a thread takes about 15 microseconds, so only work that takes
several times as long is shared.
"""

import ctypes
import sys

import numba
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.ufunc import parallel
from pytensor.link.numba.dispatch.basic import numba_njit

from objectives.dispatch.numba._separate import Separate
from objectives.ops.threads import allowed

MAX_THREADS = 64
LEAST_WORK = 100_000  # elements, for each thread

_pointer, _index = ir.IntType(8).as_pointer(), ir.IntType(64)


def thread_limit():
    """How many threads the user allows: the smaller of OMP_NUM_THREADS and Numba's number."""
    return allowed(numba.get_num_threads() if parallel._is_initialized else numba.config.NUMBA_NUM_THREADS)


# Compiled code calls it by name, so that the code can be cached, and every time, so that settings may change.
_callback = ctypes.CFUNCTYPE(ctypes.c_int64)(lambda: thread_limit())
binding.add_symbol("objectives_thread_limit", ctypes.cast(_callback, ctypes.c_void_p).value)


@intrinsic
def _thread_limit(typingctx):
    def codegen(context, builder, signature, arguments):
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_index, []), "objectives_thread_limit"
        )
        return builder.call(function, [])

    return types.int64(), codegen


def _runner(kernel):
    """An intrinsic for one kernel: a kernel passed as an argument would be an address, which cannot be cached."""

    @intrinsic
    def run(typingctx, length, threads, arguments):
        """Call ``kernel(start, stop, *arguments)`` for shares of ``range(length)``, each in a thread of its own."""
        kernel_types = (types.int64, types.int64, *arguments.types)
        if not isinstance(kernel, Separate):
            kernel.compile(kernel_types)

        def codegen(context, builder, signature, values):
            length, threads, shared = values
            share_type = ir.LiteralStructType([_index, _index, shared.type])
            shares = cgutils.alloca_once(builder, share_type, size=MAX_THREADS)
            with cgutils.for_range(builder, threads) as loop:
                share = builder.gep(shares, [loop.index])
                bounds = [loop.index, builder.add(loop.index, _index(1))]
                bounds = [builder.sdiv(builder.mul(length, bound), threads) for bound in bounds]
                for position, value in enumerate([*bounds, shared]):
                    builder.store(value, cgutils.gep_inbounds(builder, share, 0, position))
            _call_all(builder, _worker(context, builder.module, kernel, kernel_types, share_type), shares, threads)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, arguments), codegen

    return run


def _worker(context, module, kernel, kernel_types, share_type):
    """``void *worker(void *share)``: the kernel on one share. Kernels do not raise, so there is no status to return."""
    worker = ir.Function(module, ir.FunctionType(_pointer, [_pointer]), module.get_unique_name("objectives_worker"))
    worker.linkage = "internal"
    builder = ir.IRBuilder(worker.append_basic_block())
    share = builder.bitcast(worker.args[0], share_type.as_pointer())
    start, stop, shared = (builder.load(cgutils.gep_inbounds(builder, share, 0, i)) for i in range(3))
    arguments = [start, stop, *cgutils.unpack_tuple(builder, shared)]
    if isinstance(kernel, Separate):
        kernel.call(context, builder, arguments)
    else:
        compiled = kernel.overloads[kernel_types]
        context.add_linking_libs([compiled.library])
        function = context.declare_function(module, compiled.fndesc)
        context.call_conv.call_function(builder, function, types.none, kernel_types, arguments)
    builder.ret(ir.Constant(_pointer, None))
    return worker


def _call_all(builder, worker, shares, threads):
    """Run the first share in this thread and the others in new ones, or here if none can be created."""

    def as_pointer(array, index):
        return builder.bitcast(builder.gep(array, [index]), _pointer)

    def function(name, *argument_types):
        return cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), argument_types), name)

    if sys.platform == "win32":  # no POSIX threads
        with cgutils.for_range(builder, threads) as loop:
            builder.call(worker, [as_pointer(shares, loop.index)])
        return
    handles = cgutils.alloca_once(builder, _index, size=MAX_THREADS)
    create = function("pthread_create", _pointer, _pointer, worker.type, _pointer)
    join = function("pthread_join", _index, _pointer)
    null = ir.Constant(_pointer, None)
    with cgutils.for_range(builder, threads, start=_index(1)) as loop:
        arguments = [as_pointer(handles, loop.index), null, worker, as_pointer(shares, loop.index)]
        failed = builder.icmp_signed("!=", builder.call(create, arguments), ir.IntType(32)(0))
        with builder.if_then(failed):
            builder.call(worker, [as_pointer(shares, loop.index)])
            builder.store(_index(0), builder.gep(handles, [loop.index]))
    builder.call(worker, [as_pointer(shares, _index(0))])
    with cgutils.for_range(builder, threads, start=_index(1)) as loop:
        handle = builder.load(builder.gep(handles, [loop.index]))
        with builder.if_then(builder.icmp_signed("!=", handle, _index(0))):
            builder.call(join, [handle, null])


def in_threads(kernel):
    """A function (length, work, arguments) that calls ``kernel(start, stop, *arguments)`` over ``range(length)``.

    In as many threads as are allowed and the work (elements) is worth; the kernel must not raise.
    """
    run = _runner(kernel)

    @numba_njit(inline="always")
    def share_out(length, work, arguments):
        threads = min(work // LEAST_WORK, length, MAX_THREADS)
        if threads > 1:
            threads = min(threads, _thread_limit())
        run(length, max(threads, 1), arguments)

    return share_out
