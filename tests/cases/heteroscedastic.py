"""Rows of the crossentropies of noisy logits: one sample, item and class after the other, from probabilities."""

from functools import partial

import numpy as np
from lazy import jax, jnp, optax

from cases.case import Case, binary, labels, one_hot, positives, probabilities, reals, simplex
from objectives.losses.heteroscedastic import (
    heteroscedastic_categorical_crossentropy,
    robust_binary_crossentropy,
    robust_categorical_crossentropy,
)

SAMPLES = 3


def noise(rng, shape):
    return rng.normal(size=(SAMPLES, *shape))


def little(rng, shape):
    return rng.uniform(0.01, 0.1, size=shape)


def dense(t, z):
    return t if t.ndim == z.ndim else jax.nn.one_hot(t, z.shape[-1])


def heteroscedastic(z, t, *, standard_deviation, noise):
    mean = sum(jax.nn.softmax(z + standard_deviation * n) for n in noise) / len(noise)
    return -(dense(t, z) * jnp.log(mean)).sum(-1)


def categorical(z, t):
    return optax.softmax_cross_entropy(z, dense(t, z))


def robust(loss, variant, z, t, *, variance, noise):
    clean = loss(z, t)
    deviation = variance if variant == "astronn" else jnp.sqrt(variance)
    distorted = sum(jax.nn.elu(clean - loss(z + deviation * n, t)) for n in noise) / len(noise)
    factor = -clean if variant == "astronn" else 1
    return clean + factor * distorted + (jnp.exp(variance) - 1).mean(-1)


def robust_binary(variant):
    def reference(z, t, *, variance, noise, mask=None):
        if mask is None:

            def mean(z, t):
                return optax.sigmoid_binary_cross_entropy(z, 1.0 * t).mean(-1)

            return robust(mean, variant, z, t, variance=variance, noise=noise)
        items = [
            reference(z[i][m], t[i][m], variance=variance[i][m], noise=noise[:, i][:, m]) if m.any() else 0.0
            for i, m in enumerate(mask)
        ]
        return jnp.stack([jnp.asarray(item) for item in items])

    return reference


def row(function, targets, reference, options=None, *, spread="variance", draw=positives, **more):
    return Case(
        function,
        reals,
        targets,
        reference,
        options or {},
        extras={spread: draw, "noise": noise},
        axis_moves=False,
        **more,
    )


def far(t, **_):
    """Logits of certainty about the targets, whatever the noise."""
    one = t if t.ndim == 2 else np.eye(5)[t]
    return 1e3 * (2.0 * one - 1)


CASES = [
    row(
        heteroscedastic_categorical_crossentropy,
        targets,
        heteroscedastic,
        spread="standard_deviation",
        target_gradient=targets is simplex,
        best=None if targets is simplex else far,
    )
    for targets in (labels, one_hot, simplex)
] + [
    row(function, targets, reference(variant), options, draw=draw, best=best, **more)
    for function, reference, hard, soft, more in (
        (robust_binary_crossentropy, robust_binary, binary, probabilities, {"mask_per": "element"}),
        (
            robust_categorical_crossentropy,
            lambda variant: partial(robust, categorical, variant),
            labels,
            simplex,
            {},
        ),
    )
    for targets, variant, options, draw, best in (
        # with much noise, that which hurts can pay
        (hard, "documented", {}, little, far),
        (hard, "astronn", {"variant": "astronn"}, positives, None),
        (soft, "documented", {"variant": "documented"}, positives, None),
    )
]
