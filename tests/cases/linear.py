"""Rows of the crossentropy of a linear layer."""

import numpy as np
from lazy import jax, jnp, optax

from cases.case import Case, reals
from objectives.losses.linear import linear_crossentropy

WORDS = 7
FACTORS = np.array([0.5, 2.0, 1.0, 0.0, 3.0, 1.0, 0.2])


def words(rng, shape):
    """A unit vector for each word."""
    vectors = rng.normal(size=(WORDS, shape[-1]))
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def labels_of_words(rng, shape):
    return rng.integers(0, WORDS, size=shape[:-1])


def biases(rng, shape):
    return rng.normal(size=WORDS)


def reference(h, w, *, targets, biases=0.0, factors=1.0, smoothing=0.0, cap=None, z_loss=0.0):
    z = jnp.einsum("...d,vd->...v", h, w) + biases
    z = z if cap is None else cap * (2 * jax.nn.sigmoid(2 * z / cap) - 1)
    t = factors * optax.smooth_labels(jax.nn.one_hot(targets, WORDS), smoothing)
    return optax.softmax_cross_entropy(z, t) + z_loss * jax.nn.logsumexp(z, axis=-1) ** 2


def row(extras=None, best=None, theirs=None, **options):
    return Case(
        linear_crossentropy,
        reals,
        words,
        lambda h, w, **data: reference(h, w, **data, **(theirs or {})),
        options,
        {"targets": labels_of_words, **(extras or {})},
        target_gradient=True,
        axis_moves=False,
        best=best,
    )


CASES = [
    row(best=lambda weights, targets: 1e3 * weights[targets]),
    row(
        {"biases": biases},
        theirs={"factors": FACTORS, "smoothing": 0.1, "cap": 3.0, "z_loss": 0.01},
        class_weights=FACTORS,
        label_smoothing=0.1,
        logit_softcap=3.0,
        z_loss=0.01,
    ),
    row({"biases": biases}, theirs={"smoothing": 0.2}, label_smoothing=0.2),
]
