"""How a kernel of ours is registered with PyTensor's Numba backend."""

import sys
from hashlib import sha256
from typing import Any

from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key


def _source(name):
    """The file of a module, also where there is no source but bytecode."""
    spec: Any = sys.modules[name].__spec__
    return spec.loader.get_data(spec.origin)


@numba_njit
def check_label_shapes(scores, labels):
    """Raise unless there is one label for each row of the last axis of ``scores``."""
    if scores.shape[:-1] != labels.shape:
        raise ValueError("shape mismatch: integer targets have the shape of the predictions without the class axis")


def register_kernel(op_type):
    """Register the decorated Python function as the Numba kernel of an Op.

    PyTensor keeps compiled kernels on disk by a key alone. The key here holds the source of the kernel's module, so
    that an edited kernel is compiled anew, and the types of the inputs, which choose the kernel's specialisation.
    """

    def register(kernel):
        source = _source(kernel.__module__) + _source(__name__)
        compiled = numba_njit(kernel)

        @register_funcify_and_cache_key(op_type)
        def funcify(op, node, **kwargs):
            types = [(variable.type.dtype, variable.type.ndim) for variable in (*node.inputs, *node.outputs)]
            key = (op_type.__qualname__, op._props_dict(), types, source)
            return compiled, sha256(repr(key).encode()).hexdigest()

        return kernel

    return register
