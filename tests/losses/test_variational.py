"""Variational objectives: against enumeration, samples and the evidence that they bound."""

from itertools import product

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.special import log_expit, log_softmax, logsumexp, softmax
from scipy.stats import multivariate_normal, norm

from objectives import aggregate, squared_error
from objectives.losses.gaussian_mixture import fgmm_vae_loss, vae_comp_gmm_loss, vae_gmm_loss
from objectives.losses.variational import vae_loss

rng = np.random.default_rng(11)
N, D, K, C, PIECES, F = 3, 4, 2, 3, 2, 2
XH, X = rng.normal(size=(2, N, D))
MEAN, LOG_VARIANCE = rng.normal(size=(N, K)), rng.normal(scale=0.6, size=(N, K))
CLUSTERS = rng.normal(size=(C, K)), rng.normal(scale=0.6, size=(C, K)), log_softmax(rng.normal(size=C))
PIECES_OF_Z = rng.normal(size=(N, PIECES, K)), rng.normal(scale=0.6, size=(N, PIECES, K))
PIECES_CLUSTERS = (
    rng.normal(size=(PIECES, C, K)),
    rng.normal(scale=0.6, size=(PIECES, C, K)),
    log_softmax(rng.normal(size=(PIECES, C)), axis=-1),
)
FACTOR_POSTERIOR = log_softmax(rng.normal(size=(N, F, C)), axis=-1)
FACTOR_CLUSTERS = rng.normal(size=(F, C, K)), log_softmax(rng.normal(size=(F, C)), axis=-1)
SHARES = {
    "bernoulli": (np.log(rng.uniform(0.1, 0.9, size=(N, F))), np.log(rng.uniform(0.1, 0.9, size=F))),
    "categorical": (log_softmax(rng.normal(size=(N, F)), axis=-1), log_softmax(rng.normal(size=F))),
}


def values(*losses):
    return pytensor.function([], list(losses))()


def error(xh, x, log_variance=0.0):
    return -norm.logpdf(x, xh, np.exp(np.asarray(log_variance) / 2)).sum(axis=-1)


def kl(mean, log_variance, prior_mean, prior_log_variance):
    """By integration over a fine grid, one latent feature after the other."""
    mean, log_variance, m, r = np.broadcast_arrays(mean, log_variance, prior_mean, prior_log_variance)
    x = np.linspace(-12, 12, 4001).reshape((-1,) + (1,) * mean.ndim)
    q, p = norm(mean, np.exp(log_variance / 2)), norm(m, np.exp(r / 2))
    return np.trapezoid(q.pdf(x) * (q.logpdf(x) - p.logpdf(x)), x, axis=0).sum(axis=-1)


def test_the_divergence_is_from_posterior_to_prior():
    """Not from prior to posterior, as in SymJAX; also with a prior and a vector of observation variances."""
    prior, noise = (np.array([0.5, -1.0]), np.array([0.3, -0.7])), np.array([0.1, -0.5, 0.0, 1.0])
    standard, general = values(
        vae_loss(XH, X, MEAN, LOG_VARIANCE),
        vae_loss(
            XH,
            X,
            MEAN,
            LOG_VARIANCE,
            prior_mean=prior[0],
            prior_log_variance=prior[1],
            observation_log_variance=noise,
        ),
    )
    np.testing.assert_allclose(standard, error(XH, X) + kl(MEAN, LOG_VARIANCE, 0, 0), rtol=1e-8)
    np.testing.assert_allclose(general, error(XH, X, noise) + kl(MEAN, LOG_VARIANCE, *prior), rtol=1e-8)
    assert (np.abs(standard - error(XH, X) - kl(0, 0, MEAN, LOG_VARIANCE)) > 1e-2).all(), "SymJAX"


