"""Rows of the losses between real numbers."""

import numpy as np
from lazy import jax, jnp, optax

from cases.case import CLASSES, Case, positives, reals, with_torch
from objectives.losses.quantile import quantile_loss
from objectives.losses.regression import (
    absolute_error,
    huber_loss,
    log_cosh_loss,
    signed_error,
    smooth_l1_loss,
    squared_error,
    zeros_loss,
)

QUANTILES = np.linspace(0.1, 0.9, CLASSES)


def itself(t):
    return t


def l1(p, t):
    """The exponent of Laplace's distribution."""
    return -jax.scipy.stats.laplace.logpdf(p, t) - jnp.log(2.0)


def pinball(quantile):
    """The indicator of Koenker and Bassett."""
    return lambda p, t: (t - p) * (quantile - (t < p))


CASES = [
    Case(
        squared_error,
        reals,
        reals,
        optax.squared_error,
        torch=with_torch("mse_loss"),
        target_gradient=True,
        best=itself,
    ),
    Case(huber_loss, reals, reals, optax.huber_loss, torch=with_torch("huber_loss"), target_gradient=True, best=itself),
    Case(
        huber_loss,
        reals,
        reals,
        lambda p, t: optax.huber_loss(p, t, delta=0.3),
        options={"delta": 0.3},
        torch=with_torch("huber_loss", delta=0.3),
        best=itself,
    ),
    Case(absolute_error, reals, reals, l1, torch=with_torch("l1_loss"), target_gradient=True, best=itself),
    Case(
        smooth_l1_loss,
        reals,
        reals,
        optax.huber_loss,
        torch=with_torch("smooth_l1_loss"),
        target_gradient=True,
        best=itself,
    ),
    Case(
        smooth_l1_loss,
        reals,
        reals,
        lambda p, t: 2 * optax.huber_loss(p, t, delta=0.5),
        options={"beta": 0.5},
        torch=with_torch("smooth_l1_loss", beta=0.5),
        best=itself,
    ),
    Case(log_cosh_loss, reals, reals, optax.losses.log_cosh, target_gradient=True, best=itself),
    Case(quantile_loss, reals, positives, lambda p, t: l1(p, t) / 2, target_gradient=True, best=itself),
    Case(
        quantile_loss,
        reals,
        reals,
        pinball(0.9),
        options={"quantile": 0.9},
        target_gradient=True,
        best=itself,
    ),
    Case(quantile_loss, reals, reals, pinball(QUANTILES), options={"quantile": QUANTILES}, best=itself),
    Case(
        signed_error,
        reals,
        reals,
        jnp.subtract,
        target_gradient=True,
        best=lambda t: np.full(t.shape, -np.inf),
    ),
    Case(zeros_loss, reals, reals, lambda p, t: 0 * p, target_gradient=True, best=itself),
]
