"""The loss of variational autoencoders and its Gaussian divergence; for mixtures see ``gaussian_mixture.py``."""

from pytensor.tensor.variable import TensorVariable

from objectives._inputs import class_axis_last, tensor, vectors
from objectives._typing import TensorLike
from objectives.lookup import REALS, described
from objectives.losses._latent import agree, gaussian_divergence, observation, per_feature, per_item
from objectives.losses._terms import finished

__all__ = ["gaussian_kl", "vae_loss"]


@described(per="item", convex=True, smooth=True, minimizer="prior mean", mean=REALS, log_variance=REALS)
def gaussian_kl(
    mean: TensorLike,
    log_variance: TensorLike,
    *,
    prior_mean: TensorLike = 0,
    prior_log_variance: TensorLike = 0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Kullback-Leibler divergence from a diagonal Gaussian to a Gaussian prior, one number per item.

    The regularization term of a variational autoencoder, see `vae_loss`; the prior is standard normal by default.

    .. math:: L = \text{KL}\bigl(N(\mu, e^s) \,\|\, N(m, e^r)\bigr)
        = \frac{1}{2} \sum_k \Bigl[e^{s_k - r_k} - 1 - (s_k - r_k) + (\mu_k - m_k)^2 e^{-r_k}\Bigr]

    Parameters
    ----------
    mean : tensor of float
        Means :math:`\mu` (..., K), any real numbers.
    log_variance : tensor
        Log-variances s (..., K), any real numbers.
    prior_mean, prior_log_variance : float or tensor
        Means m and log-variances r of the prior: a number, a vector (K,), or (..., K).
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Feature axis, which is summed.

    Returns
    -------
    TensorVariable
        Divergences (...), one per item.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Kingma, D. P. and Welling, M. (2014), "Auto-encoding variational Bayes", arXiv:1312.6114, appendix B

    Examples
    --------
    >>> from objectives import gaussian_kl
    >>> print(gaussian_kl([[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]).eval().round(4))
    [0.5    0.3591]
    """
    mu, s, mask = vectors(mask, axis=axis, mean=mean, log_variance=log_variance)

    def prior(x, name):
        x = tensor(x, name)
        return per_feature(class_axis_last(x, axis, name) if x.ndim == mu.ndim else x, name, mu, mask)

    m, r = prior(prior_mean, "prior_mean"), prior(prior_log_variance, "prior_log_variance")
    return finished(gaussian_divergence(mu, s, m, r), mask)


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
)
def vae_loss(
    reconstruction: TensorLike,
    targets: TensorLike,
    z_mean: TensorLike,
    z_log_variance: TensorLike,
    *,
    prior_mean: TensorLike = 0.0,
    prior_log_variance: TensorLike = 0.0,
    observation_log_variance: TensorLike = 0.0,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Negative evidence lower bound (ELBO) of a variational autoencoder, one number per item.

    `vae_gmm_loss` has clusters. For a beta-VAE, or observations that are not Gaussian, add the parts yourself:
    ``aggregate(reconstruction_loss) + beta * aggregate(gaussian_kl(z_mean, z_log_variance))``.

    .. math:: L = \frac{1}{2} \sum_d \Bigl[(x_d - \hat x_d)^2 e^{-o_d} + o_d + \log 2 \pi\Bigr]
        + \text{KL}\bigl(N(\mu, e^s) \,\|\, N(m, e^r)\bigr)

    Parameters
    ----------
    reconstruction, targets : tensor of float
        Means :math:`\hat x` (..., D) decoded from ``z_mean + pt.exp(z_log_variance / 2) * noise``, and data x (..., D).
    z_mean, z_log_variance : tensor
        Means :math:`\mu` and log-variances s (..., K) of the posterior.
    prior_mean, prior_log_variance : float or tensor
        Means m and log-variances r of the prior: a number, one per latent feature (K,), or (..., K).
    observation_log_variance : float or tensor
        Log-variance o of the observations: a number, one per feature (D,), or (..., D).
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), one per item.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Kingma, D. P. and Welling, M. (2014), "Auto-encoding variational Bayes", arXiv:1312.6114

    Examples
    --------
    >>> from objectives import vae_loss
    >>> print(vae_loss([[1.0, 2.0]], [[1.0, 0.0]], z_mean=[[1.0]], z_log_variance=[[0.0]]).eval().round(4))
    [4.3379]
    """
    error, mask = observation(reconstruction, targets, observation_log_variance, mask)
    mu = per_item(z_mean, "z_mean", "K", error, mask)
    s = per_item(z_log_variance, "z_log_variance", "K", error, mask)
    agree(z_mean=(mu, "K"), z_log_variance=(s, "K"))
    m = per_feature(prior_mean, "prior_mean", mu, mask)
    r = per_feature(prior_log_variance, "prior_log_variance", mu, mask)
    return finished(error + gaussian_divergence(mu, s, m, r), mask)
