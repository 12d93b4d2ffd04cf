"""Rows of the adaptive softmax."""

import numpy as np
import scipy.optimize
from lazy import jax, jnp, optax
from scipy.special import log_softmax

from cases.case import Case, reals
from objectives.losses.adaptive import adaptive_log_softmax_loss

FREQUENT, SIZES, WIDTHS = 3, (4, 2), (2, 1)  # of two clusters
NAMES = "projection_0", "tail_0", "projection_1", "tail_1"


def head(rng, shape):
    return rng.normal(size=(FREQUENT + len(SIZES), shape[-1]))


def classes(rng, shape):
    """Those of the head and of each cluster."""
    starts = np.array([0, FREQUENT, FREQUENT + SIZES[0]])
    within = [rng.integers(0, n, size=shape[:-1]) for n in (FREQUENT, *SIZES)]
    kind = np.arange(np.prod(shape[:-1], dtype=int)).reshape(shape[:-1]) % 3
    return starts[kind] + np.choose(kind, within)


def biases(rng, shape):
    return rng.normal(size=FREQUENT + len(SIZES))


def projection(number):
    return lambda rng, shape: rng.normal(size=(WIDTHS[number], shape[-1]))


def tail(number):
    return lambda rng, shape: rng.normal(size=(SIZES[number], WIDTHS[number]))


TAILS = dict(zip(NAMES, (projection(0), tail(0), projection(1), tail(1)), strict=True))


def pairs(data):
    """The tails, taken out of arrays by name."""
    arrays = [data.pop(name) for name in NAMES]
    return list(zip(arrays[::2], arrays[1::2], strict=True))


class AdaptiveCase(Case):
    """The arrays of tails are inputs one by one."""

    def apply(self, inputs, **options):
        features, weights, *extras = inputs
        data = dict(zip(self.extras, extras, strict=True))
        tails = pairs(data)
        return self.function(features, weights, **data, tails=tails, **(self.options | options))


def reference(h, w, *, targets, biases=0.0, **tails):
    """The crossentropy of joint probabilities of all classes, each a product."""
    p = jax.nn.softmax(jnp.einsum("...d,vd->...v", h, w) + biases)
    rare = [jax.nn.softmax(jnp.einsum("...d,ed,ve->...v", h, *pair)) for pair in pairs(tails)]
    joint = [p[..., :FREQUENT], *(p[..., FREQUENT + k, None] * q for k, q in enumerate(rare))]
    log_p = jnp.log(jnp.concatenate(joint, axis=-1))
    return optax.softmax_cross_entropy_with_integer_labels(log_p, targets)  # they add up to 1


def of_torch(h, w, *extras, with_biases):
    """PyTorch's module, with these parameters."""
    import torch

    y, *biases, p_0, t_0, p_1, t_1 = extras
    starts = [FREQUENT, FREQUENT + SIZES[0]]
    module = torch.nn.AdaptiveLogSoftmaxWithLoss(h.shape[-1], sum((FREQUENT, *SIZES)), starts, 2, with_biases)
    given = {"head.weight": w, "tail.0.0.weight": p_0, "tail.0.1.weight": t_0}
    given |= {"tail.1.0.weight": p_1, "tail.1.1.weight": t_1} | ({"head.bias": biases[0]} if biases else {})
    return -torch.func.functional_call(module, given, (h, y)).output


def best(weights, targets, **tails):
    """Found by search, item by item: the loss is convex in the features, and least at infinity for some classes."""

    rare = pairs(tails)

    def loss(h, y):
        log_p = log_softmax(weights @ h)
        for k, (p, t) in enumerate(rare):
            log_p = np.append(log_p, log_p[FREQUENT + k] + log_softmax(t @ p @ h))
        return -np.delete(log_p, slice(FREQUENT, FREQUENT + len(SIZES)))[y]

    start = np.zeros(weights.shape[1])
    return np.stack([scipy.optimize.minimize(loss, start, (y,), tol=1e-10).x for y in targets])


def row(extras, best=None):
    return AdaptiveCase(
        adaptive_log_softmax_loss,
        reals,
        head,
        reference,
        {},
        {"targets": classes, **extras, **TAILS},
        torch=lambda *arrays: of_torch(*arrays, with_biases="biases" in extras),
        target_gradient=True,
        axis_moves=False,
        best=best,
    )


CASES = [row({}, best), row({"biases": biases})]
