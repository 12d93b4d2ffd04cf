"""How a kernel of ours is registered with PyTensor's Numba backend."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key


@cache
def source():
    """All that kernels are made of: they use each other's files, and the functions of this package."""
    package = files(__package__)
    return sha256(b"".join(f.read_bytes() for f in sorted(package.iterdir(), key=str) if f.is_file())).hexdigest()


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
    """A compiled function of the tuple of an Op's inputs that gives one of its options, or a default."""
    if name not in op.options:
        return numba_njit(lambda inputs: default)
    position = op.options.index(name) - len(op.options)
    return numba_njit(lambda inputs: inputs[position])


def register_kernel_maker(op_type):
    """Register the decorated function, which makes of (op, node) a Python function, as the Numba kernel of an Op.

    PyTensor keeps compiled kernels on disk by a key alone. The key here holds the source of all kernels, so that an
    edited kernel is compiled anew, and the types of the inputs, which choose the kernel's specialisation.
    """

    def register(make_kernel):
        @register_funcify_and_cache_key(op_type)
        def funcify(op, node, **kwargs):
            types = [(variable.type.dtype, variable.type.ndim) for variable in (*node.inputs, *node.outputs)]
            key = (op_type.__qualname__, op._props_dict(), types, source())
            return numba_njit(make_kernel(op, node)), sha256(repr(key).encode()).hexdigest()

        return make_kernel

    return register


def register_kernel(op_type):
    """Register the decorated Python function as the Numba kernel of an Op."""

    def register(kernel):
        register_kernel_maker(op_type)(lambda op, node: kernel)
        return kernel

    return register
