"""The adaptive softmax: a layer of frequent classes, and of clusters of rare ones with fewer features."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import aligned_mask, as_tensor, floating, matching, shown
from objectives._typing import TensorLike
from objectives.lookup import LABELS, REALS, described
from objectives.losses._terms import finished, per_class
from objectives.losses.linear import labels_of, layer_weights
from objectives.ops.labels import known_target
from objectives.ops.linear import LinearCrossentropy
from objectives.ops.selection import where
from objectives.ops.shapes import own_shape

__all__ = ["adaptive_log_softmax", "adaptive_log_softmax_loss"]


@described(
    per="item",
    convex=True,
    smooth=True,
    minimizer="log probabilities of the layers",
    features=REALS,
    weights=REALS,
    targets=LABELS,
    biases=REALS,
)
def adaptive_log_softmax_loss(
    features: TensorLike,
    weights: TensorLike,
    targets: TensorLike,
    biases: TensorLike | None = None,
    *,
    tails: Sequence[tuple[TensorLike, TensorLike]],
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Adaptive softmax loss: crossentropy of many classes, of which the rare ones are in clusters, item by item.

    Choose it where a few of very many classes are frequent, as words are: most items look at the head alone.
    `linear_crossentropy` treats all classes alike; `adaptive_log_softmax` is for predictions.

    .. math:: L_i = -\log \mathrm{softmax}(W h_i + b)_{y_i} \text{ for } y_i < C_0, \text{ and in cluster } k: \quad
        L_i = -\log \mathrm{softmax}(W h_i + b)_{C_0 + k} - \log \mathrm{softmax}(V_k P_k h_i)_{y_i - C_k}

    Parameters
    ----------
    features : tensor of float
        Inputs h (..., D) of the layers.
    weights : tensor
        Weights W (C_0 + K, D) of the head: a row for each of the C_0 frequent classes, then one for each cluster.
    targets : tensor of int
        Class indices y (...), from 0 to the number of all classes - 1, the most frequent first.
    biases : tensor, optional
        Biases b (C_0 + K,) of the head.
    tails : sequence of pairs of tensors
        For each of K clusters a projection P (d, D), and weights V with a row (d,) for each class, from C_k on.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `features`. The scores of all classes are never held at once; those of a cluster
        are computed for its own items only on Numba and C, for all items, which need known lengths, elsewhere.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs do not fit, `tails` is empty, or an index is of no class; NaN where a backend cannot raise.

    References
    ----------
    .. [1] Grave, E. et al. (2017), "Efficient softmax approximation for GPUs", arXiv:1609.04309

    Examples
    --------
    >>> from objectives import adaptive_log_softmax_loss
    >>> features, head = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]  # two words and a cluster
    >>> tails = [([[1.0, 1.0]], [[0.0], [1.0], [2.0]])]  # of three words, which look at a sum of the features
    >>> print(adaptive_log_softmax_loss(features, head, [0, 4], tails=tails).eval().round(4))
    [0.862  0.9016]
    """
    layers = _layers(features, weights, biases, tails)
    labels = labels_of(targets, layers.features, layers.weights)
    h, counted = layers.features, None
    if mask is not None:
        counted = aligned_mask(mask, "items of the features", h.type.shape[:-1])
        h, labels = where(counted[..., None], h, 0), where(counted, labels, 0)
    labels = known_target(labels, layers.one_row_per_class())
    start = own_shape(layers.weights).shape[0] - len(layers.tails)
    of_head, of_tails = pt.minimum(labels, start), []
    for number, (projection, tail) in enumerate(layers.tails):
        end = start + own_shape(tail).shape[0]
        inside = pt.ge(labels, start) & pt.lt(labels, end)
        of_head = of_head + pt.switch(inside, np.int64(number), np.int64(0))
        looked_at = inside if counted is None else inside & counted
        of_tails.append(LinearCrossentropy.of(pt.dot(h, projection.T), tail, labels - start, mask=looked_at))
        start = end
    losses = LinearCrossentropy.of(h, layers.weights, of_head, biases=layers.biases, mask=counted)
    return finished(sum(of_tails, losses), counted).astype(layers.dtype)