@pytest.mark.needs("torch")
def test_pytorch_agrees():
    import torch

    normal, as_tensor = torch.distributions.Normal, torch.as_tensor
    q = normal(as_tensor(MEAN), as_tensor(np.exp(LOG_VARIANCE / 2)))
    expected = torch.distributions.kl_divergence(q, normal(0.0, 1.0)).sum(-1)
    expected = expected - normal(as_tensor(X), 0.5).log_prob(as_tensor(XH)).sum(-1)
    (loss,) = values(vae_loss(XH, X, MEAN, LOG_VARIANCE, observation_log_variance=np.log(0.25)))
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_weighted_divergence_is_a_recipe():
    """The parts of the bound with beta as the weight of one; beta = 1 gives the mean loss."""
    beta = pt.scalar("beta")
    reconstruction = vae_loss(XH, X, np.zeros((N, K)), np.zeros((N, K)))
    divergence = vae_loss(XH, XH, MEAN, LOG_VARIANCE) - vae_loss(XH, XH, np.zeros((N, K)), np.zeros((N, K)))
    written = squared_error(XH, X).sum(axis=-1) / 2 + D * np.log(2 * np.pi) / 2
    total = aggregate(reconstruction) + beta * aggregate(divergence)
    function = pytensor.function([beta], [total, reconstruction, written])
    np.testing.assert_allclose(function(1)[1], function(1)[2])
    np.testing.assert_allclose(function(1)[0], values(vae_loss(XH, X, MEAN, LOG_VARIANCE))[0].mean())
    weighted = error(XH, X).mean() + 4 * kl(MEAN, LOG_VARIANCE, 0, 0).mean()
    np.testing.assert_allclose(function(4)[0], weighted, rtol=1e-8)


def explicit_bound(gamma, divergences, log_prior):
    return (gamma * (divergences - log_prior + np.log(gamma))).sum(axis=-1)


def test_mixture_prior():
    """The prior counts once, and no responsibilities give a tighter bound than the optimal ones."""
    optimal, at_mean = values(
        *(vae_gmm_loss(XH, X, MEAN, LOG_VARIANCE, *CLUSTERS, responsibilities=r) for r in ("optimal", "mean"))
    )
    mean, log_variance, log_prior = CLUSTERS
    divergences = kl(MEAN[:, None], LOG_VARIANCE[:, None], mean, log_variance)
    density = norm.logpdf(MEAN[:, None], mean, np.exp(log_variance / 2)).sum(axis=-1)
    gamma = softmax(log_prior - divergences, axis=-1)
    np.testing.assert_allclose(optimal, error(XH, X) + explicit_bound(gamma, divergences, log_prior), rtol=1e-8)
    gamma = softmax(log_prior + density, axis=-1)
    np.testing.assert_allclose(at_mean, error(XH, X) + explicit_bound(gamma, divergences, log_prior), rtol=1e-8)
    for _ in range(100):
        gamma = rng.dirichlet(np.ones(C), size=N)
        assert (optimal <= error(XH, X) + explicit_bound(gamma, divergences, log_prior) + 1e-9).all()
    gamma = softmax(K * log_prior - divergences, axis=-1)
    symjax = error(XH, X) + explicit_bound(gamma, divergences, log_prior)
    assert (symjax > optimal + 1e-3).any(), "SymJAX counts the prior once per latent feature"


def test_pieces_with_mixture_priors():
    """Every combination of the pieces' clusters, with the reconstruction error counted once and towards the loss."""
    noise = -0.4
    xh = pt.matrix("xh")
    loss = vae_comp_gmm_loss(xh, X, *PIECES_OF_Z, *PIECES_CLUSTERS, observation_log_variance=noise)
    value, gradient = pytensor.function([xh], [loss, pytensor.grad(loss.sum(), xh)])(XH)
    mean, log_variance, log_prior = PIECES_CLUSTERS
    z_mean, z_log_variance = PIECES_OF_Z
    terms = []
    for chosen in product(range(C), repeat=PIECES):
        clusters = np.arange(PIECES), np.array(chosen)
        divergence = kl(z_mean, z_log_variance, mean[clusters], log_variance[clusters]).sum(axis=-1)
        terms.append(log_prior[clusters].sum() - divergence)
    np.testing.assert_allclose(value, error(XH, X, noise) - logsumexp(terms, axis=0), rtol=1e-8)
    np.testing.assert_allclose(gradient, (XH - X) / np.exp(noise), err_msg="SymJAX has the sign reversed")
    one_piece, plain = values(
        vae_comp_gmm_loss(XH, X, MEAN[:, None], LOG_VARIANCE[:, None], *(p[None] for p in CLUSTERS)),
        vae_gmm_loss(XH, X, MEAN, LOG_VARIANCE, *CLUSTERS),
    )
    np.testing.assert_allclose(one_piece, plain)


