"""Crossentropy of a linear layer with many classes, whose logits are never all held at once."""

import os
from itertools import pairwise
from typing import Any

import numpy as np
import pytensor
from pytensor.graph.basic import Constant

from objectives.ops._symbolic import DifferentiableOp
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.labels import LabelError
from objectives.ops.marking import loss
from objectives.ops.selection import where
from objectives.ops.shapes import own_shapes
from objectives.ops.threads import allowed, team

BLOCK = 34 << 20  # bytes held at once: the logits of some items, their features and products with the weights
ROWS = 1 << 17  # entries of the logits that pass through the cache together
CHUNK = 1 << 18  # entries of the gradient by the weights that are updated at once
SHARED = 1 << 20  # entries of the logits from which threads pay off


class LinearCrossentropy(DifferentiableOp):
    r"""(features h (..., D), weights W (V, D), labels (...), \*options) to the crossentropies (...) of h W'.

    The options are ``biases`` (V,) and those of `SoftmaxCrossentropy`.
    """

    @staticmethod
    def expression(features, weights, labels, *, biases=None, mask=None, **options):
        if mask is not None:
            features = where(mask[..., None], features, 0)
        logits = features @ weights.T
        logits = logits if biases is None else logits + biases
        return SoftmaxCrossentropy.expression(logits, labels, mask=mask, **options)

    def build_inner_graph(self, features, weights, labels, *options):
        return [loss(self.expression(features, weights, labels, **self.named(options)))]

    def perform(self, node, inputs, outputs):
        features, weights, labels, *options = inputs
        with np.errstate(all="ignore"):
            losses = Sweep(features, weights, labels, **self.named(options)).losses()
        outputs[0][0] = losses.astype(node.outputs[0].dtype, copy=False)

    def output_shape(self, features, *others):
        return features[:-1]

    def pullback(self, inputs, outputs, output_grads):
        data, options = inputs[:3], inputs[3:]
        trained = [0, 1, *(3 + i for i, name in enumerate(self.options) if name == "biases")]
        gradients = self.derivatives(inputs, output_grads, skip=trained)
        new = LinearCrossentropyGradient(options=self.options)(*data, output_grads[0], *options, return_list=True)
        for i, gradient in zip(trained, new, strict=True):
            if not isinstance(inputs[i], Constant):
                gradients[i] = gradient
        return gradients


class LinearCrossentropyGradient(DifferentiableOp):
    """(features, weights, labels, gradient by the losses, *options) to the gradients by features, weights and biases.

    ``with_loss`` prepends the losses to the outputs; it is for rewrites.
    """

    __props__ = ("options", "with_loss")
    with_loss = False
    loss_type = LinearCrossentropy
    num_data, num_weights = 3, 1

    def build_inner_graph(self, features, weights, labels, g, *options):
        named = self.named(options)
        losses = LinearCrossentropy.expression(features, weights, labels, **named)
        trained = [features, weights, *([named["biases"]] if "biases" in named else [])]
        gradients: Any = pytensor.grad(None, trained, known_grads={losses: g})
        return [loss(x) for x in ([losses] if self.with_loss else []) + gradients]

    def perform(self, node, inputs, outputs):
        features, weights, labels, g, *options = inputs
        with np.errstate(all="ignore"):
            results = Sweep(features, weights, labels, **self.named(options)).losses_and_gradients(g)
        for storage, output, result in zip(outputs, node.outputs, results[not self.with_loss :], strict=True):
            storage[0] = result.astype(output.dtype, copy=False)

    def infer_shape(self, *arguments):
        features, weights, *_ = own_shapes(arguments)
        biases = [weights[:1]] if "biases" in self.options else []
        return [*([features[:-1]] if self.with_loss else []), features, weights, *biases]

    def pullback(self, inputs, outputs, output_grads):
        return self.derivatives(inputs, output_grads)


