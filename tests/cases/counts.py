"""Rows of the losses of counts: their probabilities are those of JAX."""

from lazy import jnp, special, stats

from cases.case import Case, counts, positives, reals, with_torch
from objectives.losses.counts import (
    negative_binomial_nll_loss,
    poisson_nll_loss,
    poisson_nll_loss_with_log_rate,
)

gammaln = special.gammaln
gamma, nbinom, poisson = stats.gamma, stats.nbinom, stats.poisson


def probability(rate, n):
    return -poisson.logpmf(n, rate)


def without_factorial(rate, n):
    return probability(rate, n) - gammaln(n + 1.0)


def failures(mean, n, *, dispersion):
    """Of trials until 1 / dispersion successes."""
    return -nbinom.logpmf(n, 1 / dispersion, 1 / (1 + dispersion * mean))


def torch_failures(mean, n, dispersion):
    from torch.distributions import NegativeBinomial

    return -NegativeBinomial(1 / dispersion, logits=(dispersion * mean).log(), validate_args=False).log_prob(n)


CASES = [
    Case(
        negative_binomial_nll_loss,
        positives,
        counts,
        lambda mean, n, *, dispersion: failures(mean, n, dispersion=dispersion) - gammaln(n + 1.0),
        extras={"dispersion": positives},
    ),
    Case(
        negative_binomial_nll_loss,
        positives,
        positives,
        failures,
        {"full": True},
        extras={"dispersion": positives},
        torch=torch_failures,
        best=lambda x, dispersion: x,
    ),
    Case(
        poisson_nll_loss,
        positives,
        counts,
        without_factorial,
        torch=with_torch("poisson_nll_loss", log_input=False, eps=0.0),
    ),
    Case(poisson_nll_loss, positives, counts, probability, {"full": True}),
    Case(
        poisson_nll_loss,
        positives,
        positives,
        lambda rate, x: -gamma.logpdf(rate, x + 1),
        {"full": True},
        best=lambda x: x,
    ),
    Case(
        poisson_nll_loss_with_log_rate,
        reals,
        counts,
        lambda z, n: without_factorial(jnp.exp(z), n),
        torch=with_torch("poisson_nll_loss"),
    ),
    Case(poisson_nll_loss_with_log_rate, reals, counts, lambda z, n: probability(jnp.exp(z), n), {"full": True}),
]