def configurations(mode):
    """The latent mean, and log-probabilities in posterior and prior, of each choice of factors and clusters."""
    eta, rho = SHARES[mode]
    for active in product((0, 1), repeat=F):
        if mode == "categorical" and sum(active) != 1:
            continue
        a = np.array(active)
        if mode == "bernoulli":
            log_q, log_p = (np.where(a, s, np.log1p(-np.exp(s))).sum(axis=-1) for s in (eta, rho))
        else:
            log_q, log_p = eta[:, a.argmax()], rho[a.argmax()]
        for chosen in product(range(C), repeat=F):
            clusters = np.arange(F), np.array(chosen)
            mean = (a[:, None] * FACTOR_CLUSTERS[0][clusters]).sum(axis=0)
            posterior = log_q + FACTOR_POSTERIOR[:, *clusters].sum(axis=-1)
            yield mean, posterior, log_p + FACTOR_CLUSTERS[1][clusters].sum()


@pytest.mark.parametrize("mode", ["bernoulli", "categorical"])
def test_factors(mode):
    """The expectation over every combination of active factors and clusters, with latent features kept apart."""
    spread, (eta, rho) = np.array([0.4, -0.6]), SHARES[mode]
    arguments = XH, X, MEAN, LOG_VARIANCE, FACTOR_POSTERIOR, eta, *FACTOR_CLUSTERS, rho
    of_items = np.broadcast_to(spread, MEAN.shape)
    loss, same = values(*(fgmm_vae_loss(*arguments, prior_log_variance=v, factors=mode) for v in (spread, of_items)))
    probabilities, expected = 0, error(XH, X)
    for mean, log_q, log_p in configurations(mode):
        probabilities += np.exp(log_q)
        expected += np.exp(log_q) * (kl(MEAN, LOG_VARIANCE, mean, spread) + log_q - log_p)
    np.testing.assert_allclose(probabilities, 1)
    np.testing.assert_allclose(loss, expected, rtol=1e-8)
    np.testing.assert_allclose(same, expected, rtol=1e-8)


def test_factors_by_sampling():
    """Minus the mean of log p(x, z, a, c) - log q(z, a, c) over samples."""
    eta, rho = SHARES["bernoulli"]
    (loss,) = values(
        fgmm_vae_loss(XH, X, MEAN, LOG_VARIANCE, FACTOR_POSTERIOR, eta, *FACTOR_CLUSTERS, rho, factors="bernoulli")
    )
    samples, i = 40_000, 0
    q = norm(MEAN[i], np.exp(LOG_VARIANCE[i] / 2))
    z = q.rvs((samples, K), random_state=rng)
    a = rng.random((samples, F)) < np.exp(eta[i])
    c = np.stack([rng.choice(C, samples, p=np.exp(FACTOR_POSTERIOR[i, f])) for f in range(F)], axis=1)
    means = (a[..., None] * FACTOR_CLUSTERS[0][np.arange(F), c]).sum(axis=1)
    log_p = norm.logpdf(z, means, 1).sum(-1) + FACTOR_CLUSTERS[1][np.arange(F), c].sum(-1)
    log_q = q.logpdf(z).sum(-1) + FACTOR_POSTERIOR[i][np.arange(F), c].sum(-1)
    for share, total in ((rho, 1), (eta[i], -1)):
        log_p += total * np.where(a, share, np.log1p(-np.exp(share))).sum(-1)
    ratios = log_p - log_q
    standard_error = ratios.std() / np.sqrt(samples)
    assert abs(error(XH, X)[i] - ratios.mean() - loss[i]) < 4 * standard_error < 0.1


WEIGHTS = rng.normal(size=(K, D))
NODES = np.polynomial.hermite.hermgauss(2)


