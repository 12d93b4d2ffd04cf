"""Rows of the continuous ranked probability scores: integrals over distribution functions, and all pairs."""

import numpy as np
from lazy import jnp, stats

from cases.case import Case, each_item, positives, reals
from objectives.losses.crps import ensemble_crps, gaussian_crps

norm = stats.norm

NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)
FAR = 60


def squared_distribution(w):
    """The integral of the square of the normal distribution function up to w."""
    half = (w + FAR) / 2
    return half * (norm.cdf(half[..., None] * (1 + NODES) - FAR) ** 2 @ WEIGHTS)


def integral(mean, t, *, standard_deviation):
    """By definition: of the square of F up to the target, and of 1 - F beyond it."""
    w = (t - mean) / standard_deviation
    return standard_deviation * (squared_distribution(w) + squared_distribution(-w))


def pairs(fair):
    def reference(x, t):
        n = x.shape[-1]
        members = [x[..., i] for i in range(n)]
        distance = sum(jnp.abs(a - t) for a in members) / n
        spread = sum(jnp.abs(a - b) for a in members for b in members)
        return distance - spread / (2 * n * (n - 1 if fair else n))

    return reference


def everywhere(t):
    return np.repeat(t[..., None], 5, axis=-1)


CASES = [
    Case(ensemble_crps, reals, each_item(reals), pairs(False), target_gradient=True, best=everywhere),
    Case(ensemble_crps, reals, each_item(reals), pairs(True), {"fair": True}, target_gradient=True, best=everywhere),
    Case(
        gaussian_crps,
        reals,
        reals,
        integral,
        extras={"standard_deviation": positives},
        target_gradient=True,
        best=lambda t, standard_deviation: t,
    ),
]
