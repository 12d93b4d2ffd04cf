"""Packages that not every run of the tests has, such as JAX, whose references are also kept as data."""

from functools import reduce
from importlib import import_module


class Lazy:
    """A module, or what is in it, that is imported when it is called."""

    def __init__(self, module, *path):
        self._module, self._path = module, path

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Lazy(self._module, *self._path, name)

    def __call__(self, *arguments, **options):
        return reduce(getattr, self._path, import_module(self._module))(*arguments, **options)


jax, jnp, optax = Lazy("jax"), Lazy("jax.numpy"), Lazy("optax")
special, stats = Lazy("jax.scipy.special"), Lazy("jax.scipy.stats")
