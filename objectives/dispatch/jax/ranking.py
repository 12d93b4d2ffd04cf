import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch._functions import register_functions
from objectives.dispatch.jax.labels import in_range
from objectives.ops.labels import check_shapes
from objectives.ops.ranking import EvenMax, LabelRank


def label_rank(scores, labels):
    scores, labels = jnp.asarray(scores), jnp.asarray(labels)
    check_shapes(scores, labels)
    num_classes = scores.shape[-1]
    valid = in_range(labels, num_classes)
    y = jnp.where(valid, labels, 0)[..., None]
    s = jnp.take_along_axis(scores, y, axis=-1)
    behind = jnp.where(jnp.arange(num_classes) < y, scores < s, scores <= s)
    return jnp.where(valid, jnp.sum(~behind, axis=-1), -1)


def even_max(x):
    return jnp.max(x, axis=-1, initial=-jnp.inf)


register_functions(jax_funcify, {LabelRank: label_rank, EvenMax: even_max})
