import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.ops.softplus import Softplus


def softplus(x):
    return jnp.logaddexp(x, 0)


@jax_funcify.register(Softplus)
def jax_funcify_softplus(op, **kwargs):
    return softplus