class Sweep:
    r"""One pass over the items in the mask, block by block: products by BLAS, between them rows that stay in the cache.

    For a row z with maximum m and :math:`s = \sum_k e^{z_k - m}`, with the targets t (smoothed and weighed) and their
    sum T,

        loss = T log s - sum_j t_j (z_j - m) + z_loss (log s + m)^2,
        gradient by z_j = (T + 2 z_loss (log s + m)) e^(z_j - m) / s - t_j.
    """

    def __init__(self, features, weights, labels, *, mask=None, **options):
        check_labels(features, weights, labels, mask)
        check_classes(weights, **options)
        self.shape, self.dtype = features.shape, np.result_type(features, np.float32)
        self.features = features.reshape(labels.size, features.shape[-1])
        self.weights = for_blas(weights.astype(self.dtype, copy=False))
        self.kept = None if mask is None else np.flatnonzero(np.broadcast_to(mask, labels.shape))
        self.labels = self.of_kept(labels.ravel())
        self.rows = Rows(len(weights), **{name: x.astype(self.dtype, copy=False) for name, x in options.items()})

    def losses(self):
        losses = np.empty(len(self.labels), self.dtype)

        def compute(part, z):
            losses[part] = self.rows.losses(z, self.labels[part])

        with self.team() as team:
            for block, _, logits in self.blocks(team):
                over_rows(team, compute, block, logits)
        return self.finished(losses)

    def losses_and_gradients(self, g):
        """Losses and the gradients by features, weights and, where there are any, biases."""
        g = self.of_kept(np.broadcast_to(g, self.shape[:-1]).ravel().astype(self.dtype, copy=False))
        losses, by_features = np.empty(len(self.labels), self.dtype), np.zeros(self.features.shape, self.dtype)
        by_weights = np.zeros(self.weights.shape, self.dtype)  # in C order, whatever the order of the weights
        by_biases = np.zeros(len(self.weights), self.dtype)

        def compute(part, z):
            losses[part] = self.rows.gradients(z, self.labels[part], g[part])

        with self.team() as team:
            for block, features, logits in self.blocks(team):
                over_rows(team, compute, block, logits)

                def products(part, features=features, logits=logits):
                    self.add_products(part, features, logits, by_weights, by_biases)
                    return logits[:, part] @ self.weights[part]

                for product in team.map(products, self.class_parts(team)):
                    by_features[self.items(block)] += product
        gradients = [by_features.reshape(self.shape), by_weights, *([] if self.rows.biases is None else [by_biases])]
        return [self.finished(losses), *gradients]

    def add_products(self, part, features, logits, by_weights, by_biases):
        """Add to the gradients by weights and biases of some classes, through an array that stays in the cache."""
        width = max(1, CHUNK // max(1, features.shape[1]))
        for start in range(part.start, part.stop, width):
            few = slice(start, min(start + width, part.stop))
            by_weights[few] += logits[:, few].T @ features
        if self.rows.biases is not None:
            by_biases[part] += logits[:, part].sum(axis=0)

    def team(self):
        return team(thread_limit() if len(self.labels) * len(self.weights) >= SHARED else 1)

    def class_parts(self, team):
        """One slice of the classes for each thread that multiplies."""
        bounds = [len(self.weights) * i // team.multiplying for i in range(team.multiplying + 1)]
        return [slice(*both) for both in pairwise(bounds)]

    def blocks(self, team):
        """Slices of the items that are kept, with their features, and their logits in a buffer."""
        items, (num_classes, width) = len(self.labels), self.weights.shape
        most = BLOCK // (self.dtype.itemsize * max(1, num_classes + (1 + team.multiplying) * width))
        count = -(-items // max(1, most))
        height = -(-items // max(1, count))  # equal heights, with no small block at the end
        buffer = np.empty((height, num_classes), self.dtype)
        for start in range(0, items, max(1, height)):
            block = slice(start, min(start + height, items))
            features = for_blas(self.features[self.items(block)].astype(self.dtype, copy=False))
            logits = buffer[: len(features)]

            def product(part, features=features, logits=logits):
                np.matmul(features, self.weights[part].T, out=logits[:, part])

            team.map(product, self.class_parts(team))
            yield block, features, logits

    def of_kept(self, x):
        return x if self.kept is None else x[self.kept]

    def items(self, block):
        """Where the items of a block are among all."""
        return block if self.kept is None else self.kept[block]

    def finished(self, losses):
        if self.kept is not None:
            kept, losses = losses, np.zeros(len(self.features), self.dtype)
            losses[self.kept] = kept
        return losses.reshape(self.shape[:-1])


class Rows:
    """What becomes of a few rows of logits, in place."""

    def __init__(
        self, num_classes, *, biases=None, class_weights=None, label_smoothing=None, logit_softcap=None, z_loss=None
    ):
        self.biases, self.class_weights = biases, class_weights
        self.cap, self.z_loss = logit_softcap, z_loss
        self.keep = 1 if label_smoothing is None else 1 - label_smoothing
        spread = None if label_smoothing is None else np.full(num_classes, label_smoothing / num_classes)
        if spread is not None and class_weights is not None:
            spread *= class_weights
        self.spread = None if spread is None else spread.astype(label_smoothing.dtype)

    def losses(self, z, labels):
        return self.exponentials(z, labels)[0]

    def gradients(self, z, labels, g):
        """The losses; the rows become gradients."""
        losses, own, slope, factor = self.exponentials(z, labels, with_slope=True)
        z *= (g * factor)[:, None]
        z[np.arange(len(z)), labels] -= g * own
        if self.spread is not None:
            z -= g[:, None] * self.spread
        if slope is not None:
            z *= slope
        return losses

    def exponentials(self, z, labels, *, with_slope=False):
        """(losses, weights of the labels, derivative of the capped logits, factor of the exponentials in gradients)."""
        if self.biases is not None:
            z += self.biases
        slope = self.capped(z, with_slope)
        largest = z.max(axis=1)
        z -= largest[:, None]
        own, total, dot = self.target_sums(z, labels)
        np.exp(z, out=z)
        s = z.sum(axis=1)
        losses, factor = total * np.log(s) - dot, total / s
        if self.z_loss is not None:
            log_partition = np.log(s) + largest
            losses += self.z_loss * log_partition**2
            factor += 2 * self.z_loss * log_partition / s
        return losses, own, slope, factor

    def capped(self, z, with_slope):
        if self.cap is None:
            return None
        z /= self.cap
        np.tanh(z, out=z)
        slope = 1 - z**2 if with_slope else None
        z *= self.cap
        return slope

    def target_sums(self, z, labels):
        """For each row (target of the label, sum of all targets, sum of targets times z), where 0 times inf is 0."""
        own = self.keep * (np.ones(len(z), z.dtype) if self.class_weights is None else self.class_weights[labels])
        total, dot = own, times(own, z[np.arange(len(z)), labels])
        if self.spread is not None:
            counts = self.spread != 0
            total = total + self.spread.sum()
            dot = dot + (z @ self.spread if counts.all() else z[:, counts] @ self.spread[counts])
        return own, total, dot


def times(weight, value):
    return np.where(weight == 0, 0, weight * value)


def thread_limit():
    """As many threads as the process has processors, or fewer if OMP_NUM_THREADS says so."""
    return allowed(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def over_rows(team, compute, block, logits):
    """Call a function of a slice of the items and its rows for as many rows as fit the cache."""
    height = max(1, ROWS // max(1, logits.shape[1]))

    def part(start):
        z = logits[start : start + height]
        compute(slice(block.start + start, block.start + start + len(z)), z)

    team.map(part, range(0, len(logits), height))


def for_blas(x):
    """The matrix, or a contiguous copy: NumPy multiplies others by itself, slowly."""
    return x if x.flags.forc else np.ascontiguousarray(x)


def check_labels(features, weights, labels, mask):
    if labels.shape != features.shape[:-1]:
        raise ValueError(
            f"shape mismatch: targets {labels.shape} must be one label for each of features {features.shape}"
        )
    if features.shape[-1] != weights.shape[1]:
        raise ValueError(
            f"shape mismatch: features {features.shape} and weights {weights.shape} differ in their last axis"
        )
    wrong = (labels < 0) | (labels >= len(weights))
    if mask is not None:
        wrong &= mask
    if wrong.any():
        position = tuple(map(int, np.argwhere(wrong)[0]))
        raise LabelError(labels[position], position, len(weights))


def check_classes(weights, *, biases=None, class_weights=None, **others):
    """Raise unless there is one number for each class: a single one would be repeated, and more be left out."""
    for name, x in (("biases", biases), ("class_weights", class_weights)):
        if x is not None and x.shape[0] != weights.shape[0]:
            raise ValueError(
                f"shape mismatch: {name} {tuple(x.shape)} must be one number for each row of weights "
                f"{tuple(weights.shape)}"
            )
