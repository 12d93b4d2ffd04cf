"""Rows of the losses of sampled classes."""

import numpy as np
import scipy.optimize
from lazy import jax, jnp, optax

from cases.case import Case, reals
from cases.linear import WORDS, biases, labels_of_words, words
from objectives.losses.sampled import nce_loss, rank_sampled_softmax_loss, sampled_softmax_loss


def samples(rng, shape):
    """Some of them twice, and some of them targets."""
    return rng.integers(0, WORDS, size=4)


def different_samples(rng, shape):
    return rng.permutation(WORDS)[:4]


def counts_of_samples(rng, shape):
    return rng.uniform(0.2, 2, size=4)


def counts_of_targets(rng, shape):
    return rng.uniform(0.2, 2, size=shape[:-1])


def several(draw):
    """Three for each item."""

    def numbers(rng, shape):
        return draw(rng, (*shape[:-1], 3, shape[-1]))

    return numbers


def logits(h, w, targets, samples, biases=None, target_counts=None, sample_counts=None, *, hits):
    """Of all classes at first, of which those that are looked at are chosen; with the number of targets."""
    z = jnp.einsum("...d,vd->...v", h, w) + (0.0 if biases is None else biases)
    y = targets if targets.ndim == h.ndim else targets[..., None]
    chosen = jnp.concatenate([y, jnp.broadcast_to(samples, (*y.shape[:-1], len(samples)))], axis=-1)
    z = jnp.take_along_axis(z, chosen, axis=-1)
    if target_counts is not None:
        expected = [target_counts.reshape(y.shape), jnp.broadcast_to(sample_counts, (*y.shape[:-1], len(samples)))]
        z = z - jnp.log(jnp.concatenate(expected, axis=-1))
    n = y.shape[-1]
    is_hit = (chosen[..., None] == y[..., None, :]).any(axis=-1) & (np.arange(n + len(samples)) >= n)
    return jnp.where(is_hit & hits, -np.inf, z), n


def sampled_softmax(h, w, *, hits=True, **data):
    z, n = logits(h, w, **data, hits=hits)
    return sum(optax.softmax_cross_entropy_with_integer_labels(z, np.full(z.shape[:-1], j)) for j in range(n)) / n


def rank_sampled(h, w, *, samples, biases=0.0, sample_counts=None, kept=2, temperature=1.0, **data):
    z = (jnp.einsum("nd,vd->nv", h, w) + biases)[:, samples] / temperature
    kept = jnp.argsort(jax.nn.logsumexp(z, axis=0))[-kept:]
    data |= {} if sample_counts is None else {"biases": biases, "sample_counts": sample_counts[kept]}
    return sampled_softmax(h, w, samples=samples[kept], **data)


def nce(h, w, *, hits=False, **data):
    z, n = logits(h, w, **data, hits=hits)
    t = np.where(np.arange(z.shape[-1]) < n, 1 / n, 0)
    return jnp.where(jnp.isinf(z), 0, optax.sigmoid_binary_cross_entropy(jnp.where(jnp.isinf(z), 0, z), t)).sum(axis=-1)


def best_of_softmax(weights, targets, samples):
    return 1e3 * weights[targets]


def best_of_nce(weights, targets, samples):
    """Found by search, item by item: the loss is convex in the features."""

    def loss(h, y):
        return np.logaddexp(0, -weights[y] @ h) + np.logaddexp(0, weights[samples] @ h).sum()

    return np.stack([scipy.optimize.minimize(loss, np.zeros(weights.shape[1]), y).x for y in targets])


def row(function, reference, extras, best=None, theirs=None, coupled=False, known_lengths=(), **options):
    theirs = theirs or ({"hits": options["remove_accidental_hits"]} if options else {})
    return Case(
        function,
        reals,
        words,
        lambda h, w, **data: reference(h, w, **data, **theirs),
        options,
        {"targets": labels_of_words, "samples": samples, **extras},
        target_gradient=True,
        leading_dimensions=not coupled,
        coupled=coupled,
        axis_moves=False,
        known_lengths=known_lengths,
        best=best,
    )


COUNTED = {"biases": biases, "target_counts": counts_of_targets, "sample_counts": counts_of_samples}
MANY = {
    "biases": biases,
    "targets": several(labels_of_words),
    "target_counts": several(counts_of_targets),
    "sample_counts": counts_of_samples,
}
CASES = [
    row(sampled_softmax_loss, sampled_softmax, {}, best_of_softmax),
    row(sampled_softmax_loss, sampled_softmax, COUNTED, remove_accidental_hits=False),
    row(sampled_softmax_loss, sampled_softmax, MANY, known_lengths=("JAX",)),
    row(
        rank_sampled_softmax_loss,
        rank_sampled,
        {"samples": different_samples},
        best_of_softmax,
        {"kept": 2},
        coupled=True,
        num_resampled=2,
    ),
    row(
        rank_sampled_softmax_loss,
        rank_sampled,
        {**COUNTED, "samples": different_samples},
        None,
        {"kept": 3, "temperature": 0.5},
        coupled=True,
        num_resampled=3,
        temperature=0.5,
    ),
    row(nce_loss, nce, {}, best_of_nce),
    row(nce_loss, nce, COUNTED, remove_accidental_hits=True),
    row(nce_loss, nce, MANY, known_lengths=("JAX",)),
]
