"""Rows of the variational objectives.

The references know no formula of a divergence: expectations over the latent code are Gauss-Hermite sums, exact for
the logarithm of a normal density, and the pieces' clusters are enumerated.
"""

from functools import partial
from itertools import permutations, product

import numpy as np
from lazy import jax, jnp, stats

from cases.case import Case, reals
from objectives.losses.gaussian_mixture import fgmm_vae_loss, vae_comp_gmm_loss, vae_gmm_loss
from objectives.losses.variational import vae_loss

softmax = jax.nn.softmax
norm = stats.norm

LATENT, CLUSTERS, PIECES, FACTORS = 3, 4, 2, 2
NODES, WEIGHTS = np.polynomial.hermite.hermgauss(3)


def density(x, mean, log_variance):
    """Logarithm of the normal density, over the last axis."""
    return norm.logpdf(x, mean, jnp.exp(log_variance / 2)).sum(-1)


def mean_density(mean, log_variance, *of):
    """The mean of another normal distribution's log-density under this one."""
    at = [density(mean + x * jnp.sqrt(2.0) * jnp.exp(log_variance / 2), *of) for x in NODES]
    return sum(w * d for w, d in zip(WEIGHTS / np.sqrt(np.pi), at, strict=True))


def negative_bound(expected, x, xh, observation_log_variance, mean, log_variance):
    """Less the expected log-densities of everything but the observation, which are given."""
    return mean_density(mean, log_variance, mean, log_variance) - density(x, xh, observation_log_variance) - expected


def vae(xh, x, *, z_mean, z_log_variance, prior_mean=0.0, prior_log_variance=0.0, observation_log_variance=0.0):
    prior = mean_density(z_mean, z_log_variance, prior_mean, prior_log_variance)
    return negative_bound(prior, x, xh, observation_log_variance, z_mean, z_log_variance)


vae_at_half = partial(vae, observation_log_variance=-0.5)


def comp_gmm(responsibilities):
    """All combinations of the pieces' clusters as one large mixture."""

    def reference(
        xh,
        x,
        *,
        z_mean,
        z_log_variance,
        cluster_mean,
        cluster_log_variance,
        cluster_log_prior,
        observation_log_variance=0.0,
    ):
        pieces, clusters = cluster_log_prior.shape
        expected, at_mean = [], []
        for chosen in product(range(clusters), repeat=pieces):
            picked = np.arange(pieces), np.array(chosen)
            cluster = cluster_mean[picked], cluster_log_variance[picked]
            prior = cluster_log_prior[picked].sum()
            expected.append(prior + mean_density(z_mean, z_log_variance, *cluster).sum(-1))
            at_mean.append(prior + density(z_mean, *cluster).sum(-1))
        expected, at_mean = jnp.stack(expected, -1), jnp.stack(at_mean, -1)
        gamma = softmax(expected if responsibilities == "optimal" else at_mean, -1)
        bound = (gamma * (expected - jnp.log(gamma))).sum(-1)
        flat = [a.reshape((*a.shape[:-2], pieces * LATENT)) for a in (z_mean, z_log_variance)]
        return negative_bound(bound, x, xh, observation_log_variance, *flat)

    return reference


def gmm(responsibilities):
    def reference(xh, x, *, observation_log_variance=0.0, z_mean, z_log_variance, **clusters):
        clusters = {name: a[None] for name, a in clusters.items()}
        z = {"z_mean": z_mean[..., None, :], "z_log_variance": z_log_variance[..., None, :]}
        return comp_gmm(responsibilities)(xh, x, observation_log_variance=observation_log_variance, **z, **clusters)

    return reference


def fgmm(factors):
    """Term by term, with the products of each pair of factors."""

    def reference(
        xh,
        x,
        *,
        z_mean,
        z_log_variance,
        cluster_log_probabilities,
        factor_log_probabilities,
        cluster_mean,
        cluster_log_prior,
        factor_log_prior,
        prior_log_variance=0.0,
        observation_log_variance=0.0,
    ):
        gamma, eta = jnp.exp(cluster_log_probabilities), jnp.exp(factor_log_probabilities)
        rho, v = jnp.exp(factor_log_prior), jnp.exp(prior_log_variance) * jnp.ones(LATENT)
        bound = mean_density(z_mean, z_log_variance, 0.0, prior_log_variance)
        bound += jnp.einsum("...f,...fc,fck,...k->...", eta, gamma, cluster_mean, z_mean / v)
        bound -= jnp.einsum("...f,...fc,fck,k->...", eta, gamma, cluster_mean**2, 1 / v) / 2
        bound += (gamma * (cluster_log_prior - cluster_log_probabilities)).sum((-2, -1))
        bound += (eta * (factor_log_prior - factor_log_probabilities)).sum(-1)
        if factors == "bernoulli":
            bound += ((1 - eta) * (jnp.log1p(-rho) - jnp.log1p(-eta))).sum(-1)
            m = jnp.einsum("...f,...fc,fck->...fk", eta, gamma, cluster_mean)
            for f, g in permutations(range(FACTORS), 2):
                bound -= (m[..., f, :] * m[..., g, :] / v).sum(-1) / 2
        return negative_bound(bound, x, xh, observation_log_variance, z_mean, z_log_variance)

    return reference


