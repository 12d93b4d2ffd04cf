import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.ops.pairing import NO_ITEM, FirstRows, OverRows


@jax_funcify.register(OverRows)
def jax_funcify_over_rows(op, **kwargs):
    def over_rows(x, scores):
        x = jnp.asarray(x)
        return jnp.full(scores.shape[:-1], NO_ITEM, x.dtype).at[op.place(x, scores)].set(x)

    return over_rows


@jax_funcify.register(FirstRows)
def jax_funcify_first_rows(op, **kwargs):
    return lambda x, labels: x[op.place(x, labels)]
