import mlx.core as mx
import numpy as np
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.ops.contingency import TableNumber


@mlx_funcify.register(TableNumber)
def mlx_funcify_table_number(op, **kwargs):
    def table_number(table):
        try:
            known = np.array(table)
        except ValueError as error:  # raised while MLX traces the function
            raise NotImplementedError(
                f"{type(op).__name__} needs NumPy, which compiled functions of MLX cannot call: compile with "
                "mode=Mode(linker=MLXLinker(use_compile=False)), or another backend"
            ) from error
        return mx.array(op.of(known))

    return table_number