def adaptive_log_softmax(
    features: TensorLike,
    weights: TensorLike,
    biases: TensorLike | None = None,
    *,
    tails: Sequence[tuple[TensorLike, TensorLike]],
) -> TensorVariable:
    r"""Log-probabilities of all classes by an adaptive softmax, for predictions.

    To train, use `adaptive_log_softmax_loss`, their crossentropy, which does not compute all of them.

    .. math:: \ell_{ij} = \log \mathrm{softmax}(W h_i + b)_j \text{ for } j < C_0, \qquad
        \ell_{ij} = \log \mathrm{softmax}(W h_i + b)_{C_0 + k} + \log \mathrm{softmax}(V_k P_k h_i)_{j - C_k}
        \text{ in cluster } k

    Parameters
    ----------
    features : tensor of float
        Inputs h (..., D) of the layers.
    weights : tensor
        Weights W (C_0 + K, D) of the head: a row for each of the C_0 frequent classes, then one for each cluster.
    biases : tensor, optional
        Biases b (C_0 + K,) of the head.
    tails : sequence of pairs of tensors
        For each of K clusters a projection P (d, D), and weights V with a row (d,) for each class, from C_k on.

    Returns
    -------
    TensorVariable
        Log-probabilities (..., C) of all C classes, those of the head first; their exponentials add up to 1.

    Raises
    ------
    TypeError, ValueError
        If ranks, static shapes or dtypes do not fit, or `tails` is empty.

    References
    ----------
    .. [1] Grave, E. et al. (2017), "Efficient softmax approximation for GPUs", arXiv:1609.04309

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import adaptive_log_softmax
    >>> head, tails = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [([[1.0, 1.0]], [[0.0], [1.0], [2.0]])]
    >>> print(np.exp(adaptive_log_softmax([[1.0, 0.0]], head, tails=tails).eval()).round(4))
    [[0.4223 0.1554 0.038  0.1034 0.2809]]
    """
    layers = _layers(features, weights, biases, tails)
    h, count = layers.features, len(layers.tails)
    scores = pt.dot(h, layers.weights.T)
    head = log_softmax(scores if layers.biases is None else scores + layers.biases, axis=-1)
    parts = [head[..., :-count]]
    for number, (projection, tail) in enumerate(layers.tails):
        within = log_softmax(pt.dot(pt.dot(h, projection.T), tail.T), axis=-1)
        parts.append(head[..., number - count, None] + within)
    return pt.concatenate(parts, axis=-1).astype(layers.dtype)


class _Layers(NamedTuple):
    """The checked arguments, in float32 at least, and the dtype of the result."""

    features: TensorVariable
    weights: TensorVariable
    biases: TensorVariable | None
    tails: list[tuple[TensorVariable, TensorVariable]]
    dtype: str

    def one_row_per_class(self):
        """A tensor with one row for each class."""
        return pt.concatenate([self.weights[len(self.tails) :, :1], *(tail[:, :1] for _, tail in self.tails)], axis=0)


def _layers(features, weights, biases, tails):
    h = floating(features, "features", ("features", "weights", "targets"))
    dtype, h = h.dtype, h.astype("float32") if h.dtype == "float16" else h
    weights = layer_weights(weights, h)
    if not _is_sequence(tails) or not all(_is_sequence(pair) and len(pair) == 2 for pair in tails):
        raise TypeError("tails must be pairs of a projection (d, D) and weights of classes (V, d), in a list")
    if not tails:
        raise ValueError(
            "tails must hold at least one cluster, a pair (projection, weights); otherwise use linear_crossentropy"
        )
    rows = weights.type.shape[0]
    if rows is not None and rows <= len(tails):
        raise ValueError(
            f"weights {shown(weights.type.shape)} must have a row for each frequent class and then one for each of the "
            f"{len(tails)} tails"
        )
    checked = [_tail(projection, tail, f"tails[{number}]", h) for number, (projection, tail) in enumerate(tails)]
    return _Layers(h, weights, None if biases is None else per_class(biases, "biases", weights.T), checked, dtype)


def _is_sequence(x):
    return isinstance(x, Sequence) and not isinstance(x, str)


def _tail(projection, weights, name, features):
    """A projection and weights that fit the features and each other."""
    projection, weights = (matching(as_tensor(x, name), features) for x in (projection, weights))
    shapes = f"{name} {shown(projection.type.shape)} and {shown(weights.type.shape)}"
    if projection.ndim != 2 or weights.ndim != 2:
        raise TypeError(f"{shapes} must be a projection (d, D) and weights of classes (V, d)")
    widths = [(projection.type.shape[1], features.type.shape[-1]), (weights.type.shape[1], projection.type.shape[0])]
    if any(None not in pair and pair[0] != pair[1] for pair in widths):
        raise TypeError(
            f"{shapes} do not fit features {shown(features.type.shape)} or each other: they must be a projection "
            "(d, D) and weights of classes (V, d); transpose those in the other order"
        )
    return projection, weights
