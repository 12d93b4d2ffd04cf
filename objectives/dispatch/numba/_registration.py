"""Registration of kernels with PyTensor's Numba backend."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

import numba
import numpy as np
from numba import from_dtype, types
from pytensor.link.numba.dispatch.basic import get_numba_type, numba_njit, register_funcify_and_cache_key

from objectives.dispatch.numba._separate import caller, separate
from objectives.dispatch.numba._views import shaped


@cache
def source():
    """The hash of all files that kernels are made of: their own, each other's, and those of the Ops."""
    found = [file for package in (__package__, "objectives.ops") for file in files(package).iterdir() if file.is_file()]
    return sha256(b"".join(file.read_bytes() for file in sorted(found, key=str))).hexdigest()


def hashed(*parts):
    """The key of a kernel: these parts, and the source, so that an edited kernel is compiled again."""
    return sha256(repr((*parts, source())).encode()).hexdigest()


def array_type(dtype, ndim):
    """Numba's type of a contiguous array."""
    return types.Array(from_dtype(np.dtype(dtype)), ndim, "C")


@numba_njit
def check_label_shapes(scores, labels):
    """Raise unless there is one label for each row of the last axis of ``scores``."""
    if scores.shape[:-1] != labels.shape:
        raise ValueError("shape mismatch: integer targets have the shape of the predictions without the class axis")


@numba_njit
def check_same_shape(scores, targets):
    if scores.shape != targets.shape:
        raise ValueError("shape mismatch: dense targets have the shape of the predictions")


def option(op, name, default):
    """A compiled function that returns one option from the tuple of an Op's inputs, or a default."""
    if name not in op.options:
        return numba_njit(lambda inputs: default)
    position = op.options.index(name) - len(op.options)
    return numba_njit(lambda inputs: inputs[position])


def register_kernel_maker(op_type):
    """Register the decorated function, which returns a Python function for (op, node), as the Numba kernel of an Op.

    PyTensor keeps compiled kernels on disk by a key alone, so the key has the types, which choose the specialization.
    """

    def register(make_kernel):
        @register_funcify_and_cache_key(op_type)
        def funcify(op, node, **kwargs):
            types = [(variable.type.dtype, variable.type.ndim) for variable in (*node.inputs, *node.outputs)]
            key = hashed(op_type.__qualname__, op._props_dict(), types)
            inputs = [get_numba_type(variable.type, layout="C") for variable in node.inputs]
            return caller(separate(lambda: numba_njit(make_kernel(op, node)), inputs, key)), key

        return make_kernel

    return register


def register_kernel(op_type):
    """Register the decorated Python function as the Numba kernel of an Op."""

    def register(kernel):
        register_kernel_maker(op_type)(lambda op, node: kernel)
        return kernel

    return register


def make_in_numpy(op, node):
    """The kernel of an Op that sorts, in NumPy, whose sort is several times as fast as Numba's."""
    result_type = get_numba_type(node.outputs[0].type)
    compute = op.compute

    def in_numpy(*inputs):
        with numba.objmode(result=result_type):
            result = compute(*inputs)
        return result

    return in_numpy


def register_item_kernels(loss_type, make_compute):
    """Register the kernels of a loss and of its gradient.

    ``make_compute(op, node, with_loss=, with_gradient=, inplace=)`` returns a compiled function from the tuple of
    inputs to flat losses and flat gradients.
    """

    @register_kernel_maker(loss_type)
    def make_loss(op, node):
        compute = make_compute(op, node, with_loss=True, with_gradient=False, inplace=False)

        def loss(*inputs):
            return shaped(compute(inputs)[0], inputs[0].shape[:-1])

        return loss

    @register_kernel_maker(loss_type.gradient_type)
    def make_gradient(op, node):
        compute = make_compute(op, node, with_loss=op.with_loss, with_gradient=True, inplace=op.inplace)

        def gradient(*inputs):
            return shaped(compute(inputs)[1], inputs[0].shape)

        def loss_and_gradient(*inputs):
            loss, gradient = compute(inputs)
            return shaped(loss, inputs[0].shape[:-1]), shaped(gradient, inputs[0].shape)

        return loss_and_gradient if op.with_loss else gradient
