"""Variational objectives of autoencoders whose prior is made of Gaussian clusters.

The divergence from the posterior to each cluster is all that is needed of it: a mixture is the soft minimum of its
clusters' divergences.
"""

import pytensor.tensor as pt
from pytensor.tensor.special import softmax

from objectives._arithmetic import log_sum_exp
from objectives._options import one_of
from objectives.lookup import LOG_PROBABILITIES, REALS, described
from objectives.losses._latent import (
    agree,
    data,
    discrete_divergence,
    distribution,
    feature,
    gaussian_divergence,
    gaussian_entropy,
    gaussian_error,
    log_complement,
    log_probability,
    observation,
    parameter,
    variance_of_sum,
)
from objectives.losses._terms import finished

__all__ = ["fgmm_vae_loss", "vae_comp_gmm_loss", "vae_gmm_loss"]


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimiser="target",
    reconstruction=REALS,
    targets=REALS,
    z_mean=REALS,
    z_log_variance=REALS,
    cluster_mean=REALS,
    cluster_log_variance=REALS,
    cluster_log_prior=LOG_PROBABILITIES,
)
def vae_gmm_loss(
    reconstruction,
    targets,
    z_mean,
    z_log_variance,
    cluster_mean,
    cluster_log_variance,
    cluster_log_prior,
    *,
    observation_log_variance=0.0,
    responsibilities="optimal",
    mask=None,
):
    r"""Negative evidence lower bound of a variational autoencoder whose prior is a mixture of Gaussians.

    .. math::
        L = R + \sum_c \gamma_c \Bigl[\mathrm{KL}_c - \log \pi_c + \log \gamma_c\Bigr], \qquad
        \mathrm{KL}_c = \mathrm{KL}\bigl(N(\mu, e^s) \,\|\, N(m_c, e^{r_c})\bigr)

    with the reconstruction error R and the posterior :math:`N(\mu, e^s)` as in `vae_loss`, clusters of probability
    :math:`\pi_c`, and the responsibilities :math:`\gamma`; one number for each item. The optimal
    :math:`\gamma_c \propto \pi_c e^{-\mathrm{KL}_c}` give :math:`L = R - \log \sum_c \pi_c e^{-\mathrm{KL}_c}`.

    Parameters
    ----------
    reconstruction : tensor of float
        Decoded means (..., D), any real numbers.
    targets : tensor
        Data (..., D), any real numbers.
    z_mean : tensor
        Means (..., K) of the posterior.
    z_log_variance : tensor
        Log-variances (..., K) of the posterior.
    cluster_mean : tensor
        Means (C, K) of the clusters.
    cluster_log_variance : tensor
        Log-variances (C, K) of the clusters.
    cluster_log_prior : tensor
        Log-probabilities (C,) of the clusters, for example the log-softmax of a parameter.
    observation_log_variance : float or tensor
        Log-variance of the observations: a number, one for each feature (D,), or (..., D).
    responsibilities : {"optimal", "mean"}
        The tightest bound, or the responsibilities of the clusters for the posterior's mean,
        :math:`\gamma_c \propto \pi_c N(\mu; m_c, e^{r_c})`.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the reconstruction.

    Raises
    ------
    TypeError
        If ranks or static shapes do not fit, or the reconstruction holds integers.
    ValueError
        If `responsibilities` is neither of the two.

    Notes
    -----
    Prior probabilities that do not add up to 1, by more than 1 %, give NaN: nothing would bound the loss if they were
    trained without a softmax. In SymJAX they count once for each latent feature, rather than once.

    References
    ----------
    .. [1] Jiang, Z. et al. (2017), "Variational deep embedding: an unsupervised and generative approach to
       clustering", arXiv:1611.05148

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import vae_gmm_loss
    >>> clusters = {"cluster_mean": [[0.0], [3.0]], "cluster_log_variance": np.zeros((2, 1))}
    >>> loss = vae_gmm_loss([[1.0]], [[1.0]], [[3.0]], [[0.0]], cluster_log_prior=np.log([0.4, 0.6]), **clusters)
    >>> print(loss.eval().round(4))
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
    minimiser="target",
    reconstruction=REALS,
    targets=REALS,
    z_mean=REALS,
    z_log_variance=REALS,
    cluster_mean=REALS,
    cluster_log_variance=REALS,
    cluster_log_prior=LOG_PROBABILITIES,
)
def vae_comp_gmm_loss(
    reconstruction,
    targets,
    z_mean,
    z_log_variance,
    cluster_mean,
    cluster_log_variance,
    cluster_log_prior,
    *,
    observation_log_variance=0.0,
    responsibilities="optimal",
    mask=None,
):
    r"""Negative evidence lower bound of a variational autoencoder with several pieces, each with a mixture as prior.

    .. math:: L = R + \sum_i \sum_c \gamma_{ic} \Bigl[\mathrm{KL}_{ic} - \log \pi_{ic} + \log \gamma_{ic}\Bigr]

    with the reconstruction error R, counted once, and for each piece i of the latent code the terms of `vae_gmm_loss`;
    one number for each item.

    Parameters
    ----------
    reconstruction : tensor of float
        Decoded means (..., D), any real numbers.
    targets : tensor
        Data (..., D), any real numbers.
    z_mean : tensor
        Means (..., I, K) of the posterior, for I pieces.
    z_log_variance : tensor
        Log-variances (..., I, K) of the posterior.
    cluster_mean : tensor
        Means (I, C, K) of the clusters of each piece.
    cluster_log_variance : tensor
        Log-variances (I, C, K) of the clusters of each piece.
    cluster_log_prior : tensor
        Log-probabilities (I, C) of the clusters of each piece, for example the log-softmax of a parameter.
    observation_log_variance : float or tensor
        Log-variance of the observations: a number, one for each feature (D,), or (..., D).
    responsibilities : {"optimal", "mean"}
        See `vae_gmm_loss`.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the reconstruction.

    Raises
    ------
    TypeError
        If ranks or static shapes do not fit, or the reconstruction holds integers.
    ValueError
        If `responsibilities` is neither of the two.

    Notes
    -----
    The pieces are independent, so that they have :math:`C^I` combinations of clusters at the cost of I · C. SymJAX'
    function of this purpose rewards a large reconstruction error and ignores the variance of observations.

    References
    ----------
    .. [1] Jiang, Z. et al. (2017), "Variational deep embedding: an unsupervised and generative approach to
       clustering", arXiv:1611.05148 (one piece)

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import vae_comp_gmm_loss
    >>> z_mean, z_log_variance = [[[3.0], [0.0]]], np.zeros((1, 2, 1))
    >>> clusters = [[[0.0], [3.0]], [[0.0], [3.0]]], np.zeros((2, 2, 1)), np.log([[0.4, 0.6], [0.5, 0.5]])
    >>> print(vae_comp_gmm_loss([[1.0]], [[1.0]], z_mean, z_log_variance, *clusters).eval().round(4))
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
    minimiser="target",
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
    reconstruction,
    targets,
    z_mean,
    z_log_variance,
    cluster_log_probabilities,
    factor_log_probabilities,
    cluster_mean,
    cluster_log_prior,
    factor_log_prior,
    *,
    prior_log_variance=0.0,
    observation_log_variance=0.0,
    mode="bernoulli",
    mask=None,
):
    r"""Negative evidence lower bound of a variational autoencoder whose latent mean is a sum of factors' clusters.

    .. math::
        L = R + \mathrm{E}_{a, c}\, \mathrm{KL}\Bigl(N(\mu, e^s) \,\Big\|\, N\bigl(\textstyle\sum_f a_f\, m_{f c_f},
        e^r\bigr)\Bigr) + \sum_f \mathrm{KL}(\gamma_f \| \pi_f) + \mathrm{KL}(\eta \| \rho)

    with the reconstruction error R and the posterior :math:`N(\mu, e^s)` as in `vae_loss`. Each factor f is in cluster
    :math:`c_f`, with probability :math:`\gamma_{fc}` (prior :math:`\pi_{fc}`), and active (:math:`a_f = 1`) with
    probability :math:`\eta_f` (prior :math:`\rho_f`); one number for each item.

    Parameters
    ----------
    reconstruction : tensor of float
        Decoded means (..., D), any real numbers.
    targets : tensor
        Data (..., D), any real numbers.
    z_mean : tensor
        Means (..., K) of the posterior.
    z_log_variance : tensor
        Log-variances (..., K) of the posterior.
    cluster_log_probabilities : tensor
        Log-probabilities (..., F, C) of the clusters of each factor, in the posterior.
    factor_log_probabilities : tensor
        Log-probabilities (..., F) that each factor is active, in the posterior.
    cluster_mean : tensor
        Means (F, C, K) of the clusters of each factor.
    cluster_log_prior : tensor
        Log-probabilities (F, C) of the clusters of each factor, in the prior.
    factor_log_prior : tensor
        Log-probabilities (F,) that each factor is active, in the prior.
    prior_log_variance : float or tensor
        Log-variance of the latent code, given factors and clusters: a number, one for each feature (K,), or (..., K).
    observation_log_variance : float or tensor
        Log-variance of the observations: a number, one for each feature (D,), or (..., D).
    mode : {"bernoulli", "categorical"}
        Whether factors are active independently of each other, or exactly one is, so that their probabilities add up
        to 1.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the reconstruction.

    Raises
    ------
    TypeError
        If ranks or static shapes do not fit, or the reconstruction holds integers.
    ValueError
        If `mode` is neither of the two.

    Notes
    -----
    The expectation is exact and takes no more than the mean and the variance of the sum of factors. Log-probabilities
    of a sigmoid's output are ``-softplus(-logits)``. Probabilities that should add up to 1 and do not, by more than
    1 %, give NaN, and so do those above 1. In SymJAX the products of two factors are summed over two latent indices
    that should be the same.

    References
    ----------
    .. [1] ``symjax.losses.FGMM_VAE``, https://github.com/SymJAX/SymJAX

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import fgmm_vae_loss
    >>> clusters, factors = np.log([[[0.9, 0.1], [0.5, 0.5]]]), np.log([[0.9, 0.2]])
    >>> prior = [[[1.0], [-1.0]], [[2.0], [-2.0]]], np.log([[0.5, 0.5], [0.5, 0.5]]), np.log([0.5, 0.5])
    >>> print(fgmm_vae_loss([[1.0]], [[1.0]], [[1.0]], [[0.0]], clusters, factors, *prior).eval().round(4))
    [2.4778]
    """
    one_of(mode, "mode", ("bernoulli", "categorical"))
    error, mask = observation(reconstruction, targets, observation_log_variance, mask)
    mean, log_variance = _posterior(z_mean, z_log_variance, "K", error, mask)
    clusters = data(cluster_log_probabilities, "cluster_log_probabilities", "FC", error, mask, clean=distribution)
    factors = data(factor_log_probabilities, "factor_log_probabilities", "F", error, mask, clean=_FACTORS[mode])
    factor_log_prior = parameter(factor_log_prior, "factor_log_prior", "F", error)
    cluster_log_prior = parameter(cluster_log_prior, "cluster_log_prior", "FC", error)
    cluster_mean = parameter(cluster_mean, "cluster_mean", "FCK", error)
    agree(
        z_mean=(mean, "K"),
        z_log_variance=(log_variance, "K"),
        cluster_mean=(cluster_mean, "FCK"),
        cluster_log_probabilities=(clusters, "FC"),
        factor_log_probabilities=(factors, "F"),
        cluster_log_prior=(cluster_log_prior, "FC"),
        factor_log_prior=(factor_log_prior, "F"),
    )
    factor_log_prior, cluster_log_prior = _FACTORS[mode](factor_log_prior), distribution(cluster_log_prior)
    prior_log_variance = feature(prior_log_variance, "prior_log_variance", mean, mask)

    weights = pt.exp(factors)[..., None] * pt.exp(clusters)
    active = (weights[..., None] * cluster_mean).sum(axis=-2)
    prior_mean = active.sum(axis=-2)
    divergence = gaussian_divergence(mean, log_variance, prior_mean, prior_log_variance)
    divergence += variance_of_sum(weights, cluster_mean, active, prior_mean, pt.exp(-prior_log_variance), mode) / 2
    divergence += discrete_divergence(clusters, cluster_log_prior).sum(axis=(-2, -1))
    divergence += discrete_divergence(factors, factor_log_prior).sum(axis=-1)
    if mode == "bernoulli":
        divergence += discrete_divergence(log_complement(factors), log_complement(factor_log_prior)).sum(axis=-1)
    return finished(error + divergence, mask)


