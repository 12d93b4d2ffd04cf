"""Rows of the ranking losses."""

import numpy as np
from lazy import jnp, optax

from cases.case import Case, binary, counts, each_item, positives, reals, signs, with_torch
from objectives.losses.ranking import margin_ranking_loss, ranking_softmax_loss, wmw_auc_loss


def ranking_softmax(s, y, *, weights=None, mask=None):
    """With a mask, list by list, of the entries that count."""
    if mask is None:
        return optax.losses.ranking_softmax_loss(s, y, weights=weights, reduce_fn=None)
    lists = [[None if x is None else x[i][mask[i]] for x in (s, y, weights)] for i in range(len(mask))]
    return jnp.stack([ranking_softmax(s, y, weights=w) if len(s) else 0 * s.sum() for s, y, w in lists])


def one_pair_after_the_other(margin, power):
    def reference(z, t):
        positive, negative = np.flatnonzero(t), np.flatnonzero(1 - t)
        pairs = [margin * optax.hinge_loss((z[i] - z[j]) / margin, 1.0) for i in positive for j in negative]
        return jnp.mean(jnp.stack(pairs) ** power) if pairs else 0 * z.sum()

    return reference


CASES = [
    Case(
        margin_ranking_loss,
        reals,
        reals,
        lambda a, b, targets: optax.losses.perceptron_loss(a - b, 1.0 * targets),
        extras={"targets": signs},
        torch=with_torch("margin_ranking_loss"),
        target_gradient=True,
        best=lambda b, targets: b + targets,
    ),
    Case(
        margin_ranking_loss,
        reals,
        reals,
        lambda a, b, targets: 0.7 * optax.hinge_loss((a - b) / 0.7, 1.0 * targets),
        {"margin": 0.7},
        extras={"targets": signs},
        torch=with_torch("margin_ranking_loss", margin=0.7),
        target_gradient=True,
        best=lambda b, targets: b + targets,
    ),
    Case(ranking_softmax_loss, reals, counts, ranking_softmax, mask_per="element"),
    Case(
        ranking_softmax_loss,
        reals,
        positives,
        ranking_softmax,
        extras={"weights": positives},
        target_gradient=True,
        mask_per="element",
        best=lambda y, weights: np.log(y * weights),
    ),
    Case(
        wmw_auc_loss,
        each_item(reals),
        each_item(binary),
        one_pair_after_the_other(0.2, 3),
        leading_dimensions=False,
        best=lambda t: 1.0 * t,
    ),
    Case(
        wmw_auc_loss,
        each_item(reals),
        each_item(binary),
        one_pair_after_the_other(2.5, 2.5),
        {"margin": 2.5, "power": 2.5},
        leading_dimensions=False,
        best=lambda t: 2.5 * t,
    ),
]
