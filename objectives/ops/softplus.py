"""Softplus, ``log(1 + exp(x))``, the scalar function under the binary crossentropies."""

from pytensor.scalar.basic import upgrade_to_float
from pytensor.scalar.math import Softplus as _PytensorSoftplus
from pytensor.tensor.elemwise import Elemwise


class Softplus(_PytensorSoftplus):
    """PyTensor's softplus with conversions of its own for JAX and PyTorch.

    PyTensor's conversion to JAX selects among branches that overflow: its value is right, and ``jax.grad`` of it is
    NaN from about 89 (float32) on. That to PyTorch returns x from 20 on: wrong by 2e-9, much for float64.
    """


softplus = Elemwise(Softplus(upgrade_to_float, name="softplus"))
