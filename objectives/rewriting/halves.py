"""Refuses float16, which Numba lacks and PyTensor's C backend sums wrongly: see docs/sharp_edges.rst."""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import GraphRewriter

from objectives.rewriting.summation import is_ours


class NoFloat16Error(NotImplementedError, AssertionError):
    """PyTensor logs what a rewrite raises and goes on, unless it is an `AssertionError`."""


class RefuseFloat16(GraphRewriter):
    """Raise if there is float16 in a graph of this package."""

    def apply(self, fgraph):
        if not is_ours(fgraph):
            return
        variables = [*fgraph.inputs, *fgraph.variables]  # inputs first: they have names
        halves = [variable for variable in variables if getattr(variable.type, "dtype", None) == "float16"]
        if halves:
            raise NoFloat16Error(
                f"{halves[0]} is float16, in which neither Numba nor C compute reliably: use float32, "
                "or compile with mode='JAX', 'PYTORCH' or 'MLX'"
            )


# After "specialize", which folds constants, and before anything is compiled.
optdb.register("refuse_float16", RefuseFloat16(), "numba", position=2.6)
optdb.register("refuse_float16_on_c", RefuseFloat16(), "fast_run", "cxx_only", position=2.6)
