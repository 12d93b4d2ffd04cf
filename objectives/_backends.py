"""The backends of PyTensor on which losses and measures are computed, one row each.

Names only: importing one of these modules is left to `objectives.dispatch` and PyTensor.
"""

from typing import NamedTuple


class Backend(NamedTuple):
    mode: str  # of PyTensor, which names the backend
    linker: str  # the class of that mode's linker
    library: str | None  # what must be installed besides PyTensor's own requirements
    arrays: str | None  # the module whose arrays compiled functions take and compute with, if not NumPy's
    folder: str | None  # of PyTensor's dispatch in pytensor.link, and of our kernels in objectives.dispatch

    @property
    def pytensor_dispatch(self) -> str:
        return f"pytensor.link.{self.folder}.dispatch"

    @property
    def kernels(self) -> str:
        return f"objectives.dispatch.{self.folder}"


BACKENDS = (
    Backend("NUMBA", "NumbaLinker", None, None, "numba"),
    Backend("CVM", "VMLinker", None, None, None),  # its kernels come by rewrites: objectives.dispatch.c
    Backend("JAX", "JAXLinker", "jax", "jax", "jax"),
    Backend("PYTORCH", "PytorchLinker", "torch", "torch", "pytorch"),
    Backend("MLX", "MLXLinker", "mlx", "mlx", "mlx"),
)
MODES = tuple(backend.mode for backend in BACKENDS)
