"""The crossentropy of a linear layer, for so many classes that its logits would be the largest array of a step."""

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
from objectives.lookup import LABELS, REALS, described
from objectives.losses._terms import finished, per_class, scalar_weight, smoothing, softcap
from objectives.ops.linear import LinearCrossentropy
from objectives.ops.marking import masked

__all__ = ["linear_crossentropy"]


@described(
    per="item",
    smooth=True,
    minimizer="log probabilities of the layer",
    features=REALS,
    weights=REALS,
    targets=LABELS,
    biases=REALS,
)
def linear_crossentropy(
    features: TensorLike,
    weights: TensorLike,
    targets: TensorLike,
    biases: TensorLike | None = None,
    *,
    class_weights: TensorLike | None = None,
    label_smoothing: TensorLike = 0.0,
    logit_softcap: TensorLike | None = None,
    z_loss: TensorLike = 0.0,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Linear crossentropy: softmax crossentropy of a linear layer, without ever holding its logits.

    Choose it for large vocabularies: a block of 40 MB takes the place of the logits (N, V) and their gradient. It
    equals `categorical_crossentropy_with_logits` of ``features @ weights.T + biases``.

    .. math:: L_i = w_{y_i} (\ell_i - z_{i y_i}) + \lambda\, \ell_i^2, \quad
        \ell_i = \log \sum_k e^{z_{ik}}, \quad z_{ik} = s \tanh\Bigl(\frac{h_i \cdot W_k + b_k}{s}\Bigr)

    Parameters
    ----------
    features, weights : tensor of float
        Inputs h (..., D) and weights W (V, D) of the layer, such as a word embedding. Of float16, sums are float32.
    targets : tensor of int
        Class indices y (...) from 0 to V - 1. Dense targets are refused.
    biases, class_weights : tensor, optional
        Biases b (V,) of the layer, and a factor w (V,) for each class.
    label_smoothing : float
        Share in [0, 1] of the target that is spread over all classes.
    logit_softcap : float, optional
        Bound s > 0 of the logits, by default infinite (arXiv:2408.00118).
    z_loss : float
        Weight :math:`\lambda`, not negative, of the squared log-sum-exp, which keeps logits small (arXiv:2204.02311).
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `features`. Second derivatives do hold the logits.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, V); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Wijmans, E. et al. (2024), "Cut your losses in large-vocabulary language models", arXiv:2411.09009

    Examples
    --------
    >>> from objectives import linear_crossentropy
    >>> features, words = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> print(linear_crossentropy(features, words, [0, 2]).eval().round(4))
    [0.862  0.7586]
    """
    h = floating(features, "features", ("features", "weights", "targets"))
    dtype, h = h.dtype, h.astype("float32") if h.dtype == "float16" else h
    w = layer_weights(weights, h)
    labels = labels_of(targets, h, w)
    counted = None if mask is None else aligned_mask(mask, "items of the features", h.type.shape[:-1])
    options = {
        "biases": None if biases is None else per_class(biases, "biases", w.T),
        "class_weights": None if class_weights is None else per_class(class_weights, "class_weights", w.T),
        "label_smoothing": smoothing(label_smoothing, h),
        "logit_softcap": softcap(logit_softcap, h),
        "z_loss": scalar_weight(z_loss, "z_loss", h),
    }
    losses = LinearCrossentropy.of(h, w, labels, **options, mask=counted)
    return finished(masked(counted, losses)).astype(dtype)


def layer_weights(weights, features):
    """Weights (V, D) that fit the features."""
    weights = matching(as_tensor(weights, "weights"), features)
    shapes = shapes_of(features, weights)
    if features.ndim == 0 or weights.ndim != 2:
        raise TypeError(f"{shapes} must be (..., D) and (V, D), with a row of weights for each class")
    if None not in (n := (features.type.shape[-1], weights.type.shape[-1])) and n[0] != n[1]:
        raise TypeError(f"{shapes} differ in their last axis: weights are (V, D); transpose those that are (D, V)")
    return weights


def shapes_of(features, weights):
    return f"features {shown(features.type.shape)} and weights {shown(weights.type.shape)}"


def labels_of(targets, features, weights):
    """Class indices, one for each item of the features."""
    labels, shapes = as_tensor(targets, "targets"), shapes_of(features, weights)
    if labels.ndim == features.ndim:
        raise TypeError(
            f"targets {shown(labels.type.shape)} must be class indices, one for each item of the {shapes}: dense "
            "targets are as large as the logits, so use categorical_crossentropy_with_logits(features @ weights.T, ...)"
        )
    if labels.ndim != features.ndim - 1:
        raise TypeError(
            f"rank mismatch between targets {shown(labels.type.shape)} and {shapes}: give one class index for each item"
        )
    labels = integer_labels(labels)
    check_same_shape("targets", labels.type.shape, "items of the features", features.type.shape[:-1])
    return labels
