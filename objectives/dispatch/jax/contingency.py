import jax
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.ops.contingency import TableNumber


@jax_funcify.register(TableNumber)
def jax_funcify_table_number(op, **kwargs):
    def table_number(table):
        number = jax.ShapeDtypeStruct((), table.dtype)
        return jax.pure_callback(op.of, number, table, vmap_method="sequential")

    return table_number
