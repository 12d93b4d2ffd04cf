"""Rows of the margin crossentropies of cosines."""

import numpy as np
from lazy import jnp

from cases.case import CLASSES, Case, labels, one_hot
from objectives.losses.angular import arcface_loss, cosface_loss


def cosines(rng, shape):
    return rng.uniform(-0.98, 0.98, size=shape)


def item_by_item(lowered, gamma=64.0):
    """The negative logarithm of the target's share of the sum, which the papers write, from lowered cosines."""

    def loss(c, y):
        shares = [jnp.exp(gamma * (lowered(c[j]) if j == y else c[j])) for j in range(len(c))]
        return jnp.log(sum(shares)) - jnp.log(shares[y])

    def reference(c, t):
        t = t if t.ndim < c.ndim else t.argmax(-1)
        rows = [loss(row, y) for row, y in zip(c.reshape(-1, c.shape[-1]), np.ravel(t), strict=True)]
        return jnp.array(rows, "float64").reshape(t.shape)

    return reference


def angle(margin):
    def lowered(c):
        theta = jnp.arccos(c)
        return jnp.where(theta > np.pi - margin, jnp.cos(theta) - margin * np.sin(margin), jnp.cos(theta + margin))

    return lowered


def torch_angle(margin):
    def lowered(torch, c):
        turned = torch.cos(torch.acos(c) + margin)
        return torch.where(c > np.cos(np.pi - margin), turned, c - margin * np.sin(np.pi - margin))

    return lowered


def with_torch(lower, gamma=64.0):
    """Logits changed in place at the target classes, and PyTorch's crossentropy of them."""

    def reference(c, t):
        import torch

        index = t if t.ndim < c.ndim else t.argmax(-1)
        rows, labels = c.reshape(-1, c.shape[-1]), index.reshape(-1)
        lowered = lower(torch, rows.gather(1, labels[:, None]))
        z = gamma * rows.scatter(1, labels[:, None], lowered)
        return torch.nn.functional.cross_entropy(z, labels, reduction="none").reshape(index.shape)

    return reference


def aligned(t):
    return 2 * (np.eye(CLASSES)[t] if t.ndim < 2 else t) - 1


def rows(function, lowered, other, options):
    """With the numbers of the paper, and with others."""
    return [
        Case(
            function,
            cosines,
            labels,
            item_by_item(lowered(options[0])),
            torch=with_torch(other(options[0])),
            best=aligned,
        ),
        Case(
            function,
            cosines,
            one_hot,
            item_by_item(lowered(options[1]), 4.0),
            {"margin": options[1], "gamma": 4.0},
            torch=with_torch(other(options[1]), 4.0),
            best=aligned,
        ),
    ]


CASES = [
    *rows(arcface_loss, angle, torch_angle, (0.5, 1.0)),
    *rows(cosface_loss, lambda m: lambda c: c - m, lambda m: lambda torch, c: c - m, (0.35, 0.1)),
]
