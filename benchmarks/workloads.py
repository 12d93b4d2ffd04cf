"""The workloads: one row of `WORKLOADS` for each task, size and dtype, with its target ratios.

The tasks are functions of the same name in the modules ``in_pytensor``, ``in_torch``, ``in_jax`` and ``in_plain``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from typing import NamedTuple

import numpy as np

HEADLINE_ELEMENTS = 4_194_304  # 4096 x 1024: 16 MiB of float32, more than most caches hold
ELEMENTS = (1_000, 10_000, 100_000, 1_000_000, HEADLINE_ELEMENTS, 10_000_000)
ITEMS = ((128, 10), (1024, 10), (8192, 10), (65536, 10), (4096, 1000), (512, 50000))
HEADLINE_ITEMS = (4096, 1000)
SHARE_UNMASKED = 0.8
TOLERANCES = {"float32": 1e-4, "float64": 1e-9}  # of the loss, and of the gradient as a share of its greatest entry
ROUGH_TOLERANCE = 1e-3  # of contenders that round more than that in float32
# Against its own float64, PyTorch is off by 7e-4 in sums of a million numbers, and by 2e-4 in the gradient of CTC.
PYTORCH = ("torch eager", "torch.compile")


class Target(NamedTuple):
    """Time relative to the fastest peer: the greatest acceptable ratio, and the desired one."""

    at_most: float
    aim: float


class Task(NamedTuple):
    inputs: Callable  # (rng, shape, dtype) to named arrays; the gradient is taken by the first
    text: str
    gradients: int = 1  # by so many of the inputs
    rough: tuple[str, ...] = ()  # contenders that round much, with which no other is compared


@dataclass(frozen=True)
class Workload:
    """A row of the table; ``targets`` are by backend."""

    name: str  # of the task, and what distinguishes rows of the same task
    task: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    targets: dict[str, Target] = field(default_factory=dict)
    has_gradient: bool = True

    @property
    def label(self):
        suffix = "" if self.dtype == "float32" else f"-{self.dtype}"
        return f"{self.name}/{'x'.join(map(str, self.shape))}{suffix}"

    @property
    def gradients(self):
        """By how many of the inputs the gradient is taken."""
        return TASKS[self.task].gradients if self.has_gradient else 0

    def is_rough(self, contender):
        return self.dtype == "float32" and contender in TASKS[self.task].rough

    def tolerance(self, contender):
        return ROUGH_TOLERANCE if self.is_rough(contender) else TOLERANCES[self.dtype]

    @property
    def elements(self):
        return math.prod(self.shape)

    def arrays(self):
        """The inputs by name, always the same."""
        return TASKS[self.task].inputs(np.random.default_rng(0), self.shape, self.dtype)


# Inputs


def items(rng, shape, dtype):
    logits = 3 * rng.standard_normal(shape, dtype=dtype)
    return {"logits": logits, "labels": rng.integers(0, shape[-1], size=shape[0])}


def words(rng, shape, dtype):
    """Features and labels of items, and the weights of a layer that scores all words."""
    num_items, width, vocabulary = shape
    features = rng.standard_normal((num_items, width), dtype=dtype)
    weights = rng.standard_normal((vocabulary, width), dtype=dtype) / np.sqrt(width, dtype=dtype)
    return {"features": features, "weights": weights, "labels": rng.integers(0, vocabulary, size=num_items)}


def weighted_items(rng, shape, dtype):
    mask = rng.random(shape[0]) < SHARE_UNMASKED
    class_weights = rng.uniform(0.5, 2, size=shape[-1]).astype(dtype)
    return {**items(rng, shape, dtype), "mask": mask, "class_weights": class_weights}


def scaled_items(rng, shape, dtype):
    bias = rng.standard_normal(shape[-1], dtype=dtype)
    return {**items(rng, shape, dtype), "scale": np.asarray(1.5, dtype=dtype), "bias": bias}


def binary(rng, shape, dtype):
    inputs = reals(rng, shape, dtype)
    return {**inputs, "targets": (inputs["targets"] > 0).astype(dtype)}


def reals(rng, shape, dtype):
    predictions, targets = (2 * rng.standard_normal(shape, dtype=dtype) for _ in range(2))
    return {"predictions": predictions, "targets": targets, "mask": rng.random(shape) < SHARE_UNMASKED}


def distributions(rng, shape, dtype):
    logits, others = (rng.standard_normal(shape, dtype=dtype) for _ in range(2))
    targets = np.exp(others)
    return {"logits": logits, "targets": targets / targets.sum(axis=-1, keepdims=True)}


def counts(rng, shape, dtype):
    return {"log_rates": rng.standard_normal(shape, dtype=dtype), "counts": rng.poisson(2, shape).astype(dtype)}


def normals(rng, shape, dtype):
    variance = rng.uniform(0.5, 2, size=shape).astype(dtype)
    means, targets = (rng.standard_normal(shape, dtype=dtype) for _ in range(2))
    return {"means": means, "targets": targets, "variance": variance}


def triplets(rng, shape, dtype):
    return {name: rng.standard_normal(shape, dtype=dtype) for name in ("anchor", "positive", "negative")}


def pairs(rng, shape, dtype):
    return {name: rng.standard_normal(shape, dtype=dtype) for name in ("a", "b")}


def pictures(rng, shape, dtype):
    """Probabilities and one-hot targets of pixels, classes last."""
    logits = rng.standard_normal(shape, dtype=dtype)
    labels = rng.integers(0, shape[-1], size=shape[:-1])
    predictions = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return {"predictions": predictions, "targets": np.eye(shape[-1], dtype=dtype)[labels]}


def channels(rng, shape, dtype):
    """Logits (N, C, H, W) and labels (N, H, W)."""
    labels = rng.integers(0, shape[1], size=(shape[0], *shape[2:]))
    return {"logits": rng.standard_normal(shape, dtype=dtype), "labels": labels}


def sequences(rng, shape, dtype):
    """Logits (N, T, C) and a quarter as many symbols; 0 is the blank."""
    symbols = rng.integers(1, shape[-1], size=(shape[0], shape[1] // 4))
    return {"logits": rng.standard_normal(shape, dtype=dtype), "symbols": symbols}


def lists(rng, shape, dtype):
    """Scores and grades from 0 to 4."""
    return {"scores": rng.standard_normal(shape, dtype=dtype), "grades": rng.integers(0, 5, shape).astype(dtype)}


def scored(rng, shape, dtype):
    """Probabilities, and labels that they are right about as often as they say."""
    predictions = rng.random(shape).astype(dtype)
    return {"predictions": predictions, "labels": (rng.random(shape) < predictions).astype("int64")}


TASKS = {
    "categorical": Task(items, "crossentropy of logits and labels, mean"),
    "categorical_weighted": Task(weighted_items, "the same with mask, class weights and label smoothing"),
    "categorical_capped": Task(items, "the same with a soft cap of the logits and a z-loss"),
    "categorical_user": Task(items, "crossentropy written as -log(softmax(x))[arange(n), y]"),
    "categorical_probabilities": Task(items, "the same from softmax probabilities"),
    "categorical_inplace": Task(scaled_items, "the same of logits x * scale + bias, gradient by x"),
    "linear": Task(words, "crossentropy of a linear layer, mean, gradients by features and weights", gradients=2),
    "binary_crossentropy": Task(binary, "binary crossentropy of logits, masked and normalized"),
    "squared": Task(reals, "squared error, masked and normalized"),
    "huber": Task(reals, "Huber loss, masked and normalized"),
    "hinge": Task(binary, "binary hinge loss, masked and normalized"),
    "multiclass_hinge": Task(items, "hinge loss of Crammer and Singer, mean"),
    "top_5": Task(items, "top-5 accuracy"),
    "kl_divergence": Task(distributions, "Kullback-Leibler divergence of logits, mean"),
    "jensen_shannon": Task(distributions, "Jensen-Shannon divergence of a softmax, mean"),
    "log_cosh": Task(pairs, "logarithm of the hyperbolic cosine, mean"),
    "quantile": Task(pairs, "quantile loss, mean"),
    "poisson": Task(counts, "Poisson likelihood of logarithmic rates, mean"),
    "gaussian": Task(normals, "Gaussian likelihood, mean"),
    "focal": Task(binary, "binary focal crossentropy of logits, masked and normalized"),
    "cosine": Task(pairs, "cosine distance of vectors, mean"),
    "triplet": Task(triplets, "triplet margin loss of vectors, mean"),
    "dice": Task(pictures, "Dice loss of images, mean"),
    "image_crossentropy": Task(channels, "crossentropy of images, channels first, mean"),
    "ctc": Task(sequences, "CTC, mean", rough=PYTORCH),
    "roc_auc": Task(scored, "area under the ROC curve"),
    "average_precision": Task(scored, "average precision"),
    "calibration": Task(scored, "expected calibration error in 15 bins", rough=PYTORCH),
    "r2": Task(pairs, "coefficient of determination"),
    "pearson": Task(pairs, "Pearson correlation"),
    "spearman": Task(pairs, "Spearman correlation"),
    "ndcg": Task(lists, "normalized discounted cumulative gain, mean"),
}


# The table


def categorical_rows():
    """From 128 items, where the time is that of a call, to gradients of 100 MB."""
    cvm = {"CVM": Target(0.7, 0.35)}
    targets = {
        (128, 10): {"NUMBA": Target(1.0, 0.5)},
        (65536, 10): {"NUMBA": Target(0.9, 0.6)},
        (4096, 1000): {"NUMBA": Target(0.7, 0.4), **cvm},
        (512, 50000): {"NUMBA": Target(0.8, 0.5), **cvm},
    }
    return [Workload("categorical", "categorical", shape, targets=targets.get(shape, {})) for shape in ITEMS]


def elementwise_rows(name, dtype, **targets):
    """A sweep over the number of elements, with targets at the headline size alone."""
    return [Workload(name, name, (n,), dtype, targets=targets if n == HEADLINE_ELEMENTS else {}) for n in ELEMENTS]


def headline(name, task=None, shape=HEADLINE_ITEMS, has_gradient=True, **targets):
    return Workload(name, task or name, shape, targets=targets, has_gradient=has_gradient)


FAMILY_TARGETS = {"NUMBA": Target(0.6, 0.4), "CVM": Target(0.9, 0.6)}
LOSSES = {
    "kl_divergence": HEADLINE_ITEMS,
    "jensen_shannon": HEADLINE_ITEMS,
    "log_cosh": (1_000_000,),
    "quantile": (1_000_000,),
    "poisson": (1_000_000,),
    "gaussian": (1_000_000,),
    "focal": (1_000_000,),
    "cosine": (16384, 128),
    "triplet": (16384, 128),
    "dice": (8, 256, 256, 4),
    "image_crossentropy": (8, 21, 256, 256),
    "ctc": (64, 100, 64),
}
MEASURES = {
    **dict.fromkeys(["roc_auc", "average_precision", "calibration", "r2", "pearson", "spearman"], (1_000_000,)),
    "ndcg": (10_000, 50),
}


def family_rows():
    """One workload for each family of losses and measures that has none above."""
    losses = [Workload(name, name, shape, targets=FAMILY_TARGETS) for name, shape in LOSSES.items()]
    return losses + [Workload(n, n, shape, targets=FAMILY_TARGETS, has_gradient=False) for n, shape in MEASURES.items()]


WORKLOADS = [
    *categorical_rows(),
    headline("categorical_weighted", NUMBA=Target(0.7, 0.4)),
    headline("categorical_capped", NUMBA=Target(0.7, 0.4), CVM=Target(0.7, 0.4)),
    headline("categorical_user", NUMBA=Target(0.75, 0.4)),
    headline("categorical_probabilities", NUMBA=Target(0.75, 0.4)),
    headline("categorical_inplace", shape=(512, 50000), NUMBA=Target(0.3, 0.15)),
    headline("categorical_loss_only", "categorical", has_gradient=False),
    headline("linear", shape=(2048, 512, 32000), NUMBA=Target(0.85, 0.7), CVM=Target(0.85, 0.7)),
    Workload("linear_large_vocabulary", "linear", (128, 64, 256000)),
    *elementwise_rows("binary_crossentropy", "float32", NUMBA=Target(0.7, 0.4), CVM=Target(2.5, 1.0)),
    *elementwise_rows("binary_crossentropy", "float64", NUMBA=Target(0.7, 0.5)),
    *elementwise_rows("squared", "float32", NUMBA=Target(0.8, 0.6)),
    *elementwise_rows("huber", "float32", NUMBA=Target(0.8, 0.6)),
    *elementwise_rows("hinge", "float32", NUMBA=Target(0.8, 0.6)),
    headline("multiclass_hinge", NUMBA=Target(0.75, 0.5)),
    headline("top_5", has_gradient=False, NUMBA=Target(0.15, 0.08)),
    *family_rows(),
]


def select(patterns, dtype=None, quick=False):
    """The rows whose label or name matches one of the patterns, optionally in another dtype and in tiny sizes."""
    rows = {}
    for row in WORKLOADS:
        if any(fnmatch(row.label, pattern) or fnmatch(row.name, pattern) for pattern in patterns):
            row = in_dtype(row, dtype)
            row = tiny(row) if quick else row
            rows.setdefault(row.label, row)
    return list(rows.values())


def in_dtype(row, dtype):
    """The row in another dtype: that row of the table if there is one, else without targets."""
    if dtype in (None, row.dtype):
        return row
    other = replace(row, dtype=dtype, targets={})
    return next((known for known in WORKLOADS if known.label == other.label), other)


def tiny(row):
    """The row with few items and classes, to test that it works, not its speed."""
    limits = {1: (1000,), 2: (128, 64), 3: (128, 16, 64), 4: (2, 16, 16, 16)}[len(row.shape)]
    return replace(row, shape=tuple(map(min, row.shape, limits)), targets={})
