"""A linear layer of which only the rows of targets and of sampled classes are read."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from objectives._arithmetic import log_sum_exp, mean
from objectives._inputs import aligned_mask, as_tensor, check_same_shape, floating, integer_labels, matching, shown
from objectives.losses._terms import finished, per_class
from objectives.losses.linear import layer_weights, shapes_of
from objectives.ops.counting import EntryCount
from objectives.ops.labels import known_sample, known_target
from objectives.ops.selection import equal, nan_where, where
from objectives.ops.softplus import softplus


class SampledLayer:
    """The checked arguments, harmless where they are masked; targets (..., T), of which there may be ``many``."""

    def __init__(self, features, weights, targets, biases, samples, mask):
        h = floating(features, "features", ("features", "weights", "targets"))
        self.dtype, h = h.dtype, h.astype("float32") if h.dtype == "float16" else h
        self.weights = layer_weights(weights, h)
        labels, self.samples = _indices(targets, "targets"), _indices(samples, "samples")
        if labels.ndim not in (h.ndim - 1, h.ndim):
            shapes = f"targets {shown(labels.type.shape)} and {shapes_of(h, self.weights)}"
            raise TypeError(
                f"rank mismatch between {shapes}: targets are class indices, one for each item (...) or several "
                "(..., T), which have no axis of classes"
            )
        check_same_shape("targets", labels.type.shape[: h.ndim - 1], "items of the features", h.type.shape[:-1])
        if self.samples.ndim != 1:
            raise TypeError(f"samples {shown(self.samples.type.shape)} must be a vector, shared by all items")
        self.biases = None if biases is None else per_class(biases, "biases", self.weights.T)
        self.mask = None if mask is None else aligned_mask(mask, "items of the features", h.type.shape[:-1])
        self.many = labels.ndim == h.ndim
        self.rows = None if self.mask is None else self.mask[..., None]
        self.features = h if mask is None else where(self.rows, h, 0)
        self.shapes = {"targets": labels.type.shape, "samples": self.samples.type.shape}
        self.targets = self._items(labels, 0)

    def _items(self, x, fill):
        """Numbers of targets, (...) or (..., T), as (..., T); ``fill`` where they are masked."""
        x = x if self.many else x[..., None]
        return x if self.rows is None else where(self.rows, x, fill)

    def logits(self, target_counts, sample_counts, remove_accidental_hits):
        """Logits of the targets (..., T) and of the samples (..., S)."""
        targets, samples = known_target(self.targets, self.weights), known_sample(self.samples, self.weights)
        true = self._scores(targets, lambda rows: (rows * self.features[..., None, :]).sum(axis=-1))
        sampled = self._scores(samples, lambda rows: pt.dot(self.features, rows.T))
        if (target_counts is None) != (sample_counts is None):
            raise ValueError("target_counts and sample_counts belong together: give both, or neither for counts of 1")
        if target_counts is not None:
            true, sampled = true - self._log(target_counts, "targets"), sampled - self._log(sample_counts, "samples")
        if remove_accidental_hits:
            hits = equal(samples, targets[..., None]).any(axis=-2)
            sampled = where(hits, -np.inf, sampled)
        return true, sampled

    def softmax_loss(self, target_counts, sample_counts, remove_accidental_hits):
        """The crossentropy among targets and samples."""
        true, sampled = self.logits(target_counts, sample_counts, remove_accidental_hits)
        if self.many:
            own = log_sum_exp(true)
            return self._finished(softplus(log_sum_exp(sampled) - own) + own - mean(true, -1))
        return self._finished(softplus(log_sum_exp(sampled) - pt.sum(true, axis=-1)))  # of one target

    def _finished(self, losses):
        return finished(losses, self.mask).astype(self.dtype)

    def likely_samples(self, temperature):
        """Positions of the samples, those first that all items together score highest."""
        samples = known_sample(self.samples, self.weights)
        scores = self._scores(samples, lambda rows: pt.dot(self.features, rows.T)) / temperature
        scores = scores if self.rows is None else where(self.rows, scores, -np.inf)
        for _ in range(scores.ndim - 1):
            scores = log_sum_exp(pt.moveaxis(scores, 0, -1))
        return disconnected_grad(pt.argsort(where(pt.isnan(scores), -np.inf, -scores)))

    def keep_samples(self, positions):
        self.samples = self.samples[positions]
        self.shapes["samples"] = self.samples.type.shape

    def _scores(self, indices, product):
        """Scores by the rows of these classes, NaN for those that are none."""
        unknown = indices < 0
        indices = where(unknown, 0, indices)
        scores = product(self.weights[indices])
        return nan_where(unknown, scores if self.biases is None else scores + self.biases[indices])

    def _log(self, counts, of):
        """Logarithms of expected counts, those of targets or samples; NaN where they are not positive."""
        counts = self.check_counts(counts, of)
        counts = counts if of == "samples" else self._items(counts, 1)
        return pt.log(nan_where(counts <= 0, counts))

    def check_counts(self, counts, of):
        name = f"{of.removesuffix('s')}_counts"
        counts, shape = matching(as_tensor(counts, name), self.features), self.shapes[of]
        if counts.ndim != len(shape):
            shapes = f"{name} {shown(counts.type.shape)} and {of} {shown(shape)}"
            raise TypeError(f"rank mismatch between {shapes}: they must have the same shape")
        check_same_shape(name, counts.type.shape, of, shape)
        return counts


def _indices(x, name):
    return integer_labels(as_tensor(x, name), name)


def length_of(x):
    """The length of the last axis, in the dtype of ``x``."""
    return EntryCount(axis=(x.ndim - 1,))(x)
