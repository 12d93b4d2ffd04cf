"""Rows of the losses of counts: their probabilities are those of JAX."""

from lazy import jnp, special, stats

from cases.case import Case, counts, positives, reals, with_torch
from objectives.losses.counts import poisson_nll_loss, poisson_nll_loss_with_log_rate

gammaln = special.gammaln
gamma, poisson = stats.gamma, stats.poisson


def probability(rate, n):
    return -poisson.logpmf(n, rate)


def without_factorial(rate, n):
    return probability(rate, n) - gammaln(n + 1.0)


CASES = [
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
