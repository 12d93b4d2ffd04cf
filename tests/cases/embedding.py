"""Rows of losses of pairs and triplets of embeddings."""

from lazy import jnp, optax

from cases.case import Case, binary, each_item, positives, reals, signs, with_torch
from objectives.losses.embedding import (
    contrastive_loss,
    cosine_embedding_loss,
    hinge_embedding_loss,
    triplet_loss,
    triplet_margin_loss,
)
from objectives.losses.similarity import cosine_distance

TORCH = {"epsilon": "eps"}


def hinge_below(x, margin):
    return optax.hinge_loss(x - margin + 1, 1.0)


def contrastive(d, t, margin):
    """As in the paper: a target of 1 is a similar pair."""
    return t * d**2 / 2 + (1 - t) * hinge_below(d, margin) ** 2 / 2


def cosine_embedding(a, b, targets, margin):
    cosine = optax.losses.cosine_similarity(a, b)
    return jnp.where(targets == 1, 1 - cosine, hinge_below(-cosine, -margin))


def squared_triplet(a, p, negative, margin):
    """Expanded, where the squared anchor cancels."""
    lead = 2 * jnp.vecdot(a, p - negative) + jnp.vecdot(negative, negative) - jnp.vecdot(p, p)
    return hinge_below(lead, margin)


def triplet(order, *, margin=1.0, epsilon=1e-6, swap=False):
    def reference(a, p, negative):
        near, far, other = (
            jnp.linalg.norm(u - v + epsilon, ord=order, axis=-1) for u, v in ((a, p), (a, negative), (p, negative))
        )
        return hinge_below((jnp.minimum(far, other) if swap else far) - near, margin)

    return reference


CASES = [
    Case(
        contrastive_loss,
        positives,
        binary,
        lambda d, t, margin=margin: contrastive(d, t, margin),
        options={} if margin == 1 else {"margin": margin},
        best=lambda targets, margin=margin: (targets <= 0) * margin,
    )
    for margin in (1, 2.5)
]
CASES += [
    Case(
        hinge_embedding_loss,
        positives,
        signs,
        lambda d, t, margin=margin: jnp.where(t == 1, d, hinge_below(d, margin)),
        options={} if margin == 1 else {"margin": margin},
        torch=with_torch("hinge_embedding_loss", margin=margin),
        best=lambda targets, margin=margin: (targets < 0) * margin,
    )
    for margin in (1, 2.5)
]
CASES += [
    Case(
        cosine_embedding_loss,
        reals,
        reals,
        lambda a, b, targets, margin=margin: cosine_embedding(a, b, targets, margin),
        options={} if margin == 0 else {"margin": margin},
        extras={"targets": each_item(signs)},
        torch=with_torch("cosine_embedding_loss", margin=margin),
        target_gradient=True,
        best=lambda b, targets: b * targets[..., None],
    )
    for margin in (0, -0.4)
]
CASES += [
    Case(
        triplet_loss,
        reals,
        reals,
        lambda a, p, negative, margin=margin: squared_triplet(a, p, negative, margin),
        options={} if margin == 1 else {"margin": margin},
        extras={"negative": reals},
        target_gradient=True,
        best=lambda p, negative: 1e3 * (p - negative),
    )
    for margin in (1, 12)
]
CASES += [
    Case(
        triplet_margin_loss,
        reals,
        reals,
        triplet(order, **options),
        options=({} if order == 2 else {"p": order}) | options,
        extras={"negative": reals},
        torch=with_torch(
            "triplet_margin_loss", p=order, **{TORCH.get(name, name): value for name, value in options.items()}
        ),
        target_gradient=True,
        best=lambda p, negative: p,
    )
    for order, options in ((2, {}), (1, {"margin": 3.0}), (3, {"swap": True, "margin": 2.5, "epsilon": 0.25}))
]
CASES += [
    Case(
        triplet_margin_loss,
        reals,
        reals,
        lambda a, p, negative: hinge_below(
            optax.losses.cosine_distance(a, negative) - optax.losses.cosine_distance(a, p), 1.0
        ),
        options={"distance": cosine_distance},
        extras={"negative": reals},
        target_gradient=True,
    )
]