def bound(build, mean, log_variance):
    """The loss of a linear decoder, averaged exactly over the posterior: it is quadratic in the latent code."""
    total = 0
    for at in product(range(len(NODES[0])), repeat=K):
        nodes, weights = NODES[0][list(at)], NODES[1][list(at)]
        z = mean + np.sqrt(2) * nodes * np.exp(log_variance / 2)
        total += weights.prod() / np.pi ** (K / 2) * build(z @ WEIGHTS, mean, log_variance).eval()
    return total


def evidence(x, means, log_variances, log_prior, noise):
    """Minus the log-density of x when z is from a mixture of Gaussians, and x is z @ WEIGHTS and noise."""
    terms = [
        p + multivariate_normal(m @ WEIGHTS, WEIGHTS.T @ np.diag(np.exp(v)) @ WEIGHTS + noise * np.eye(D)).logpdf(x)
        for m, v, p in zip(means, log_variances, log_prior, strict=True)
    ]
    return -logsumexp(terms, axis=0)


def test_bounds_the_evidence_and_reaches_it_at_the_posterior():
    noise = 0.5
    observation = {"observation_log_variance": np.log(noise)}
    least = evidence(X, np.zeros((1, K)), np.zeros((1, K)), [0.0], noise)

    def build(xh, *q, x=X):
        return vae_loss(xh, x, *q, **observation)

    assert (bound(build, MEAN, LOG_VARIANCE) > least + 1e-3).all()
    # with orthogonal weights the posterior's features are independent of each other
    orthogonal = np.linalg.svd(WEIGHTS, full_matrices=False)[2]
    precision = 1 + 1 / noise
    mean, log_variance = X @ orthogonal.T / noise / precision, np.full((N, K), -np.log(precision))
    total = 0
    for at in product((0, 1), repeat=K):
        z = mean + np.sqrt(2) * NODES[0][list(at)] * np.exp(log_variance / 2)
        total += build(z @ orthogonal, mean, log_variance).eval() / 2**K
    exact = -multivariate_normal(np.zeros(D), orthogonal.T @ orthogonal + noise * np.eye(D)).logpdf(X)
    np.testing.assert_allclose(total, exact, rtol=1e-10)


def test_mixtures_bound_the_evidence():
    def gmm(xh, *q, r):
        return vae_gmm_loss(xh, X, *q, *CLUSTERS, responsibilities=r)

    least = evidence(X, *CLUSTERS, 1.0)
    optimal, at_mean = (bound(lambda *a, r=r: gmm(*a, r=r), MEAN, LOG_VARIANCE) for r in ("optimal", "mean"))
    assert (optimal > least).all() and (at_mean >= optimal).all()
    for mode, (eta, rho) in SHARES.items():

        def fgmm(xh, *q, mode=mode, eta=eta, rho=rho):
            return fgmm_vae_loss(xh, X, *q, FACTOR_POSTERIOR, eta, *FACTOR_CLUSTERS, rho, factors=mode)

        means, _, log_p = zip(*configurations(mode), strict=True)
        least = evidence(X, np.array(means), np.zeros((len(means), K)), log_p, 1.0)
        assert (bound(fgmm, MEAN, LOG_VARIANCE) > least).all()


def test_certain_factors_and_clusters():
    """Probabilities of 0 and 1 add nothing, and make no gradient NaN."""
    clusters, factors = pt.tensor3("clusters"), pt.matrix("factors")
    with np.errstate(divide="ignore"):
        certain = np.log(np.eye(C)[[[0, 1]] * N]), np.log([[1.0, 0.0]] * N)
    prior = FACTOR_CLUSTERS[0], np.log(np.full((F, C), 1 / C)), np.log([0.5, 0.25])
    loss = fgmm_vae_loss(XH, X, MEAN, LOG_VARIANCE, clusters, factors, *prior)
    gradients = pytensor.grad(loss.sum(), [clusters, factors])
    value, *found = pytensor.function([clusters, factors], [loss, *gradients])(*certain)
    expected = error(XH, X) + kl(MEAN, LOG_VARIANCE, FACTOR_CLUSTERS[0][0, 0], 0)
    np.testing.assert_allclose(value, expected + 2 * np.log(C) - np.log(0.5) - np.log(0.75), rtol=1e-8)
    assert all(np.isfinite(gradient).all() for gradient in found)


