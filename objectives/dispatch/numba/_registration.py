"""How a kernel of ours is registered with PyTensor's Numba backend."""

import sys
from hashlib import sha256
from inspect import getsource

from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key


def register_kernel(op_type):
    """Register the decorated Python function as the Numba kernel of an Op.

    PyTensor keeps compiled kernels on disk by a key alone. The key here holds the source of the kernel's module, so
    that an edited kernel is compiled anew, and the types of the inputs, which choose the kernel's specialisation.
    """

    def register(kernel):
        source = getsource(sys.modules[kernel.__module__])
        compiled = numba_njit(kernel)

        @register_funcify_and_cache_key(op_type)
        def funcify(op, node, **kwargs):
            types = [(variable.type.dtype, variable.type.ndim) for variable in (*node.inputs, *node.outputs)]
            key = (op_type.__qualname__, op._props_dict(), types, source)
            return compiled, sha256(repr(key).encode()).hexdigest()

        return kernel

    return register
