"""Rows of the ranking losses."""

import numpy as np
from lazy import jax, jnp, optax

from cases.case import Case, binary, counts, each_item, positives, reals, signs, with_torch
from objectives.losses.ranking import (
    margin_ranking_loss,
    pairwise_logistic_loss,
    ranking_softmax_loss,
    wmw_auc_loss,
)


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


def discounts(order, mask, top_k):
    """One over the binary logarithm of the rank plus 1, by comparing each entry with each, in order."""
    entries = range(order.shape[-1])
    found = []
    for i in entries:
        before = [(order[..., j] >= order[..., i]) if j < i else (order[..., j] > order[..., i]) for j in entries]
        rank = 1.0 + sum(mask[..., j] & before[j] for j in entries if j != i)
        found.append(jnp.where(rank <= top_k, 1 / jnp.log2(rank + 1), 0.0))
    return found


def pair_after_pair(measure=None, top_k=99, gains=lambda y: y):
    """LambdaRank for "dcg" and "ndcg", else RankNet."""

    def reference(s, y, *, weights=None, mask=None):
        mask, w = (np.ones(s.shape, bool) if mask is None else mask), (1.0 + 0 * s if weights is None else weights)
        order = jax.lax.stop_gradient(s)
        g, by_score, by_gain = gains(1.0 * y), discounts(order, mask, top_k), discounts(y, mask, top_k)
        entries = range(s.shape[-1])
        best = sum(jnp.where(mask[..., i], g[..., i] * by_gain[i], 0.0) for i in entries)
        total = 0 * s.sum(axis=-1)
        for i in entries:
            for j in entries:
                pair = mask[..., i] & mask[..., j] & (y[..., i] > y[..., j])
                change = jnp.abs((g[..., i] - g[..., j]) * (by_score[i] - by_score[j])) if measure else 1.0
                change = change / jnp.where(best > 0, best, 1.0) if measure == "ndcg" else change
                total += jnp.where(pair, w[..., i] * change * jnp.logaddexp(0.0, s[..., j] - s[..., i]), 0.0)
        return total

    return reference


LAMBDA_RANK = {"convex": False, "smooth": False}

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
    Case(pairwise_logistic_loss, reals, counts, pair_after_pair(), mask_per="element", best=lambda y: 1e4 * y),
    Case(
        pairwise_logistic_loss,
        reals,
        positives,
        pair_after_pair("ndcg"),
        {"lambda_weights": "ndcg"},
        extras={"weights": positives},
        mask_per="element",
        differs=LAMBDA_RANK,
        best=lambda y, weights: 1e4 * y,
    ),
    Case(
        pairwise_logistic_loss,
        reals,
        counts,
        pair_after_pair("dcg", 3, lambda y: 2.0**y - 1),
        {"lambda_weights": "dcg", "top_k": 3, "gain": "exponential"},
        mask_per="element",
        differs=LAMBDA_RANK,
        best=lambda y: 1e4 * y,
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
