import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.ops.statistics import Accumulate


@jax_funcify.register(Accumulate)
def jax_funcify_accumulate(op, **kwargs):
    def accumulate(state, statistic):
        return op.compute(jnp, state, statistic)

    return accumulate
