import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch._functions import register_functions
from objectives.ops.softplus import Softplus


def softplus(x):
    return jnp.logaddexp(x, 0)


register_functions(jax_funcify, {Softplus: softplus})