def latent(rng, shape):
    return rng.normal(scale=1.5, size=(*shape[:-1], LATENT))


def latent_spread(rng, shape):
    return rng.normal(scale=0.7, size=(*shape[:-1], LATENT))


def pieces(rng, shape):
    return rng.normal(scale=1.5, size=(*shape[:-1], PIECES, LATENT))


def pieces_spread(rng, shape):
    return rng.normal(scale=0.7, size=(*shape[:-1], PIECES, LATENT))


def parameters(*own, scale=1.5):
    def parameter(rng, shape):
        return rng.normal(scale=scale, size=own)

    return parameter


def spreads(rng, shape):
    return rng.normal(scale=0.7, size=shape)


def simplexes(*own, items=False):
    def log_probabilities(rng, shape):
        lead = shape[:-1] if items else ()
        return np.log(rng.dirichlet(np.ones(own[-1]), size=(*lead, *own[:-1])))

    return log_probabilities


def log_shares(*own, items=False):
    def log_probabilities(rng, shape):
        return np.log(rng.uniform(0.05, 0.95, size=(*(shape[:-1] if items else ()), *own)))

    return log_probabilities


POSTERIOR = {"z_mean": latent, "z_log_variance": latent_spread}
GMM = POSTERIOR | {
    "cluster_mean": parameters(CLUSTERS, LATENT),
    "cluster_log_variance": parameters(CLUSTERS, LATENT, scale=0.7),
    "cluster_log_prior": simplexes(CLUSTERS),
}
COMP_GMM = {
    "z_mean": pieces,
    "z_log_variance": pieces_spread,
    "cluster_mean": parameters(PIECES, CLUSTERS, LATENT),
    "cluster_log_variance": parameters(PIECES, CLUSTERS, LATENT, scale=0.7),
    "cluster_log_prior": simplexes(PIECES, CLUSTERS),
}
OBSERVATION = {"observation_log_variance": spreads}


def factorial(log_probabilities):
    return POSTERIOR | {
        "cluster_log_probabilities": simplexes(FACTORS, CLUSTERS, items=True),
        "factor_log_probabilities": log_probabilities(FACTORS, items=True),
        "cluster_mean": parameters(FACTORS, CLUSTERS, LATENT),
        "cluster_log_prior": simplexes(FACTORS, CLUSTERS),
        "factor_log_prior": log_probabilities(FACTORS),
    }


def row(function, reference, extras, **options):
    return Case(
        function,
        reals,
        reals,
        reference,
        options,
        extras,
        target_gradient=True,
        best=lambda targets, **extras: targets,
    )


PRIOR = {"prior_mean": latent, "prior_log_variance": latent_spread}
SHARED_PRIOR = {"prior_log_variance": parameters(LATENT, scale=0.7)}

CASES = [
    row(vae_loss, vae, POSTERIOR),
    row(vae_loss, vae_at_half, POSTERIOR | PRIOR, observation_log_variance=-0.5),
    row(vae_gmm_loss, gmm("optimal"), GMM | OBSERVATION),
    row(vae_gmm_loss, gmm("mean"), GMM, responsibilities="mean"),
    row(vae_comp_gmm_loss, comp_gmm("optimal"), COMP_GMM | OBSERVATION),
    row(vae_comp_gmm_loss, comp_gmm("mean"), COMP_GMM, responsibilities="mean"),
    row(fgmm_vae_loss, fgmm("bernoulli"), factorial(log_shares)),
    row(fgmm_vae_loss, fgmm("bernoulli"), factorial(log_shares) | SHARED_PRIOR | OBSERVATION, factors="bernoulli"),
    row(fgmm_vae_loss, fgmm("categorical"), factorial(simplexes), factors="categorical"),
]
