"""Rows of the sparsemax and Fenchel-Young losses."""

import numpy as np
import pytensor.tensor as pt
from lazy import jax, jnp, optax, special
from pytensor.gradient import zero_grad

from cases.case import CLASSES, Case, binary, labels, one_hot, probabilities, reals, simplex
from objectives.losses.sparsemax import binary_sparsemax_loss, fenchel_young_loss, multiclass_sparsemax_loss


def dense(t):
    return jax.nn.one_hot(t, CLASSES) if t.ndim < 2 or t.shape[-1] != CLASSES else t.astype("float64")


def two_classes(z, t):
    """The sparsemax loss of probabilities (t, 1 - t) and scores (z / 2, -z / 2), by projecting them."""
    return projected(jnp.stack([z / 2, -z / 2], -1), jnp.stack([t, 1 - t], -1))


def projected(z, t):
    """The Fenchel-Young loss of half the squared norm, from the projection on the simplex."""
    flat = z.reshape(-1, z.shape[-1])
    p = jax.vmap(optax.projections.projection_simplex)(flat).reshape(z.shape) if flat.size else z
    norms = jnp.sum(t**2, axis=-1) - jnp.sum(p**2, axis=-1)
    return jnp.sum(p * z, axis=-1) - jnp.sum(t * z, axis=-1) + norms / 2


def sparsemax_of_labels(z, y):
    losses = optax.losses.multiclass_sparsemax_loss(z.reshape(-1, CLASSES), y.reshape(-1).astype("int32"))
    return losses.reshape(y.shape)


def log_sum_exp(z):
    """Log-sum-exp, not PyTensor's, which compiles a function of its own where it is not rewritten."""
    greatest = zero_grad(z.max(axis=-1))
    return greatest + pt.log(pt.exp(z - greatest[..., None]).sum(axis=-1))


def negative_entropy(t):
    return (t * pt.log(pt.switch(pt.neq(t, 0), t, 1))).sum(axis=-1)


def half_square(z):
    return 0.5 * pt.square(z).sum(axis=-1)


def log_sum_exp_loss(z, t):
    return optax.losses.make_fenchel_young_loss(special.logsumexp)(z, t)


CASES = [
    Case(
        binary_sparsemax_loss,
        reals,
        binary,
        lambda z, t: optax.losses.sparsemax_loss(z, t),
        best=lambda t: 2.0 * t - 1,
    ),
    Case(binary_sparsemax_loss, reals, probabilities, two_classes, target_gradient=True, best=lambda t: 2 * t - 1),
    Case(
        multiclass_sparsemax_loss,
        reals,
        labels,
        sparsemax_of_labels,
        best=lambda t: np.eye(CLASSES)[t],
    ),
    Case(multiclass_sparsemax_loss, reals, one_hot, lambda z, t: projected(z, t.astype("float64")), best=lambda t: t),
    Case(multiclass_sparsemax_loss, reals, simplex, projected, best=lambda t: t),
    Case(
        fenchel_young_loss,
        reals,
        labels,
        lambda z, t: log_sum_exp_loss(z, jax.nn.one_hot(t, CLASSES)),
        options={"max_function": log_sum_exp},
    ),
    Case(
        fenchel_young_loss,
        reals,
        simplex,
        log_sum_exp_loss,
        options={"max_function": log_sum_exp},
        target_gradient=True,
        best=np.log,
    ),
    Case(
        fenchel_young_loss,
        reals,
        simplex,
        lambda z, t: optax.losses.kl_divergence(jax.nn.log_softmax(z), t),
        options={"max_function": log_sum_exp, "omega": negative_entropy},
        best=np.log,
    ),
    Case(
        fenchel_young_loss,
        reals,
        labels,
        lambda z, t: jnp.sum(optax.losses.l2_loss(z, jax.nn.one_hot(t, CLASSES)), axis=-1),
        options={"max_function": half_square, "omega": half_square},
        best=lambda t: np.eye(CLASSES)[t],
    ),
]