def test_factors_almost_certain():
    """log(1 - p) from the logarithm of a sigmoid, which keeps what a sigmoid rounds to 1."""
    logits = pt.matrix("logits")
    eta = -pt.softplus(-logits)
    loss = fgmm_vae_loss(XH, X, MEAN, LOG_VARIANCE, FACTOR_POSTERIOR, eta, *FACTOR_CLUSTERS, log_expit([60.0, -60.0]))
    function = pytensor.function([logits], [loss, pytensor.grad(loss.sum(), logits)])
    value, gradient = function(np.full((N, F), 60.0))
    assert (value > 60).all() and np.isfinite(value).all() and (np.abs(gradient) < 1e-10).all()
    value, gradient = function(np.full((N, F), 0.0))
    divergence = 0.5 * (np.log(0.5) - log_expit([60, -60])) + 0.5 * (np.log(0.5) - log_expit([-60, 60]))
    np.testing.assert_allclose(divergence.sum(), 60 + 2 * np.log(0.5))
    assert np.isfinite(gradient).all() and (value > 57).all()


def test_clusters_without_probability_or_far_away():
    with np.errstate(divide="ignore"):
        log_prior = np.log([0.25, 0.75, 0.0])
    mean = np.array([[0.0, 1.0], [1.0, 0.0], [1e3, 1e3]])
    arguments = [XH, X, MEAN, LOG_VARIANCE]
    two, far = pt.matrix("two"), pt.matrix("far")
    for responsibilities in ("optimal", "mean"):
        options = {"responsibilities": responsibilities}
        three = vae_gmm_loss(*arguments, far, np.zeros((3, K)), log_prior, **options)
        fewer = vae_gmm_loss(*arguments, two, np.zeros((2, K)), log_prior[:2], **options)
        outputs = [three, fewer, pytensor.grad(three.sum(), far), pytensor.grad(fewer.sum(), two)]
        found = pytensor.function([far, two], outputs)(mean, mean[:2])
        np.testing.assert_allclose(found[0], found[1])
        np.testing.assert_allclose(found[2], np.concatenate([found[3], np.zeros((1, K))]), atol=1e-12)
        away = vae_gmm_loss(*arguments, mean + 1e4, np.zeros((3, K)), log_prior, **options).eval()
        assert np.isfinite(away).all() and (away > 1e7).all()


def test_probabilities_that_do_not_add_up():
    """Trained without a softmax the prior would grow without end; the loss is NaN instead."""
    mean, log_variance, log_prior = CLUSTERS
    eta, rho = SHARES["bernoulli"]
    factors = XH, X, MEAN, LOG_VARIANCE, FACTOR_POSTERIOR
    losses = values(
        vae_gmm_loss(XH, X, MEAN, LOG_VARIANCE, mean, log_variance, log_prior + 0.1),
        vae_gmm_loss(XH, X, MEAN, LOG_VARIANCE, mean, log_variance, log_prior + 0.012),
        fgmm_vae_loss(*factors[:4], FACTOR_POSTERIOR - 0.1, eta, *FACTOR_CLUSTERS, rho),
        fgmm_vae_loss(*factors, eta + 3, *FACTOR_CLUSTERS, rho),
        fgmm_vae_loss(*factors, eta, *FACTOR_CLUSTERS, rho + 3),
        fgmm_vae_loss(*factors, eta, *FACTOR_CLUSTERS, rho, factors="categorical"),
    )
    assert all(np.isnan(loss).all() for loss in losses)
    (rounded,) = values(vae_gmm_loss(XH, X, MEAN, LOG_VARIANCE, mean, log_variance, log_prior + 0.008))
    assert np.isfinite(rounded).all(), "less than 1 %"


def test_a_single_item_and_several_batch_axes():
    mask = np.array([True, False, True])
    single, many, flat, masked = values(
        vae_gmm_loss(XH[0], X[0], MEAN[0], LOG_VARIANCE[0], *CLUSTERS),
        vae_gmm_loss(XH[None], X[None], MEAN[None], LOG_VARIANCE[None], *CLUSTERS),
        vae_gmm_loss(XH, X, MEAN, LOG_VARIANCE, *CLUSTERS),
        vae_gmm_loss(XH[None], X[None], MEAN[None], LOG_VARIANCE[None], *CLUSTERS, mask=mask[None]),
    )
    assert single.shape == () and many.shape == (1, N)
    np.testing.assert_allclose(single, flat[0])
    np.testing.assert_allclose(many[0], flat)
    np.testing.assert_allclose(masked[0], np.where(mask, flat, 0))


