"""Rows of the overlap losses."""

import numpy as np
from lazy import jax, jnp, optax, special

from cases.case import Case, labels, one_hot, probabilities
from objectives.losses.overlap import dice_loss, generalized_dice_loss, iou_loss, tversky_loss

logit = special.logit


def pixelwise(loss):
    """The reference; with a mask it gets one item after the other, without masked pixels."""

    def reference(p, t, *, mask=None):
        t = jax.nn.one_hot(t, p.shape[-1], dtype="float64") if t.ndim < p.ndim else 1.0 * t
        if mask is None:
            return loss(p, t)
        return jnp.concatenate([loss(p[i][m][None], t[i][m][None]) for i, m in enumerate(mask)])

    return reference


def with_optax(**options):
    """Each class as a binary segmentation, in which the sigmoid undoes our log odds."""

    def loss(p, t):
        z, t = (jnp.moveaxis(x, -1, 1)[..., None] for x in (logit(p), t))
        return optax.losses.dice_loss(z, t, axis=2, reduction="none", **options)[..., 0]

    return pixelwise(loss)


def generalized(power, smooth=0.0):
    """Sudre's formula, item by item; absent classes get the largest weight."""

    def item(p, t):
        size = t.sum(0)
        there = np.flatnonzero(jax.lax.stop_gradient(size))
        greatest = (size[there] ** -power).max() if len(there) else 1.0
        w = jnp.stack([size[c] ** -power if c in there else greatest for c in range(len(size))])
        if len(p) == 0:
            return 0.0 * p.sum()
        overlap, total = jnp.einsum("c,ic,ic->", w, p, t), jnp.einsum("c,ic->", w, p + t)
        return 1 - (overlap + smooth) / (total / 2 + smooth)

    return pixelwise(lambda p, t: jnp.stack([item(*pair) for pair in zip(p, t, strict=True)]))


def hot(t):
    return np.eye(5)[t] if t.ndim == 2 else t


def rows(function, reference, options=None, *, pools="class", targets=(labels, one_hot)):
    return [
        Case(
            function,
            probabilities,
            drawn,
            reference,
            options or {},
            pools=pools,
            target_gradient=drawn is probabilities,
            leading_dimensions=False,
            axis_moves=False,
            best=hot if drawn in (labels, one_hot) else None,
        )
        for drawn in targets
    ]


EVERY = (labels, one_hot, probabilities)
CASES = [
    *rows(dice_loss, with_optax(), targets=EVERY),
    *rows(dice_loss, with_optax(smooth=1e-3), {"smooth": 1e-3}, targets=(one_hot,)),
    *rows(iou_loss, with_optax(alpha=1, beta=1), targets=EVERY),
    *rows(
        tversky_loss,
        with_optax(alpha=0.3, beta=0.7, smooth=0.5),
        {"alpha": 0.3, "beta": 0.7, "smooth": 0.5},
        targets=EVERY,
    ),
    *rows(generalized_dice_loss, generalized(2), pools="item", targets=EVERY),
    *rows(
        generalized_dice_loss,
        generalized(1, 0.1),
        {"class_weighting": "simple", "smooth": 0.1},
        pools="item",
        targets=EVERY,
    ),
    *rows(generalized_dice_loss, generalized(0), {"class_weighting": "uniform"}, pools="item", targets=EVERY),
]
