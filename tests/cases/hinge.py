"""Rows of the margin losses."""

import numpy as np
from lazy import jax, jnp, optax

from cases.case import CLASSES, Case, binary, labels, one_hot, probabilities, reals, signs, simplex, with_torch
from objectives.losses.hinge import binary_hinge_loss, perceptron_loss, squared_hinge_loss
from objectives.losses.multiclass_hinge import (
    categorical_hinge_loss,
    multi_margin_loss,
    multiclass_hinge_loss,
    multiclass_perceptron_loss,
    multilabel_margin_loss,
    one_vs_all_hinge_loss,
)

WEIGHTS = np.array([0.5, 2.0, 1.0, 0.0, 3.0])


def hot(t, z):
    return jax.nn.one_hot(t, z.shape[-1]) if t.ndim < z.ndim else t


def multi_margin(p=1, margin=1.0, weights=(1, 1, 1, 1, 1)):
    """The sum over all classes, minus the known term of the target."""

    def reference(z, t):
        t = hot(t, z)
        lead = jnp.einsum("...c,...c->...", z, t)[..., None] - z
        every = (margin * optax.hinge_loss(lead / margin, 1.0)) ** p
        return jnp.dot(t, jnp.asarray(weights)) * (every.sum(-1) - margin**p) / z.shape[-1]

    return reference


def floored(z, t):
    """The multiclass hinge loss with one class more, of score 0."""
    y = t if t.ndim < z.ndim else t.argmax(-1)
    return optax.losses.multiclass_hinge_loss(jnp.concatenate([z, 0 * z[..., :1]], -1), y)


def class_by_class(margin):
    """The greatest of the losses that each class alone would give."""

    def reference(z, t):
        right = jnp.einsum("...c,...c->...", t, z)
        losses = [margin + z[..., c] - t[..., c] * z[..., c] - right for c in range(z.shape[-1])]
        return jnp.stack([*losses, 0 * right], -1).max(-1)

    return reference


def multilabel_margin(z, t):
    """Pair by pair of classes."""
    num_classes = z.shape[-1]
    loss = 0
    for j in range(num_classes):
        for k in range(num_classes):
            counts = (t[..., j] == 1) & (t[..., k] == 0)
            loss += jnp.where(counts, optax.hinge_loss(z[..., j] - z[..., k], 1.0), 0) / num_classes
    return loss


def torch_multilabel_margin(z, t):
    """PyTorch's loss, from lists of class indices."""
    import torch

    lists = torch.full(t.shape, -1)
    for item in np.ndindex(*t.shape[:-1]):
        listed = torch.nonzero(t[item])[:, 0]
        lists[item][: len(listed)] = listed
    return torch.nn.functional.multilabel_margin_loss(z, lists, reduction="none")


def ahead(scale):
    """Scores that put the target classes ahead by ``scale``."""

    def best(t):
        return scale * (t if t.ndim > 1 else np.eye(CLASSES)[t])

    return best


CASES = [
    Case(
        binary_hinge_loss,
        reals,
        binary,
        lambda z, t: optax.hinge_loss(z, 2.0 * t - 1),
        {"log_odds": True},
        best=lambda t: 2.0 * t - 1,
    ),
    Case(
        binary_hinge_loss,
        reals,
        signs,
        lambda z, t: 2 * optax.hinge_loss(z / 2, t.astype("float64")),
        {"log_odds": True, "binary": False, "delta": 2},
        best=lambda t: 2.0 * t,
    ),
    Case(
        binary_hinge_loss,
        probabilities,
        binary,
        lambda p, t: optax.hinge_loss(jnp.log(p) - jnp.log1p(-p), 2.0 * t - 1),
        {"log_odds": False},
        differs={"convex": False},
        best=lambda t: t,
    ),
    Case(categorical_hinge_loss, reals, labels, floored, best=ahead(1.0)),
    Case(categorical_hinge_loss, reals, one_hot, floored, best=ahead(1.0)),
    Case(
        categorical_hinge_loss,
        reals,
        simplex,
        class_by_class(2.0),
        {"margin": 2.0},
        best=lambda t: np.ones_like(t) * 2 / t.min(-1, keepdims=True),
    ),
    Case(multiclass_hinge_loss, reals, labels, optax.losses.multiclass_hinge_loss, best=ahead(1.0)),
    Case(
        multiclass_hinge_loss,
        reals,
        one_hot,
        lambda z, t: 3 * optax.losses.multiclass_hinge_loss(z / 3, t.argmax(-1)),
        {"delta": 3},
        best=ahead(3.0),
    ),
    Case(
        squared_hinge_loss,
        reals,
        binary,
        lambda z, t: optax.hinge_loss(z, 2.0 * t - 1) ** 2,
        best=lambda t: 2.0 * t - 1,
    ),
    Case(
        squared_hinge_loss,
        reals,
        signs,
        lambda z, t: 4 * optax.hinge_loss(z / 2, t.astype("float64")) ** 2,
        {"binary": False, "margin": 2},
        best=lambda t: 2.0 * t,
    ),
    Case(
        perceptron_loss,
        reals,
        binary,
        lambda z, t: optax.losses.perceptron_loss(z, 2.0 * t - 1),
        best=lambda t: 0.0 * t,
    ),
    Case(
        perceptron_loss,
        reals,
        signs,
        lambda z, t: optax.losses.perceptron_loss(z, 1.0 * t),
        {"binary": False},
        best=lambda t: 0.0 * t,
    ),
    Case(multiclass_perceptron_loss, reals, labels, optax.losses.multiclass_perceptron_loss, best=ahead(0.0)),
    Case(
        multiclass_perceptron_loss,
        reals,
        one_hot,
        lambda z, t: optax.losses.multiclass_perceptron_loss(z, t.argmax(-1)),
        best=ahead(0.0),
    ),
    Case(multi_margin_loss, reals, labels, multi_margin(), torch=with_torch("multi_margin_loss"), best=ahead(1.0)),
    Case(multi_margin_loss, reals, one_hot, multi_margin(p=2), {"power": 2}, differs={"smooth": True}, best=ahead(1.0)),
    Case(
        multi_margin_loss,
        reals,
        labels,
        multi_margin(2, 1.5, WEIGHTS),
        {"power": 2, "margin": 1.5, "class_weights": WEIGHTS},
        torch=with_torch("multi_margin_loss", p=2, margin=1.5, weight=WEIGHTS),
        differs={"smooth": True},
        best=ahead(1.5),
    ),
    Case(
        one_vs_all_hinge_loss,
        reals,
        labels,
        lambda z, t: optax.hinge_loss(z, 2 * hot(t, z) - 1),
        mask_per="item",
        best=lambda t: 2 * np.eye(CLASSES)[t] - 1,
    ),
    Case(
        one_vs_all_hinge_loss,
        reals,
        one_hot,
        lambda z, t: 3 * optax.hinge_loss(z / 3, 2.0 * t - 1),
        {"margin": 3},
        mask_per="item",
        best=lambda t: 3 * (2.0 * t - 1),
    ),
    Case(
        multilabel_margin_loss,
        reals,
        binary,
        multilabel_margin,
        torch=torch_multilabel_margin,
        best=ahead(1.0),
    ),
]
