"""Rows of the deviances."""

import numpy as np
from lazy import jnp, optax, stats

from cases.case import Case, counts, positives, reals
from objectives.lookup import REALS
from objectives.losses.deviance import tweedie_deviance

expon, poisson = stats.expon, stats.poisson

NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)


def integrated(power):
    """Twice the integral of the quasi-likelihood (u - t) / u^k from the target to the prediction, over v = sqrt(u)."""

    def deviance(p, t):
        start, end = jnp.sqrt(jnp.maximum(t, 0.0)), jnp.sqrt(p)
        half = (end - start) / 2
        slopes = ((v**2 - t) * 2 * v * v ** (-2 * power) for v in (start + half * (1 + x) for x in NODES))
        return 2 * half * sum(w * slope for w, slope in zip(WEIGHTS, slopes, strict=True))

    return deviance


def itself(t):
    return t


CASES = [
    Case(
        tweedie_deviance,
        positives,
        counts,
        lambda p, t: optax.squared_error(p, t.astype("float64")),
        differs={"arguments": {"predictions": REALS, "targets": REALS}},
        best=itself,
    ),
    Case(tweedie_deviance, positives, reals, integrated(-1), options={"power": -1}),
    Case(
        tweedie_deviance,
        positives,
        counts,
        lambda p, t: 2 * (poisson.logpmf(t, t.astype("float64")) - poisson.logpmf(t, p)),
        options={"power": 1},
    ),
    Case(tweedie_deviance, positives, counts, integrated(1.5), options={"power": 1.5}),
    Case(
        tweedie_deviance,
        positives,
        positives,
        integrated(1.1),
        options={"power": 1.1},
        target_gradient=True,
        best=itself,
    ),
    Case(
        tweedie_deviance,
        positives,
        positives,
        lambda p, t: 2 * (expon.logpdf(t, scale=t) - expon.logpdf(t, scale=p)),
        options={"power": 2},
        target_gradient=True,
        best=itself,
    ),
    Case(
        tweedie_deviance,
        positives,
        positives,
        lambda p, t: t * optax.squared_error(1 / p - 1 / t),  # of the inverse Gaussian distribution
        options={"power": 3},
        target_gradient=True,
        best=itself,
    ),
]
