"""The table: one row for each function and each of its options.

A row names the function, its options, what its inputs look like, and an independent reference. The sweeps make of it
tests of value, gradient, dtype, mask, leading dimensions, class axis and every backend. References compute in
float64, with optax and JAX (or scikit-learn for measures), and again with PyTorch where that is installed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import objectives

jax.config.update("jax_enable_x64", True)

ITEMS, CLASSES = 6, 5


def reals(rng, shape):
    return rng.normal(scale=2, size=shape)


def probabilities(rng, shape):
    return rng.uniform(0.02, 0.98, size=shape)


def simplex(rng, shape):
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def binary(rng, shape):
    return rng.integers(0, 2, size=shape).astype("int8")


def signs(rng, shape):
    return 2 * binary(rng, shape) - 1


def labels(rng, shape):
    return rng.integers(0, shape[-1], size=shape[:-1])


def one_hot(rng, shape):
    return np.eye(shape[-1], dtype="int64")[labels(rng, shape)]


@dataclass(frozen=True, eq=False)
class Case:
    """One row of the table; inputs are drawn by functions of (generator, shape), the class axis last."""

    function: Callable
    predictions: Callable
    targets: Callable
    reference: Callable
    options: dict[str, Any] = field(default_factory=dict)
    torch: Callable | None = None
    itemwise: bool = False
    differentiable: bool = True

    @property
    def id(self):
        options = ",".join(f"{name}={_short(value)}" for name, value in self.options.items())
        return f"{self.function.__name__}[{self.targets.__name__}{',' + options if options else ''}]"

    def draw(self, dtype, *, shape=(ITEMS, CLASSES), seed=0):
        """Predictions of this dtype and targets."""
        rng = np.random.default_rng([seed, *shape])
        targets = self.targets(rng, shape)
        predictions = self.predictions(rng, shape).astype(dtype)
        return predictions, targets.astype(dtype) if targets.dtype.kind == "f" else targets

    def expected(self, predictions, targets, upstream):
        """The reference's losses and the gradient of their product with ``upstream``, in float64."""
        predictions = jnp.asarray(predictions, dtype="float64")
        targets = np.asarray(targets, dtype="float64" if targets.dtype.kind == "f" else "int64")
        if not self.differentiable:
            return np.asarray(self.reference(predictions, targets)), None
        value, pullback = jax.vjp(lambda p: self.reference(p, jnp.asarray(targets)), predictions)
        return np.asarray(value), np.asarray(pullback(jnp.asarray(upstream, dtype="float64"))[0])


def _short(value):
    return "..." if isinstance(value, np.ndarray) else value


WEIGHTS = np.array([0.5, 2.0, 1.0, 0.0, 3.0])
POS_WEIGHTS = np.array([0.5, 2.0, 1.0, 4.0, 3.0])


def softmax_crossentropy(z, t, *, weights=1.0, smoothing=0.0):
    t = jax.nn.one_hot(t, CLASSES) if t.ndim < z.ndim else t.astype("float64")
    return optax.softmax_cross_entropy(z, weights * optax.smooth_labels(t, smoothing))


def crossentropy_of_simplex(p, t, *, weights=1.0, smoothing=0.0):
    t = jax.nn.one_hot(t, CLASSES) if t.ndim < p.ndim else t.astype("float64")
    t = optax.smooth_labels(t, smoothing)
    return jnp.sum(weights * (jax.scipy.special.rel_entr(t, p) + jax.scipy.special.entr(t)), axis=-1)


def weighted_sigmoid_crossentropy(z, t, *, pos_weight=1.0):
    positive, negative = optax.sigmoid_binary_cross_entropy(z, 1.0), optax.sigmoid_binary_cross_entropy(z, 0.0)
    return pos_weight * t * positive + (1 - t) * negative


