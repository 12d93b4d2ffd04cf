"""Adding items up in float64 where JAX has it, which PyTensor switches off with floatX=float32."""

import jax
import jax.numpy as jnp

LANE = 1 << 8  # items that are added one by one
MOST_CELLS = 1 << 22  # of all lanes together


def wide(x):
    """In float64, or float32 where there is none."""
    return jnp.asarray(x).astype(jax.dtypes.canonicalize_dtype("float64"))


def table(index, weights, cells):
    """The weights of each index in ``[0, cells)``, added up in lanes where there is no float64."""
    weights = wide(weights)
    lanes = 1 if weights.dtype == "float64" else max(1, min(index.size // LANE, MOST_CELLS // cells))
    index = jnp.arange(index.size) % lanes * cells + index
    return jnp.zeros(lanes * cells, weights.dtype).at[index].add(weights).reshape(lanes, cells).sum(axis=0)
