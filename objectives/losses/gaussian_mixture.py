"""Losses of variational autoencoders whose prior is a mixture of Gaussian clusters.

They need only the divergence from the posterior to each cluster: the divergence to the mixture is the soft minimum.
"""

from typing import Literal

import pytensor.tensor as pt
from pytensor.tensor.special import softmax
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import log_sum_exp
from objectives._options import one_of
from objectives._typing import TensorLike
from objectives.lookup import LOG_PROBABILITIES, REALS, described
from objectives.losses._latent import (
    agree,
    discrete_divergence,
    distribution,
    gaussian_divergence,
    gaussian_entropy,
    gaussian_error,
    log_complement,
    log_probability,
    observation,
    per_feature,
    per_item,
    shared,
    variance_of_sum,
)
from objectives.losses._terms import finished

__all__ = ["fgmm_vae_loss", "vae_comp_gmm_loss", "vae_gmm_loss"]


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="target",
    reconstruction=REALS,
    targets=REALS,
    z_mean=REALS,
    z_log_variance=REALS,
    cluster_mean=REALS,
    cluster_log_variance=REALS,
    cluster_log_prior=LOG_PROBABILITIES,
)
def vae_gmm_loss(
    reconstruction: TensorLike,
    targets: TensorLike,
    z_mean: TensorLike,
    z_log_variance: TensorLike,
    cluster_mean: TensorLike,
    cluster_log_variance: TensorLike,
    cluster_log_prior: TensorLike,
    *,
    observation_log_variance: TensorLike = 0.0,
    responsibilities: Literal["optimal", "mean"] = "optimal",
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Negative ELBO of a variational autoencoder with a Gaussian mixture prior (VaDE), one number per item.

    Choose it over `vae_loss`, which has the same reconstruction error R, to cluster data without labels.

    .. math:: L = R + \sum_c \gamma_c \Bigl[\mathrm{KL}_c - \log \pi_c + \log \gamma_c\Bigr], \qquad
        \mathrm{KL}_c = \mathrm{KL}\bigl(N(\mu, e^s) \,\|\, N(m_c, e^{r_c})\bigr), \quad
        \min_\gamma L = R - \log \sum_c \pi_c e^{-\mathrm{KL}_c}

    Parameters
    ----------
    reconstruction, targets : tensor of float
        Decoded means and data (..., D), any real numbers.
    z_mean, z_log_variance : tensor
        Means :math:`\mu` and log-variances s (..., K) of the posterior.
    cluster_mean, cluster_log_variance, cluster_log_prior : tensor
        Means m and log-variances r (C, K) of the clusters, and their log-probabilities :math:`\log \pi` (C,).
    observation_log_variance : float or tensor
        Log-variance of the observations: a number, one per feature (D,), or (..., D).
    responsibilities : {"optimal", "mean"}
        :math:`\gamma_c \propto \pi_c e^{-\mathrm{KL}_c}`, which is optimal, or :math:`\pi_c N(\mu; m_c, e^{r_c})`.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), one per item; NaN if the sum of the prior probabilities differs from 1 by more than 1 %.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or options do not fit.

    References
    ----------
    .. [1] Jiang, Z. et al. (2017), "Variational deep embedding", arXiv:1611.05148

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import vae_gmm_loss
    >>> clusters = [[0.0], [3.0]], np.zeros((2, 1)), np.log([0.4, 0.6])
    >>> print(vae_gmm_loss([[1.0]], [[1.0]], [[3.0]], [[0.0]], *clusters).eval().round(4))
    [1.4224]
    """
    error, mask = observation(reconstruction, targets, observation_log_variance, mask)
    z = _posterior(z_mean, z_log_variance, "K", error, mask)
    clusters = _clusters(cluster_mean, cluster_log_variance, cluster_log_prior, "CK", error, z)
    return finished(error + _mixture_divergence(z, clusters, responsibilities), mask)


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="target",
    reconstruction=REALS,
    targets=REALS,
    z_mean=REALS,
    z_log_variance=REALS,
    cluster_mean=REALS,
    cluster_log_variance=REALS,
    cluster_log_prior=LOG_PROBABILITIES,
)
def vae_comp_gmm_loss(
    reconstruction: TensorLike,
    targets: TensorLike,
    z_mean: TensorLike,
    z_log_variance: TensorLike,
    cluster_mean: TensorLike,
    cluster_log_variance: TensorLike,
    cluster_log_prior: TensorLike,
    *,
    observation_log_variance: TensorLike = 0.0,
    responsibilities: Literal["optimal", "mean"] = "optimal",
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Negative ELBO of a variational autoencoder with a Gaussian mixture prior for each piece of the latent code.

    Choose it over `vae_gmm_loss` for several independent kinds of clusters: I pieces with C clusters each have
    :math:`C^I` combinations at the cost of I · C. R is the reconstruction error; the other terms are those of
    `vae_gmm_loss` for each piece i. One number per item.

    .. math:: L = R + \sum_i \sum_c \gamma_{ic} \Bigl[\mathrm{KL}_{ic} - \log \pi_{ic} + \log \gamma_{ic}\Bigr]

    Parameters
    ----------
    reconstruction, targets : tensor of float
        Decoded means and data (..., D), any real numbers.
    z_mean, z_log_variance : tensor
        Means and log-variances (..., I, K) of the posterior, for I pieces.
    cluster_mean, cluster_log_variance, cluster_log_prior : tensor
        Means and log-variances (I, C, K) of the clusters of each piece, and their log-probabilities (I, C).
    observation_log_variance : float or tensor
        Log-variance of the observations: a number, one per feature (D,), or (..., D).
    responsibilities : {"optimal", "mean"}
        The tightest bound, or those of the posterior's mean, as for `vae_gmm_loss`.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), one per item; NaN if the sum of the prior probabilities differs from 1 by more than 1 %.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or options do not fit.

    References
    ----------
    .. [1] Jiang, Z. et al. (2017), "Variational deep embedding", arXiv:1611.05148 (one piece)

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import vae_comp_gmm_loss
    >>> clusters = [[[0.0], [3.0]], [[0.0], [3.0]]], np.zeros((2, 2, 1)), np.log([[0.4, 0.6], [0.5, 0.5]])
    >>> print(vae_comp_gmm_loss([[1.0]], [[1.0]], [[[3.0], [0.0]]], np.zeros((1, 2, 1)), *clusters).eval().round(4))
    [2.1045]
    """
    error, mask = observation(reconstruction, targets, observation_log_variance, mask)
    z = _posterior(z_mean, z_log_variance, "IK", error, mask)
    clusters = _clusters(cluster_mean, cluster_log_variance, cluster_log_prior, "ICK", error, z)
    return finished(error + _mixture_divergence(z, clusters, responsibilities).sum(axis=-1), mask)


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="target",
    reconstruction=REALS,
    targets=REALS,
    z_mean=REALS,
    z_log_variance=REALS,
    cluster_log_probabilities=LOG_PROBABILITIES,
    factor_log_probabilities=LOG_PROBABILITIES,
    cluster_mean=REALS,
    cluster_log_prior=LOG_PROBABILITIES,
    factor_log_prior=LOG_PROBABILITIES,
)
def fgmm_vae_loss(
    reconstruction: TensorLike,
    targets: TensorLike,
    z_mean: TensorLike,
    z_log_variance: TensorLike,
    cluster_log_probabilities: TensorLike,
    factor_log_probabilities: TensorLike,
    cluster_mean: TensorLike,
    cluster_log_prior: TensorLike,
    factor_log_prior: TensorLike,
    *,
    prior_log_variance: TensorLike = 0.0,
    observation_log_variance: TensorLike = 0.0,
    factors: Literal["bernoulli", "categorical"] = "bernoulli",
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Negative ELBO of a variational autoencoder whose latent mean is a sum over factors (factorial mixture).

    Factor f is active, :math:`a_f = 1`, or not, and in a cluster :math:`c_f`; the expectation over these is exact. R is
    the reconstruction error. One number per item.

    .. math:: L = R + \mathrm{E}_{a, c}\, \mathrm{KL}\Bigl(N(\mu, e^s) \,\Big\|\, N\bigl(\textstyle\sum_f
        a_f\, m_{f c_f}, e^r\bigr)\Bigr) + \sum_f \mathrm{KL}(\gamma_f \| \pi_f) + \mathrm{KL}(\eta \| \rho)

    Parameters
    ----------
    reconstruction, targets : tensor of float
        Decoded means and data (..., D), any real numbers.
    z_mean, z_log_variance, cluster_log_probabilities, factor_log_probabilities : tensor
        The posterior: means :math:`\mu` and log-variances s (..., K), and log-probabilities :math:`\log \gamma`
        (..., F, C) of each factor's clusters and :math:`\log \eta` (..., F) that it is active, ``-softplus(-logits)``.
    cluster_mean, cluster_log_prior, factor_log_prior : tensor
        The prior: means m (F, C, K), and log-probabilities :math:`\log \pi` (F, C) and :math:`\log \rho` (F,).
    prior_log_variance, observation_log_variance : float or tensor
        Log-variances r of the latent code given the clusters, and of the observations; numbers, or one per feature.
    factors : {"bernoulli", "categorical"}
        Whether factors are active independently, or exactly one is, so that their probabilities add up to 1.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), one per item; NaN for probabilities above 1, or whose sum differs from 1 by more than 1 %.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or options do not fit.

    References
    ----------
    .. [1] ``symjax.losses.FGMM_VAE``, https://github.com/SymJAX/SymJAX

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import fgmm_vae_loss
    >>> mixture = np.log([[[0.9, 0.1]]]), np.log([[0.9]]), [[[1.0], [-1.0]]], np.log([[0.5, 0.5]]), np.log([0.5])
    >>> print(fgmm_vae_loss([[1.0]], [[1.0]], [[1.0]], [[0.0]], *mixture).eval().round(4))
    [1.8851]
    """
    one_of(factors, "factors", _FACTORS)
    error, mask = observation(reconstruction, targets, observation_log_variance, mask)
    mean, log_variance = _posterior(z_mean, z_log_variance, "K", error, mask)
    gamma = per_item(cluster_log_probabilities, "cluster_log_probabilities", "FC", error, mask, clean=distribution)
    eta = per_item(factor_log_probabilities, "factor_log_probabilities", "F", error, mask, clean=_FACTORS[factors])
    rho = shared(factor_log_prior, "factor_log_prior", "F", error)
    pi = shared(cluster_log_prior, "cluster_log_prior", "FC", error)
    m = shared(cluster_mean, "cluster_mean", "FCK", error)
    agree(
        z_mean=(mean, "K"),
        z_log_variance=(log_variance, "K"),
        cluster_mean=(m, "FCK"),
        cluster_log_probabilities=(gamma, "FC"),
        factor_log_probabilities=(eta, "F"),
        cluster_log_prior=(pi, "FC"),
        factor_log_prior=(rho, "F"),
    )
    rho, pi = _FACTORS[factors](rho), distribution(pi)
    r = per_feature(prior_log_variance, "prior_log_variance", mean, mask)

    weights = pt.exp(eta)[..., None] * pt.exp(gamma)
    active = (weights[..., None] * m).sum(axis=-2)
    prior_mean = active.sum(axis=-2)
    divergence = gaussian_divergence(mean, log_variance, prior_mean, r)
    divergence += variance_of_sum(weights, m, active, prior_mean, pt.exp(-r), independent=factors == "bernoulli") / 2
    divergence += discrete_divergence(gamma, pi).sum(axis=(-2, -1))
    divergence += discrete_divergence(eta, rho).sum(axis=-1)
    if factors == "bernoulli":
        divergence += discrete_divergence(log_complement(eta), log_complement(rho)).sum(axis=-1)
    return finished(error + divergence, mask)


# how log-probabilities of factors are checked
_FACTORS = {"bernoulli": log_probability, "categorical": distribution}


def _posterior(mean, log_variance, axes, items, mask):
    return per_item(mean, "z_mean", axes, items, mask), per_item(log_variance, "z_log_variance", axes, items, mask)


def _clusters(mean, log_variance, log_prior, axes, like, posterior):
    mean = shared(mean, "cluster_mean", axes, like)
    log_variance = shared(log_variance, "cluster_log_variance", axes, like)
    log_prior = shared(log_prior, "cluster_log_prior", axes[:-1], like)
    of_posterior = axes.replace("C", "")
    agree(
        z_mean=(posterior[0], of_posterior),
        z_log_variance=(posterior[1], of_posterior),
        cluster_mean=(mean, axes),
        cluster_log_variance=(log_variance, axes),
        cluster_log_prior=(log_prior, axes[:-1]),
    )
    return mean, log_variance, distribution(log_prior)


def _mixture_divergence(posterior, clusters, responsibilities):
    """The divergence from posteriors (..., K) to the mixture of C clusters, with that of the responsibilities."""
    one_of(responsibilities, "responsibilities", ("optimal", "mean"))
    means, log_variances = (x[..., None, :] for x in posterior)
    cluster_mean, cluster_log_variance, cluster_log_prior = clusters
    if responsibilities == "optimal":
        divergence = gaussian_divergence(means, log_variances, cluster_mean, cluster_log_variance)
        return -log_sum_exp(cluster_log_prior - divergence)
    # The prior and the distances to clusters, which may be large or infinite, cancel between the divergences and the
    # log-responsibilities; this is what remains.
    scores = cluster_log_prior - gaussian_error(cluster_mean, means, cluster_log_variance)
    ratios = pt.exp(log_variances - cluster_log_variance).sum(axis=-1)
    return (softmax(scores, axis=-1) * ratios).sum(axis=-1) / 2 - log_sum_exp(scores) - gaussian_entropy(posterior[1])
