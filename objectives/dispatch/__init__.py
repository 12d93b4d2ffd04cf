"""The one place that knows the backends: how each of them computes our Ops.

Kernels are loaded together with PyTensor's own dispatch of a backend, never before, so that ``import objectives``
imports none of numba, jax, torch and mlx.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from objectives._backends import BACKENDS

KERNELS = {backend.pytensor_dispatch: backend.kernels for backend in BACKENDS if backend.folder}


class _KernelFinder(MetaPathFinder):
    """Imports our kernels right after PyTensor's dispatch of the same backend.

    An import hook, since PyTensor (3.0 to 3.3) has no other moment that is common to all backends: its linkers import
    their dispatch when they convert a graph, and a rewrite is not told which linker will follow.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name in KERNELS else None
        loader = spec.loader if spec is not None else None
        if loader is None:
            return None
        execute = loader.exec_module

        def execute_and_load_kernels(module: ModuleType) -> None:
            del loader.exec_module  # back to the method of its class
            execute(module)
            import_module(KERNELS[name])

        loader.exec_module = execute_and_load_kernels  # type: ignore[method-assign]  # of this loader alone
        return spec


def load_kernels_with_backends() -> None:
    """Load our kernels for the backends that are loaded, and arrange it for those that will be."""
    for backend, kernels in KERNELS.items():
        if backend in sys.modules:
            import_module(kernels)
    if not any(type(finder).__name__ == _KernelFinder.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, _KernelFinder())
