"""Losses of a linear layer that look at a few sampled classes rather than all of a large vocabulary."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import (
    aligned_mask,
    as_tensor,
    check_same_shape,
    floating,
    integer_labels,
    matching,
    shown,
)
from objectives._typing import TensorLike
from objectives.lookup import LABELS, POSITIVE, REALS, described
from objectives.losses._terms import finished, per_class
from objectives.losses.linear import layer_weights, shapes_of
from objectives.ops.counting import EntryCount
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.labels import known_sample, known_target
from objectives.ops.marking import masked
from objectives.ops.selection import equal, nan_where, scaled, where
from objectives.ops.softplus import softplus

__all__ = ["nce_loss", "sampled_softmax_loss"]


@described(
    per="item",
    convex=True,
    smooth=True,
    minimizer="log probabilities of the layer",
    features=REALS,
    weights=REALS,
    targets=LABELS,
    biases=REALS,
    samples=LABELS,
    target_counts=POSITIVE,
    sample_counts=POSITIVE,
)
def sampled_softmax_loss(
    features: TensorLike,
    weights: TensorLike,
    targets: TensorLike,
    biases: TensorLike | None = None,
    *,
    samples: TensorLike,
    target_counts: TensorLike | None = None,
    sample_counts: TensorLike | None = None,
    remove_accidental_hits: bool = True,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Sampled softmax loss: crossentropy of a linear layer among the target and a few sampled classes, item by item.

    Choose it to train with more classes than `linear_crossentropy` can go through at each step, and validate with that.
    `log_uniform_candidates` draws samples, and counts that correct for how often each class is drawn.

    .. math::
        L_i = -\frac{1}{T} \sum_{j=1}^T \log \frac{e^{z_{i y_{ij}}}}{\sum_l e^{z_{i y_{il}}} + \sum_s e^{z_{i k_s}}},
        \qquad z_{ik} = h_i \cdot W_k + b_k - \log Q_k

    with the features h, the weights W, the T targets y of an item, the samples k and their expected counts Q.

    Parameters
    ----------
    features : tensor of float
        Inputs h (..., D) of the layer.
    weights : tensor
        Weights W (V, D) of the layer, such as a word embedding.
    targets : tensor
        Class indices (...) from 0 to V - 1, or T of them for each item (..., T).
    biases : tensor, optional
        Biases b (V,) of the layer.
    samples : tensor
        Class indices (S,) that all items share.
    target_counts : tensor, optional
        How often each target is expected among the samples, in the shape of `targets`; by default Q is 1.
    sample_counts : tensor, optional
        How often each sample (S,) is expected; given together with `target_counts`.
    remove_accidental_hits : bool
        Whether samples that are targets of an item are left out of its sum.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...). If all classes are samples, without counts, they are those of `linear_crossentropy`.

    Raises
    ------
    TypeError, ValueError
        If ranks, static shapes or dtypes do not fit, or only one kind of counts is given.
    IndexError
        For a target or sample outside [0, V) on Numba and C; elsewhere what depends on it is NaN.

    Notes
    -----
    The gradients by weights and biases are zeros to which the rows of targets and samples are added.

    References
    ----------
    .. [1] Jean, S. et al. (2015), "On using very large target vocabulary for neural machine translation",
       arXiv:1412.2007

    Examples
    --------
    >>> from objectives import sampled_softmax_loss
    >>> features, words = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> print(sampled_softmax_loss(features, words, [0, 2], samples=[1, 2]).eval().round(4))
    [0.862  0.6931]
    """
    layer = _Layer(features, weights, targets, biases, samples, mask)
    true, sampled = layer.logits(target_counts, sample_counts, remove_accidental_hits)
    # comparisons with what never holds or always does: on PyTorch constants have no length until all is computed
    if layer.many:
        shares = pt.ge(layer.targets, 0).astype(true.dtype) / _length(true)
        shares = pt.concatenate([shares, pt.gt(sampled, np.inf).astype(true.dtype)], axis=-1)
    else:
        shares = pt.lt(layer.targets[..., 0], 0).astype("int64")  # 0, the entry of the target
    losses = SoftmaxCrossentropy.of(pt.concatenate([true, sampled], axis=-1), shares, mask=layer.mask)
    return finished(masked(layer.mask, losses)).astype(layer.dtype)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimizer="log odds of the layer",
    features=REALS,
    weights=REALS,
    targets=LABELS,
    biases=REALS,
    samples=LABELS,
    target_counts=POSITIVE,
    sample_counts=POSITIVE,
)
def nce_loss(
    features: TensorLike,
    weights: TensorLike,
    targets: TensorLike,
    biases: TensorLike | None = None,
    *,
    samples: TensorLike,
    target_counts: TensorLike | None = None,
    sample_counts: TensorLike | None = None,
    remove_accidental_hits: bool = False,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""NCE loss: noise-contrastive estimation, or negative sampling, of a linear layer of many classes, item by item.

    It tells the target of an item from sampled classes, each by its own logistic regression. Without counts it is the
    negative sampling of word2vec. `sampled_softmax_loss` has classes that compete.

    .. math::
        L_i = \sum_{j=1}^T \Bigl(\log(1 + e^{z_{i y_{ij}}}) - \frac{z_{i y_{ij}}}{T}\Bigr)
            + \sum_s \log(1 + e^{z_{i k_s}}), \qquad z_{ik} = h_i \cdot W_k + b_k - \log Q_k

    with the features h, the weights W, the T targets y of an item, the samples k and their expected counts Q.

    Parameters
    ----------
    features : tensor of float
        Inputs h (..., D) of the layer.
    weights : tensor
        Weights W (V, D) of the layer, such as a word embedding.
    targets : tensor
        Class indices (...) from 0 to V - 1, or T of them for each item (..., T).
    biases : tensor, optional
        Biases b (V,) of the layer.
    samples : tensor
        Class indices (S,) that all items share.
    target_counts : tensor, optional
        How often each target is expected among the samples, in the shape of `targets`; by default Q is 1.
    sample_counts : tensor, optional
        How often each sample (S,) is expected; given together with `target_counts`.
    remove_accidental_hits : bool
        Whether samples that are targets of an item are left out of its sum.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), sums over targets and samples.

    Raises
    ------
    TypeError, ValueError
        If ranks, static shapes or dtypes do not fit, or only one kind of counts is given.
    IndexError
        For a target or sample outside [0, V) on Numba and C; elsewhere what depends on it is NaN.

    Notes
    -----
    The gradients by weights and biases are zeros to which the rows of targets and samples are added.

    References
    ----------
    .. [1] Gutmann, M. and Hyvärinen, A. (2010), "Noise-contrastive estimation: A new estimation principle for
       unnormalized statistical models", AISTATS, https://proceedings.mlr.press/v9/gutmann10a.html
    .. [2] Mikolov, T. et al. (2013), "Distributed representations of words and phrases and their compositionality",
       arXiv:1310.4546 (negative sampling)

    Examples
    --------
    >>> from objectives import nce_loss
    >>> features, words = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> print(nce_loss(features, words, [0, 2], samples=[1]).eval().round(4))
    [1.0064 2.2539]
    """
    layer = _Layer(features, weights, targets, biases, samples, mask)
    true, sampled = layer.logits(target_counts, sample_counts, remove_accidental_hits)
    right = softplus(-true)
    if layer.many:  # of targets 1 / T; softplus(z) - z / T would cancel
        share = 1 / _length(true)
        right = scaled(share, right) + scaled(1 - share, softplus(true))
    losses = pt.sum(right, axis=-1) + pt.sum(softplus(sampled), axis=-1)
    return finished(losses, layer.mask).astype(layer.dtype)


class _Layer:
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
        """Numbers of targets (..., T) of those that are (...) or (..., T)."""
        x = x if self.many else x[..., None]
        return x if self.rows is None else where(self.rows, x, fill)

    def logits(self, target_counts, sample_counts, remove_accidental_hits):
        """Logits of the targets (..., T) and of the samples (..., S)."""
        targets, samples = known_target(self.targets, self.weights), known_sample(self.samples, self.weights)
        true = self._scores(targets, lambda rows: (rows * self.features[..., None, :]).sum(axis=-1))
        sampled = self._scores(samples, lambda rows: pt.dot(self.features, rows.T))
        if (target_counts is None) != (sample_counts is None):
            raise ValueError("target_counts and sample_counts belong together: give both, or none for counts of 1")
        if target_counts is not None:
            true, sampled = true - self._log(target_counts, "targets"), sampled - self._log(sample_counts, "samples")
        if remove_accidental_hits:
            hits = equal(samples, targets[..., None]).any(axis=-2)
            sampled = where(hits, -np.inf, sampled)
        return true, sampled

    def _scores(self, indices, product):
        """Scores by the rows of these classes, NaN for those that are none."""
        unknown = indices < 0
        indices = where(unknown, 0, indices)
        scores = product(self.weights[indices])
        return nan_where(unknown, scores if self.biases is None else scores + self.biases[indices])

    def _log(self, counts, of):
        """Logarithms of expected counts, in the shape of the targets or samples."""
        name = f"{of.removesuffix('s')}_counts"
        counts, shape = matching(as_tensor(counts, name), self.features), self.shapes[of]
        if counts.ndim != len(shape):
            raise TypeError(f"rank mismatch between {name} {shown(counts.type.shape)} and {of} {shown(shape)}")
        check_same_shape(name, counts.type.shape, of, shape)
        return pt.log(counts if of == "samples" else self._items(counts, 1))


def _indices(x, name):
    return integer_labels(as_tensor(x, name), name)


def _length(x):
    """That of the last axis, in the dtype of ``x``."""
    return EntryCount(axis=(x.ndim - 1,))(x)
