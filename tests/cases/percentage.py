"""Rows of the losses of relative errors."""

import numpy as np
from lazy import jnp, optax

from cases.case import Case, positives, reals
from objectives.losses.percentage import (
    absolute_percentage_error,
    percentage_error,
    squared_logarithmic_error,
    symmetric_absolute_percentage_error,
)


def itself(t):
    return t


def nonzero(rng, shape):
    return positives(rng, shape) * rng.choice([-1, 1], size=shape)


CASES = [
    Case(
        absolute_percentage_error,
        reals,
        nonzero,
        lambda p, t: 100 * jnp.abs(1 - p / t),
        target_gradient=True,
        best=itself,
    ),
    Case(
        absolute_percentage_error,
        reals,
        nonzero,
        lambda p, t: jnp.where(jnp.abs(t) < 1.5, jnp.abs(p - t) / 1.5, jnp.abs(p / t - 1)),
        options={"factor": 1, "epsilon": 1.5},
        target_gradient=True,
        best=itself,
    ),
    Case(
        percentage_error,
        reals,
        nonzero,
        lambda p, t: 100 - 100 * p / t,
        target_gradient=True,
        best=lambda t: np.sign(t) * np.inf,
    ),
    Case(
        percentage_error,
        reals,
        nonzero,
        lambda p, t: jnp.where(jnp.abs(t) < 1.5, jnp.sign(t) * (t - p) / 1.5, 1 - p / t),
        options={"factor": 1, "epsilon": 1.5},
        target_gradient=True,
        best=lambda t: np.sign(t) * np.inf,
    ),
    Case(
        symmetric_absolute_percentage_error,
        reals,
        reals,
        lambda p, t: 100 * jnp.abs(p - t) / jnp.mean(jnp.abs(jnp.stack([p, t])), axis=0),
        target_gradient=True,
        best=itself,
    ),
    Case(
        squared_logarithmic_error,
        positives,
        positives,
        lambda p, t: optax.squared_error(jnp.log((1 + p) / (1 + t))),
        target_gradient=True,
        best=itself,
    ),
]
