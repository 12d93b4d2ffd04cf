import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.ops.counting import EntryCount


@jax_funcify.register(EntryCount)
def jax_funcify_entry_count(op, **kwargs):
    def entry_count(x):
        return jnp.asarray(op.count(x), dtype=x.dtype)

    return entry_count
