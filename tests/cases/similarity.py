"""Rows of similarities and distances between vectors."""

import numpy as np
from lazy import jnp, optax

from cases.case import Case, reals
from objectives.losses.similarity import cosine_distance, cosine_similarity, pairwise_distance


def of_torch(name, **options):
    """The torch.nn.functional of this name, of vectors, which has no reduction."""

    def function(a, b):
        import torch

        return getattr(torch.nn.functional, name)(a, b, **options)

    return function


def across_the_origin(rng, shape):
    """Vectors, the last of which is on one line with all others that are drawn, so that its norm shows the kink."""
    x = reals(rng, shape)
    last = x.reshape(-1, shape[-1])[-1:]
    last[:] = last[:, :1]
    return x


def with_the_origin(rng, shape):
    x = reals(rng, shape)
    x.reshape(-1, shape[-1])[-1:] = 0
    return x


CASES = [
    Case(
        cosine_similarity,
        reals,
        reals,
        optax.losses.cosine_similarity,
        torch=of_torch("cosine_similarity", dim=-1),
        target_gradient=True,
        best=lambda targets: -targets,
    ),
    # longer than most vectors, so that the bound decides
    Case(
        cosine_similarity,
        reals,
        reals,
        lambda a, b: jnp.vecdot(*(v / jnp.linalg.norm(v, axis=-1, keepdims=True).clip(4.5) for v in (a, b))),
        options={"epsilon": 4.5},
        target_gradient=True,
        differs={"smooth": False},
    ),
    Case(
        cosine_distance,
        reals,
        reals,
        optax.losses.cosine_distance,
        target_gradient=True,
        best=lambda targets: 3 * targets,
    ),
]
CASES += [
    Case(
        pairwise_distance,
        # the largest difference has a kink where two are equal
        across_the_origin if order < np.inf else reals,
        with_the_origin if order < np.inf else reals,
        lambda a, b, order=order, eps=eps: jnp.linalg.norm(a - b + eps, ord=order, axis=-1),
        options=({} if order == 2 else {"p": order}) | ({} if eps == 1e-6 else {"epsilon": eps}),
        torch=of_torch("pairwise_distance", p=float(order), eps=eps),
        target_gradient=True,
        best=lambda targets, eps=eps: targets - eps,
    )
    for order, eps in ((2, 1e-6), (1, 1e-6), (3, 0.5), (1.5, 0), (np.inf, 1e-6))
]
