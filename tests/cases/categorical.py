"""Rows of the crossentropies of classes and of the Brier score."""

import numpy as np
from lazy import jax, jnp, optax

from cases.case import CLASSES, Case, labels, one_hot, reals, simplex, with_torch
from objectives.losses.categorical import (
    brier_score,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    nll_loss,
)
from objectives.losses.noisy_labels import generalized_crossentropy, poly_loss

WEIGHTS = np.array([0.5, 2.0, 1.0, 0.0, 3.0])


def softmax_crossentropy(z, t, *, weights=1.0, smoothing=0.0):
    return optax.softmax_cross_entropy(z, weights * optax.smooth_labels(dense(t, z), smoothing))


def capped_crossentropy(z, t, *, cap, z_loss):
    z = cap * (2 * jax.nn.sigmoid(2 * z / cap) - 1)
    return softmax_crossentropy(z, t) + z_loss * jax.nn.logsumexp(z, axis=-1) ** 2


def crossentropy_of_simplex(p, t, *, weights=1.0, smoothing=0.0):
    return likelihood(jnp.log(p), optax.smooth_labels(dense(t, p), smoothing), weights)


def log_simplex(rng, shape):
    return np.log(simplex(rng, shape))


def smoothed_labels(rng, shape):
    return 0.8 * one_hot(rng, shape) + 0.2 / shape[-1]


def dense(t, like):
    return jax.nn.one_hot(t, CLASSES) if t.ndim < like.ndim else t.astype("float64")


def likelihood(log_p, t, weights=1.0):
    """Negative log-likelihood, from the contribution of each class to the relative entropy."""
    t = dense(t, log_p)
    relative_entropy = optax.losses.kl_divergence(log_p[..., None], t[..., None])
    return jnp.sum(weights * (relative_entropy + jax.scipy.special.entr(t)), axis=-1)


def box_cox(p, t, q):
    """The Box-Cox transform of the target probability, as an integral of powers."""
    p = jnp.sum(dense(t, p) * p, axis=-1)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    # the derivative of (1 - p^q) / q is -p^(q - 1): integrated from log p to 0, where it is e^(q u)
    u = jnp.log(p)[..., None] * (1 - nodes) / 2
    return -jnp.log(p) / 2 * jnp.sum(weights * jnp.exp(q * u), axis=-1)


def brier(scale):
    def reference(p, t):
        return scale * jnp.square(p - dense(t, p)).sum(-1)

    return reference


def certain(t):
    return np.eye(CLASSES)[t] if t.ndim == 1 else t


CASES = [
    Case(
        function,
        predictions,
        targets,
        lambda p, t, reference=reference, theirs=theirs: reference(p, t, **theirs),
        options=ours,
        torch=with_torch("cross_entropy", **torchs) if predictions is reals else None,
        target_gradient=targets is simplex,
        best=None if ours or targets is not labels else (lambda t, scale=scale: scale * np.eye(CLASSES)[t]),
    )
    for function, predictions, reference, scale in (
        (categorical_crossentropy, simplex, crossentropy_of_simplex, 1),
        (categorical_crossentropy_with_logits, reals, softmax_crossentropy, 1e3),
    )
    for targets in (labels, one_hot, simplex)
    for ours, theirs, torchs in (
        ({}, {}, {}),
        (
            {"class_weights": WEIGHTS, "label_smoothing": 0.1},
            {"weights": WEIGHTS, "smoothing": 0.1},
            {"weight": WEIGHTS, "label_smoothing": 0.1},
        ),
    )
]
CASES += [
    Case(
        nll_loss,
        log_simplex,
        labels,
        likelihood,
        torch=with_torch("nll_loss"),
        best=lambda t: -1e3 * (1 - np.eye(CLASSES)[t]),
    ),
    Case(nll_loss, log_simplex, simplex, likelihood, target_gradient=True, best=np.log),
    *(
        Case(
            categorical_crossentropy_with_logits,
            reals,
            targets,
            lambda z, t: capped_crossentropy(z, t, cap=3.0, z_loss=0.1),
            options={"logit_softcap": 3.0, "z_loss": 0.1},
            differs={"convex": False},
        )
        for targets in (labels, one_hot)
    ),
    Case(
        nll_loss,
        log_simplex,
        labels,
        lambda log_p, t: likelihood(log_p, t, WEIGHTS),
        options={"class_weights": WEIGHTS},
        torch=with_torch("nll_loss", weight=WEIGHTS),
    ),
    *(
        Case(
            generalized_crossentropy,
            simplex,
            targets,
            lambda p, t: box_cox(p, t, 0.7),
            target_gradient=targets is smoothed_labels,
            best=None if targets is smoothed_labels else (lambda t: t if t.ndim > 1 else np.eye(CLASSES)[t]),
        )
        for targets in (labels, one_hot, smoothed_labels)
    ),
    Case(generalized_crossentropy, simplex, labels, lambda p, t: box_cox(p, t, 0.2), options={"power": 0.2}),
    *(
        Case(
            poly_loss,
            reals,
            targets,
            lambda z, t: optax.losses.poly_loss_cross_entropy(z, dense(t, z)),
            target_gradient=targets is simplex,
            best=None if targets is simplex else (lambda t: 1e3 * (t if t.ndim > 1 else np.eye(CLASSES)[t])),
        )
        for targets in (labels, one_hot, simplex)
    ),
    Case(
        poly_loss,
        reals,
        labels,
        lambda z, t: optax.losses.poly_loss_cross_entropy(z, dense(t, z), epsilon=3.0),
        options={"coefficient": 3.0},
    ),
    Case(brier_score, simplex, labels, brier(1), best=certain),
    Case(brier_score, simplex, one_hot, brier(1), best=certain),
    Case(brier_score, simplex, simplex, brier(0.5), {"scale_by_half": True}, best=certain),
]