def test_misuse():
    x, z = pt.matrix(), pt.matrix()
    with pytest.raises(TypeError, match="reconstruction must be floating-point"):
        vae_loss(pt.lmatrix(), x, z, z)
    with pytest.raises(TypeError, match="rank mismatch between targets"):
        vae_loss(x, pt.vector(), z, z)
    with pytest.raises(TypeError, match="needs an axis of features"):
        vae_loss(pt.scalar(), pt.scalar(), z, z)
    with pytest.raises(TypeError, match="shape mismatch between targets"):
        vae_loss(np.ones((2, 3)), np.ones((2, 1)), z, z)
    with pytest.raises(TypeError, match=r"z_log_variance \(\?,\) must have the leading dimensions.*, \(K,\)"):
        vae_loss(x, x, z, pt.vector())
    with pytest.raises(TypeError, match="shape mismatch between leading dimensions of z_mean"):
        vae_loss(np.ones((2, 3)), np.ones((2, 3)), np.ones((4, 2)), np.ones((2, 2)))
    with pytest.raises(TypeError, match="shape mismatch between prior_mean"):
        vae_loss(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 2)), np.ones((2, 2)), prior_mean=np.ones(3))
    with pytest.raises(TypeError, match=r"cluster_log_prior must have the shape \(C,\).*not \(\?, \?\)"):
        vae_gmm_loss(x, x, z, z, x, x, x)
    with pytest.raises(TypeError, match=r"z_mean \(\?, \?\) must have.*then 2 of its own, \(I, K\)"):
        vae_comp_gmm_loss(x, x, z, z, pt.tensor3(), pt.tensor3(), x)
    for wrong in (np.zeros((N, 1)), np.zeros((N, K + 1))):
        with pytest.raises(
            TypeError, match=rf"z_log_variance has a length of {wrong.shape[1]} along its axis K .*has {K}"
        ):
            vae_loss(XH, X, MEAN, wrong)
        with pytest.raises(TypeError, match=f"z_log_variance has a length of {wrong.shape[1]} along its axis K"):
            vae_gmm_loss(XH, X, MEAN, wrong, *CLUSTERS)
    with pytest.raises(TypeError, match=f"cluster_log_prior has a length of 1 along its axis C .*has {C}"):
        vae_gmm_loss(XH, X, MEAN, LOG_VARIANCE, *CLUSTERS[:2], np.zeros(1))
    with pytest.raises(TypeError, match=f"cluster_mean has a length of 1 along its axis I where z_mean has {PIECES}"):
        vae_comp_gmm_loss(XH, X, *PIECES_OF_Z, PIECES_CLUSTERS[0][:1], *PIECES_CLUSTERS[1:])
    factors, log_prior = SHARES["categorical"]
    with pytest.raises(TypeError, match=f"factor_log_prior has a length of 1 along its axis F .*has {F}"):
        fgmm_vae_loss(XH, X, MEAN, LOG_VARIANCE, FACTOR_POSTERIOR, factors, *FACTOR_CLUSTERS, np.zeros(1))
    with pytest.raises(TypeError, match=f"factor_log_probabilities has a length of 1 along its axis F .*has {F}"):
        fgmm_vae_loss(XH, X, MEAN, LOG_VARIANCE, FACTOR_POSTERIOR, factors[:, :1], *FACTOR_CLUSTERS, log_prior)
    with pytest.raises(ValueError, match="responsibilities must be 'optimal' or 'mean', not 'best'"):
        vae_gmm_loss(x, x, z, z, x, x, pt.vector(), responsibilities="best")
    with pytest.raises(ValueError, match="factors must be 'bernoulli' or 'categorical', not 'gaussian'"):
        fgmm_vae_loss(x, x, z, z, pt.tensor3(), x, pt.tensor3(), x, pt.vector(), factors="gaussian")
