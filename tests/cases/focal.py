"""Rows of the focal losses."""

import numpy as np
from lazy import jax, jnp, optax

from cases.case import CLASSES, Case, binary, labels, one_hot, probabilities, reals, simplex
from objectives.losses.focal import (
    binary_focal_crossentropy,
    binary_focal_crossentropy_with_logits,
    categorical_focal_crossentropy,
    categorical_focal_crossentropy_with_logits,
)

ALPHA = np.array([0.5, 2.0, 1.0, 0.0, 3.0])


def logits_of(p):
    return jnp.log(p) - jnp.log1p(-p)


def sigmoid_focal(z, t, **options):
    return optax.sigmoid_focal_loss(z, t.astype("float64"), **options)


def class_focal(odds, t, *, gamma=2.0, alpha=1.0):
    """Focal losses of each class against all others together, summed over target classes."""
    t = jax.nn.one_hot(t, CLASSES) if t.ndim < odds.ndim else t.astype("float64")
    losses = optax.sigmoid_focal_loss(odds, jnp.ones_like(odds), gamma=gamma)
    return jnp.sum(t * alpha * losses, axis=-1)


def odds_of(z):
    """The log odds of each class."""
    others = jnp.where(jnp.eye(CLASSES, dtype=bool), -np.inf, z[..., None, :])
    return z - jax.nn.logsumexp(others, axis=-1)


CASES = [
    Case(
        binary_focal_crossentropy,
        probabilities,
        targets,
        lambda p, t: sigmoid_focal(logits_of(p), t),
        target_gradient=targets is probabilities,
        best=(lambda t: t) if targets is binary else None,
    )
    for targets in (binary, probabilities)
]
CASES += [
    Case(
        binary_focal_crossentropy,
        probabilities,
        probabilities,
        lambda p, t: sigmoid_focal(
            logits_of(p), optax.smooth_labels(jnp.stack([1 - t, t], -1), 0.2)[..., 1], alpha=0.25, gamma=0.5
        ),
        options={"gamma": 0.5, "alpha": 0.25, "label_smoothing": 0.2},
    ),
    Case(
        binary_focal_crossentropy_with_logits,
        reals,
        binary,
        sigmoid_focal,
        best=lambda t: 1e3 * (2.0 * t - 1),
    ),
    Case(binary_focal_crossentropy_with_logits, reals, probabilities, sigmoid_focal, target_gradient=True),
    Case(
        binary_focal_crossentropy_with_logits,
        reals,
        binary,
        lambda z, t: sigmoid_focal(z, 0.8 * t + 0.1, alpha=0.25, gamma=0.5),
        options={"gamma": 0.5, "alpha": 0.25, "label_smoothing": 0.2},
    ),
]
CASES += [
    Case(
        categorical_focal_crossentropy,
        simplex,
        targets,
        lambda p, t: class_focal(logits_of(p), t),
        best=None if targets is simplex else (lambda t: t if t.ndim > 1 else np.eye(CLASSES)[t]),
    )
    for targets in (labels, one_hot, simplex)
]
CASES += [
    Case(
        categorical_focal_crossentropy_with_logits,
        reals,
        targets,
        lambda z, t: class_focal(odds_of(z), t),
        target_gradient=targets is simplex,
        best=None if targets is simplex else (lambda t: 1e3 * (t if t.ndim > 1 else np.eye(CLASSES)[t])),
    )
    for targets in (labels, one_hot, simplex)
]
CASES += [
    Case(
        function,
        predictions,
        targets,
        lambda x, t, odds=odds, gamma=gamma: class_focal(odds(x), t, gamma=gamma, alpha=ALPHA),
        options={"gamma": gamma, "alpha": ALPHA},
    )
    for function, predictions, odds in (
        (categorical_focal_crossentropy, simplex, logits_of),
        (categorical_focal_crossentropy_with_logits, reals, odds_of),
    )
    for targets, gamma in ((labels, 0.5), (simplex, 3.0))
]
