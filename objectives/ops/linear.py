"""Crossentropy of what a linear layer gives for many classes, whose logits are never held all at once."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import Constant
from scipy.linalg import get_blas_funcs

from objectives.ops._symbolic import DifferentiableOp
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.labels import LabelError
from objectives.ops.marking import loss
from objectives.ops.selection import select, where
from objectives.ops.shapes import own_shapes
from objectives.ops.threads import allowed

BLOCK = 1 << 25  # bytes of the logits that are held at once
ROWS = 1 << 16  # entries of the logits that pass through the cache together
SHARED = 1 << 20  # entries from which threads are worth their start


def softcapped(logits, cap):
    """Logits between -cap and cap, nearly as they are where they are small."""
    return logits if cap is None else cap * pt.tanh(logits / cap)


def partition_penalty(logits, weight):
    """The weighted square of the logarithm of the softmax's denominator."""
    largest = disconnected_grad(logits.max(axis=-1, keepdims=True))
    log_partition = pt.log(pt.exp(logits - largest).sum(axis=-1)) + largest[..., 0]
    return weight * pt.square(log_partition)


class LinearCrossentropy(DifferentiableOp):
    r"""(features h (..., D), weights W (V, D), labels (...), \*options) to the crossentropies (...) of h W'.

    The options are ``biases`` (V,), ``logit_softcap`` and ``z_loss`` (scalars), and those of `SoftmaxCrossentropy`.
    """

    @staticmethod
    def expression(features, weights, labels, *, biases=None, logit_softcap=None, z_loss=None, mask=None, **options):
        if mask is not None:
            features = where(mask[..., None], features, 0)
        logits = features @ weights.T
        logits = softcapped(logits if biases is None else logits + biases, logit_softcap)
        losses = SoftmaxCrossentropy.expression(logits, labels, mask=mask, **options)
        return losses if z_loss is None else losses + select(mask, partition_penalty(logits, z_loss))

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
        self.weights = weights.astype(self.dtype, copy=False)
        self.kept = None if mask is None else np.flatnonzero(np.broadcast_to(mask, labels.shape))
        self.labels = self.of_kept(labels.ravel())
        self.rows = Rows(len(weights), **{name: x.astype(self.dtype, copy=False) for name, x in options.items()})

    def losses(self):
        losses = np.empty(len(self.labels), self.dtype)

        def compute(part, z):
            losses[part] = self.rows.losses(z, self.labels[part])

        for block, _, logits in self.blocks():
            self.over_parts(compute, block, logits)
        return self.finished(losses)

    def losses_and_gradients(self, g):
        """Losses and the gradients by features, weights and, where there are any, biases."""
        g = self.of_kept(np.broadcast_to(g, self.shape[:-1]).ravel().astype(self.dtype, copy=False))
        losses, by_features = np.empty(len(self.labels), self.dtype), np.zeros(self.features.shape, self.dtype)
        by_weights = np.zeros(self.weights.shape, self.dtype)  # in C order, whatever that of the weights
        by_biases = np.zeros(len(self.weights), self.dtype)

        def compute(part, z):
            losses[part] = self.rows.gradients(z, self.labels[part], g[part])

        for block, features, logits in self.blocks():
            self.over_parts(compute, block, logits)
            multiply(logits.T, features, by_weights, add=True)
            if self.kept is None:
                multiply(logits, self.weights, by_features[block])
            else:
                by_features[self.kept[block]] = multiply(logits, self.weights, np.empty(features.shape, self.dtype))
            if self.rows.biases is not None:
                by_biases += logits.sum(axis=0)
        gradients = [by_features.reshape(self.shape), by_weights, *([] if self.rows.biases is None else [by_biases])]
        return [self.finished(losses), *gradients]

    def blocks(self):
        """Slices of the items that are kept, with their features, and their logits in a buffer."""
        height = max(1, min(len(self.labels), BLOCK // (max(1, len(self.weights)) * self.dtype.itemsize)))
        buffer = np.empty((height, len(self.weights)), self.dtype)
        for start in range(0, len(self.labels), height):
            block = slice(start, min(start + height, len(self.labels)))
            features = self.features[block if self.kept is None else self.kept[block]].astype(self.dtype, copy=False)
            yield block, features, multiply(features, self.weights.T, buffer[: len(features)])

    def over_parts(self, compute, block, logits):
        """Call a function of a slice of the items and its rows for as many rows as fit the cache, in threads."""
        height = max(1, ROWS // max(1, logits.shape[1]))

        def part(start):
            z = logits[start : start + height]
            with np.errstate(all="ignore"):  # of each thread
                compute(slice(block.start + start, block.start + start + len(z)), z)

        starts = range(0, len(logits), height)
        if min(len(starts), workers := thread_limit()) < 2 or logits.size < SHARED:
            for start in starts:
                part(start)
            return
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(part, starts))

    def of_kept(self, x):
        return x if self.kept is None else x[self.kept]

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


def multiply(a, b, out, *, add=False):
    """``a @ b`` into an array in C order, or added to it, which NumPy cannot: BLAS sees the transposes of all three."""
    if not (a.size and b.size):  # SciPy refuses them
        out[...] = out if add else 0
        return out
    gemm = get_blas_funcs("gemm", dtype=out.dtype)
    (b, transposed_b), (a, transposed_a) = as_transpose(b), as_transpose(a)
    gemm(1, b, a, beta=float(add), c=out.T, trans_a=transposed_b, trans_b=transposed_a, overwrite_c=True)
    return out


def as_transpose(x):
    """The transpose of a matrix in Fortran's order, without a copy: as it is, or the matrix with a flag."""
    return (x, True) if x.flags.f_contiguous else (x.T, False)


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