_FACTORS = {"bernoulli": log_probability, "categorical": distribution}


def _posterior(mean, log_variance, axes, items, mask):
    return data(mean, "z_mean", axes, items, mask), data(log_variance, "z_log_variance", axes, items, mask)


def _clusters(mean, log_variance, log_prior, axes, like, posterior):
    mean = parameter(mean, "cluster_mean", axes, like)
    log_variance = parameter(log_variance, "cluster_log_variance", axes, like)
    log_prior = parameter(log_prior, "cluster_log_prior", axes[:-1], like)
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
    """From posteriors (..., K) to their mixtures (..., C, K), the responsibilities' own divergence included."""
    one_of(responsibilities, "responsibilities", ("optimal", "mean"))
    means, log_variances = (x[..., None, :] for x in posterior)
    cluster_mean, cluster_log_variance, cluster_log_prior = clusters
    if responsibilities == "optimal":
        divergence = gaussian_divergence(means, log_variances, cluster_mean, cluster_log_variance)
        return -log_sum_exp(cluster_log_prior - divergence)
    # What is left when the prior and the distance to each cluster, which may be infinite or large, cancel from the
    # divergences and the logarithms of the responsibilities.
    scores = cluster_log_prior - gaussian_error(cluster_mean, means, cluster_log_variance)
    ratios = pt.exp(log_variances - cluster_log_variance).sum(axis=-1)
    return (softmax(scores, axis=-1) * ratios).sum(axis=-1) / 2 - log_sum_exp(scores) - gaussian_entropy(posterior[1])
