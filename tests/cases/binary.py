"""Rows of the crossentropies of two classes."""

import numpy as np
from lazy import jnp, optax

from cases.case import Case, binary, probabilities, reals, signs, with_torch
from objectives.losses.binary import binary_crossentropy, binary_crossentropy_with_logits, logistic_loss

POS_WEIGHTS = np.array([0.5, 2.0, 1.0, 4.0, 3.0])


def logits_of(p):
    return jnp.log(p) - jnp.log1p(-p)


def weighted_sigmoid_crossentropy(z, t, *, pos_weight=1.0):
    positive, negative = optax.sigmoid_binary_cross_entropy(z, 1.0), optax.sigmoid_binary_cross_entropy(z, 0.0)
    return pos_weight * t * positive + (1 - t) * negative


def soft_margin_loss(z, t):
    import torch

    return torch.nn.functional.soft_margin_loss(z, t.to(z.dtype), reduction="none")


CASES = [
    Case(
        binary_crossentropy,
        probabilities,
        binary,
        lambda p, t: optax.sigmoid_binary_cross_entropy(logits_of(p), t.astype("float64")),
        torch=with_torch("binary_cross_entropy"),
        best=lambda t: t,
    ),
    Case(
        binary_crossentropy,
        probabilities,
        probabilities,
        lambda p, t: optax.sigmoid_binary_cross_entropy(logits_of(p), t),
        torch=with_torch("binary_cross_entropy"),
        target_gradient=True,
        best=lambda t: t,
    ),
    Case(
        binary_crossentropy,
        probabilities,
        probabilities,
        lambda p, t: weighted_sigmoid_crossentropy(logits_of(p), 0.8 * t + 0.1, pos_weight=POS_WEIGHTS),
        options={"pos_weight": POS_WEIGHTS, "label_smoothing": 0.2},
    ),
    Case(
        binary_crossentropy_with_logits,
        reals,
        binary,
        lambda z, t: optax.sigmoid_binary_cross_entropy(z, t.astype("float64")),
        torch=with_torch("binary_cross_entropy_with_logits"),
        best=lambda t: 1e3 * (2.0 * t - 1),
    ),
    Case(
        binary_crossentropy_with_logits,
        reals,
        probabilities,
        lambda z, t: weighted_sigmoid_crossentropy(z, t, pos_weight=POS_WEIGHTS),
        options={"pos_weight": POS_WEIGHTS},
        torch=with_torch("binary_cross_entropy_with_logits", pos_weight=POS_WEIGHTS),
        target_gradient=True,
    ),
    Case(
        binary_crossentropy_with_logits,
        reals,
        binary,
        lambda z, t: optax.sigmoid_binary_cross_entropy(z, 0.7 * t + 0.15),
        options={"label_smoothing": 0.3},
    ),
    Case(
        logistic_loss,
        reals,
        binary,
        lambda z, t: optax.sigmoid_binary_cross_entropy(z, t.astype("float64")),
        torch=lambda z, t: soft_margin_loss(z, 2 * t - 1),
        best=lambda t: 1e3 * (2.0 * t - 1),
    ),
    Case(
        logistic_loss,
        reals,
        signs,
        lambda z, t: optax.sigmoid_binary_cross_entropy(z, (t + 1) / 2.0),
        options={"binary": False},
        torch=soft_margin_loss,
        best=lambda t: 1e3 * t,
    ),
]
