"""Rows of the Brier score."""

import numpy as np
from lazy import jax, jnp

from cases.case import CLASSES, Case, labels, one_hot, simplex
from objectives import brier_score


def distance(scale):
    def reference(p, t):
        t = jax.nn.one_hot(t, CLASSES) if t.ndim < p.ndim else t
        return scale * jnp.square(p - t).sum(-1)

    return reference


def certain(t):
    return np.eye(CLASSES)[t] if t.ndim == 1 else t


CASES = [
    Case(brier_score, simplex, labels, distance(1), best=certain),
    Case(brier_score, simplex, one_hot, distance(1), best=certain),
    Case(brier_score, simplex, simplex, distance(0.5), {"scale_by_half": True}, best=certain),
]
