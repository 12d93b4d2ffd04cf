"""The objective of a variational autoencoder and its divergence; for mixtures see ``gaussian_mixture.py``."""

from objectives._inputs import class_axis_last, tensor, vectors
from objectives.lookup import REALS, described
from objectives.losses._latent import agree, data, feature, gaussian_divergence, observation
from objectives.losses._terms import finished

__all__ = ["gaussian_kl", "vae_loss"]


@described(per="item", convex=True, smooth=True, minimizer="prior mean", mean=REALS, log_variance=REALS)
def gaussian_kl(mean, log_variance, prior_mean=0, prior_log_variance=0, *, axis=-1, mask=None):
    r"""Kullback-Leibler divergence from a diagonal Gaussian to a prior, one number for each item.

    .. math::
        L_i = \text{KL}\bigl(N(\mu_i, e^{s_i}) \,\|\, N(m, e^r)\bigr) = \frac{1}{2} \sum_k \Bigl[e^{s_{ik} - r_k} - 1 -
        (s_{ik} - r_k) + (\mu_{ik} - m_k)^2 e^{-r_k}\Bigr]

    with the means :math:`\mu` and log-variances :math:`s`, and those of the prior, :math:`m` and :math:`r`.

    Parameters
    ----------
    mean : tensor of float
        Means (..., C), any real numbers.
    log_variance : tensor
        Logarithms of the variances (..., C), of the same shape.
    prior_mean : float or tensor
        Mean of the prior: a number, a vector (C,), or a tensor that is broadcastable to `mean`.
    prior_log_variance : float or tensor
        Logarithm of the variance of the prior, likewise.
    axis : int
        Axis of the independent dimensions, which are summed.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Divergences (...), of the dtype of `mean`.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the means are integers.

    Notes
    -----
    The prior is the standard normal distribution by default: the regularisation of a variational autoencoder. Give
    the prior for the first two arguments, and the distribution for the prior, for the reverse divergence.

    References
    ----------
    .. [1] Kingma, D. P. and Welling, M. (2014), "Auto-encoding variational Bayes", arXiv:1312.6114, appendix B

    Examples
    --------
    >>> from objectives import gaussian_kl
    >>> print(gaussian_kl([[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]).eval().round(4))
    [0.5    0.3591]
    """
    mean, log_variance, mask = vectors(mask, axis=axis, mean=mean, log_variance=log_variance)
    prior = {"prior_mean": prior_mean, "prior_log_variance": prior_log_variance}
    for name, x in prior.items():
        x = tensor(x)
        prior[name] = feature(class_axis_last(x, axis, name) if x.ndim == mean.ndim else x, name, mean, mask)
    return finished(gaussian_divergence(mean, log_variance, **prior), mask)


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="target",
    reconstruction=REALS,
    targets=REALS,
    mean=REALS,
    log_variance=REALS,
)
def vae_loss(
    reconstruction,
    targets,
    mean,
    log_variance,
    *,
    prior_mean=0.0,
    prior_log_variance=0.0,
    observation_log_variance=0.0,
    mask=None,
):
    r"""Negative evidence lower bound of a variational autoencoder, one number for each item.

    .. math::
        L = \frac{1}{2} \sum_d \Bigl[(x_d - \hat x_d)^2 e^{-o_d} + o_d + \log 2 \pi\Bigr] + \frac{1}{2} \sum_k
        \Bigl[e^{s_k - r_k} + (\mu_k - m_k)^2 e^{-r_k} - 1 - s_k + r_k\Bigr]

    with the reconstruction :math:`\hat x` of the targets :math:`x` from a sample of the posterior :math:`N(\mu, e^s)`,
    the log-variance :math:`o` of observations, and the prior :math:`N(m, e^r)`. The second sum is the divergence from
    the posterior to the prior.

    Parameters
    ----------
    reconstruction : tensor of float
        Decoded means (..., D), any real numbers.
    targets : tensor
        Data (..., D), any real numbers.
    mean : tensor
        Means (..., K) of the posterior.
    log_variance : tensor
        Log-variances (..., K) of the posterior.
    prior_mean : float or tensor
        Means of the prior: a number, one for each latent feature (K,), or (..., K).
    prior_log_variance : float or tensor
        Log-variances of the prior, likewise.
    observation_log_variance : float or tensor
        Log-variance of the observations: a number, one for each feature (D,), or (..., D).
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

    Notes
    -----
    The bound holds in the mean over samples of the posterior, ``mean + pt.exp(log_variance / 2) * noise``. For a
    weighted divergence (beta-VAE), or other observations than Gaussian, add the parts yourself:
    ``aggregate(reconstruction_loss) + beta * aggregate(gaussian_kl(mean, log_variance))``. SymJAX' function of this
    purpose has the divergence the other way round and takes variances under the name of log-variances.

    References
    ----------
    .. [1] Kingma, D. P. and Welling, M. (2014), "Auto-encoding variational Bayes", arXiv:1312.6114

    Examples
    --------
    >>> from objectives import vae_loss
    >>> loss = vae_loss([[1.0, 2.0]], [[1.0, 0.0]], mean=[[1.0]], log_variance=[[0.0]])
    >>> print(loss.eval().round(4))
    [4.3379]
    """
    error, mask = observation(reconstruction, targets, observation_log_variance, mask)
    mean = data(mean, "mean", "K", error, mask)
    log_variance = data(log_variance, "log_variance", "K", error, mask)
    agree(mean=(mean, "K"), log_variance=(log_variance, "K"))
    prior = feature(prior_mean, "prior_mean", mean, mask), feature(prior_log_variance, "prior_log_variance", mean, mask)
    return finished(error + gaussian_divergence(mean, log_variance, *prior), mask)