def with_torch(name, **options):
    """The torch.nn.functional of this name, unreduced, with dense targets of the dtype of the predictions."""

    def function(p, t):
        import torch

        tensors = {k: torch.as_tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        t = t.to(p.dtype) if t.ndim == p.ndim else t
        return getattr(torch.nn.functional, name)(p, t, reduction="none", **tensors)

    return function


def top_k_by_sorting(k):
    def reference(p, t):
        t = np.asarray(t)
        t = t.argmax(-1) if t.ndim == p.ndim else t
        best = np.argsort(-np.asarray(p), axis=-1, kind="stable")[..., :k]
        return (best == t[..., None]).any(-1).astype("float64")

    return reference


def logits_of(p):
    return jnp.log(p) - jnp.log1p(-p)


CASES = [
    Case(
        objectives.binary_crossentropy,
        probabilities,
        targets,
        lambda p, t: optax.sigmoid_binary_cross_entropy(logits_of(p), t.astype("float64")),
        torch=with_torch("binary_cross_entropy"),
    )
    for targets in (binary, probabilities)
]
CASES += [
    Case(
        objectives.binary_crossentropy,
        probabilities,
        probabilities,
        lambda p, t: weighted_sigmoid_crossentropy(logits_of(p), 0.8 * t + 0.1, pos_weight=POS_WEIGHTS),
        options={"pos_weight": POS_WEIGHTS, "label_smoothing": 0.2},
    ),
    Case(
        objectives.binary_crossentropy_with_logits,
        reals,
        binary,
        lambda z, t: optax.sigmoid_binary_cross_entropy(z, t.astype("float64")),
        torch=with_torch("binary_cross_entropy_with_logits"),
    ),
    Case(
        objectives.binary_crossentropy_with_logits,
        reals,
        probabilities,
        lambda z, t: weighted_sigmoid_crossentropy(z, t, pos_weight=POS_WEIGHTS),
        options={"pos_weight": POS_WEIGHTS},
        torch=with_torch("binary_cross_entropy_with_logits", pos_weight=POS_WEIGHTS),
    ),
    Case(
        objectives.binary_crossentropy_with_logits,
        reals,
        binary,
        lambda z, t: optax.sigmoid_binary_cross_entropy(z, 0.7 * t + 0.15),
        options={"label_smoothing": 0.3},
    ),
]
for function, predictions, reference in (
    (objectives.categorical_crossentropy, simplex, crossentropy_of_simplex),
    (objectives.categorical_crossentropy_with_logits, reals, softmax_crossentropy),
):
    with_logits = predictions is reals
    for targets in (labels, one_hot, simplex):
        for ours, optaxs, torchs in (
            ({}, {}, {}),
            (
                {"class_weights": WEIGHTS, "label_smoothing": 0.1},
                {"weights": WEIGHTS, "smoothing": 0.1},
                {"weight": WEIGHTS, "label_smoothing": 0.1},
            ),
        ):
            CASES.append(
                Case(
                    function,
                    predictions,
                    targets,
                    lambda p, t, reference=reference, optaxs=optaxs: reference(p, t, **optaxs),
                    options=ours,
                    torch=with_torch("cross_entropy", **torchs) if with_logits else None,
                    itemwise=True,
                )
            )
CASES += [
    Case(objectives.squared_error, reals, reals, optax.squared_error, torch=with_torch("mse_loss")),
    Case(objectives.huber_loss, reals, reals, optax.huber_loss, torch=with_torch("huber_loss")),
    Case(
        objectives.huber_loss,
        reals,
        reals,
        lambda p, t: optax.huber_loss(p, t, delta=0.3),
        options={"delta": 0.3},
        torch=with_torch("huber_loss", delta=0.3),
    ),
    Case(
        objectives.binary_hinge_loss,
        reals,
        binary,
        lambda z, t: optax.hinge_loss(z, 2.0 * t - 1),
        options={"log_odds": True},
    ),
    Case(
        objectives.binary_hinge_loss,
        reals,
        signs,
        lambda z, t: 2 * optax.hinge_loss(z / 2, t.astype("float64")),
        options={"log_odds": True, "binary": False, "delta": 2},
    ),
    Case(
        objectives.binary_hinge_loss,
        probabilities,
        binary,
        lambda p, t: optax.hinge_loss(logits_of(p), 2.0 * t - 1),
        options={"log_odds": False},
    ),
    Case(objectives.multiclass_hinge_loss, reals, labels, optax.losses.multiclass_hinge_loss, itemwise=True),
    Case(
        objectives.multiclass_hinge_loss,
        reals,
        one_hot,
        lambda z, t: 3 * optax.losses.multiclass_hinge_loss(z / 3, t.argmax(-1)),
        options={"delta": 3},
        itemwise=True,
    ),
    Case(
        objectives.binary_accuracy,
        probabilities,
        binary,
        lambda p, t: np.equal(np.asarray(p) > 0.5, t).astype("float64"),
        differentiable=False,
    ),
    Case(
        objectives.binary_accuracy,
        reals,
        binary,
        lambda p, t: np.equal(np.asarray(p) > 0, t).astype("float64"),
        options={"threshold": 0},
        differentiable=False,
    ),
]
CASES += [
    Case(
        objectives.categorical_accuracy,
        reals,
        targets,
        top_k_by_sorting(k),
        options={"top_k": k},
        itemwise=True,
        differentiable=False,
    )
    for k, targets in ((1, labels), (3, labels), (2, one_hot), (2, simplex))
]
