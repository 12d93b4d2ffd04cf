"""Rows of the divergences between distributions."""

import numpy as np
from lazy import jax, jnp, optax, special, stats

from cases.case import Case, one_hot, positives, reals, simplex
from objectives.losses.divergence import (
    generalized_kl_divergence,
    jensen_shannon_divergence,
    kl_divergence,
    kl_divergence_with_log_targets,
    kl_divergence_with_logits,
)
from objectives.losses.variational import gaussian_kl

log_softmax = jax.nn.log_softmax
entr, kl_div, rel_entr = special.entr, special.kl_div, special.rel_entr
norm = stats.norm

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(3)


def log_simplex(rng, shape):
    return np.log(simplex(rng, shape))


def log_variances(rng, shape):
    return reals(rng, shape) / 2


def itself(t):
    return t


def of_torch(log_predictions, **options):
    """PyTorch's divergence, which takes log-probabilities."""

    def function(p, t):
        import torch

        return torch.nn.functional.kl_div(log_predictions(torch, p), t, reduction="none", **options).sum(-1)

    return function


def by_entropies(p, t):
    """The entropy of the mixture less the mean entropy of the two."""
    return (entr((p + t) / 2) - entr(p) / 2 - entr(t) / 2).sum(axis=-1)


def expected_difference(mean, log_variance, prior_mean=0.0, prior_log_variance=0.0):
    """The mean of the difference of two normal log-densities, by a quadrature that is exact for squares."""
    deviation = jnp.exp(log_variance / 2)
    terms = [
        norm.logpdf(mean + x * deviation, mean, deviation)
        - norm.logpdf(mean + x * deviation, prior_mean, jnp.exp(prior_log_variance / 2))
        for x in NODES
    ]
    return sum(w * term for w, term in zip(WEIGHTS / WEIGHTS.sum(), terms, strict=True)).sum(axis=-1)


def torch_gaussian_kl(mean, log_variance, prior_mean=None, prior_log_variance=None):
    from torch.distributions import Normal, kl_divergence

    prior = Normal(0.0, 1.0) if prior_mean is None else Normal(prior_mean, (prior_log_variance / 2).exp())
    return kl_divergence(Normal(mean, (log_variance / 2).exp()), prior).sum(-1)


CASES = [
    Case(
        kl_divergence,
        simplex,
        simplex,
        lambda p, t: rel_entr(t, p).sum(axis=-1),
        torch=of_torch(lambda torch, p: p.log()),
        target_gradient=True,
        best=itself,
    ),
    Case(kl_divergence, simplex, one_hot, lambda p, t: -(t * jnp.log(p)).sum(axis=-1)),
    Case(
        kl_divergence_with_logits,
        reals,
        simplex,
        lambda z, t: optax.losses.kl_divergence(log_softmax(z), t),
        torch=of_torch(lambda torch, z: z.log_softmax(-1)),
        target_gradient=True,
        best=np.log,
    ),
    Case(
        kl_divergence_with_log_targets,
        log_simplex,
        log_simplex,
        optax.losses.kl_divergence_with_log_targets,
        torch=of_torch(lambda torch, p: p, log_target=True),
        target_gradient=True,
        best=itself,
    ),
    Case(
        generalized_kl_divergence,
        positives,
        positives,
        lambda p, t: kl_div(t, p).sum(axis=-1),
        target_gradient=True,
        best=itself,
    ),
    Case(jensen_shannon_divergence, simplex, simplex, by_entropies, target_gradient=True, best=itself),
    Case(
        gaussian_kl,
        reals,
        reals,
        expected_difference,
        torch=torch_gaussian_kl,
        target_gradient=True,
        best=np.zeros_like,
    ),
    Case(
        gaussian_kl,
        reals,
        log_variances,
        expected_difference,
        extras={"prior_mean": reals, "prior_log_variance": log_variances},
        torch=torch_gaussian_kl,
        target_gradient=True,
        best=lambda log_variance, prior_mean, prior_log_variance: prior_mean,
    ),
]
