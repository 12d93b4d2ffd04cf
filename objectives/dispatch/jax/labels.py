import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch._functions import register_functions
from objectives.dispatch.jax.unknown import unknown
from objectives.ops.labels import BestClass, IsClass, NamedClass, PickClass, PlaceClass, check_shapes
from objectives.ops.selection import TOLERANCE


def in_range(labels, num_classes):
    return (labels >= 0) & (labels < num_classes)


def pick_class(x, y):
    x, y = jnp.asarray(x), jnp.asarray(y)
    check_shapes(x, y)
    valid = in_range(y, x.shape[-1])
    picked = jnp.take_along_axis(x, jnp.where(valid, y, 0)[..., None], axis=-1)[..., 0]
    # A factor, not a choice: jax.grad must be NaN too where the label is invalid.
    return picked * jnp.where(valid, 1, unknown(x)).astype(x.dtype)


def place_class(g, y, like):
    g, y = jnp.asarray(g, like.dtype), jnp.asarray(y)
    check_shapes(like, y)
    num_classes = like.shape[-1]
    g = g * jnp.where(in_range(y, num_classes), 1, unknown(g)).astype(like.dtype)
    elsewhere = jnp.arange(num_classes) != y[..., None]
    return jnp.where(elsewhere & in_range(y, num_classes)[..., None], 0, g[..., None])


def is_class(y, like):
    check_shapes(like, y)
    return jnp.arange(like.shape[-1]) == jnp.asarray(y)[..., None]


def named_class(t):
    t = jnp.asarray(t)
    inside = ((t >= -TOLERANCE) & (t <= 1 + TOLERANCE)).all(axis=-1)
    return jnp.where(inside & (t.max(axis=-1) > 0), jnp.argmax(t, axis=-1), -1)


def best_class(scores):
    scores = jnp.asarray(scores)
    return jnp.where(jnp.isnan(scores).any(axis=-1), -1, jnp.argmax(scores, axis=-1))


register_functions(
    jax_funcify,
    {PickClass: pick_class, PlaceClass: place_class, IsClass: is_class, NamedClass: named_class, BestClass: best_class},
)
