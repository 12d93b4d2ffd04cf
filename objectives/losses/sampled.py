"""Losses of a linear layer that look at a few sampled classes rather than all of a large vocabulary."""

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._options import positive, whole_number
from objectives._typing import TensorLike
from objectives.lookup import LABELS, POSITIVE, REALS, described
from objectives.losses._sampled_layer import SampledLayer, length_of
from objectives.losses._terms import finished, one_number
from objectives.ops.selection import scaled
from objectives.ops.softplus import softplus

__all__ = ["nce_loss", "rank_sampled_softmax_loss", "sampled_softmax_loss"]


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
    r"""Sampled softmax loss: crossentropy of a linear layer among the targets and a few sampled classes, item by item.

    Choose it to train with more classes than `linear_crossentropy` can go through at each step, and validate with that.
    `log_uniform_candidates` draws samples, with counts that correct for how often each class is drawn.

    .. math:: L_i = -\frac{1}{T} \sum_j \log \frac{e^{z_{i y_{ij}}}}{\sum_l e^{z_{i y_{il}}} + \sum_s e^{z_{i k_s}}},
        \qquad z_{ik} = h_i \cdot W_k + b_k - \log Q_k

    Parameters
    ----------
    features, weights : tensor of float
        Inputs h (..., D) and weights W (V, D) of the layer; the gradient by W is as large, and mostly zeros.
    targets : tensor of int
        Class indices y (...) from 0 to V - 1, or T for each item (..., T), whose gradient on JAX needs static lengths.
    biases : tensor, optional
        Biases b (V,) of the layer.
    samples : tensor of int
        Class indices k (S,), shared by all items.
    target_counts, sample_counts : tensor, optional
        Expected number of draws Q of each of `targets` and `samples`, in their shapes; both or neither, by default 1.
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
    TypeError, ValueError, IndexError
        If inputs do not fit, or a class index is outside [0, V); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Jean, S. et al. (2015), "On using very large target vocabulary", arXiv:1412.2007

    Examples
    --------
    >>> from objectives import sampled_softmax_loss
    >>> features, words = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> print(sampled_softmax_loss(features, words, [0, 2], samples=[1, 2]).eval().round(4))
    [0.862  0.6931]
    """
    layer = SampledLayer(features, weights, targets, biases, samples, mask)
    return layer.softmax_loss(target_counts, sample_counts, remove_accidental_hits)


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
    r"""NCE loss: noise-contrastive estimation, or negative sampling, of a linear layer with many classes, item by item.

    It tells the targets of an item from sampled classes by one logistic regression for each class; without counts it is
    the negative sampling of word2vec (arXiv:1310.4546). In `sampled_softmax_loss` classes compete.

    .. math:: L_i = \sum_{j=1}^T \Bigl(\log(1 + e^{z_{i y_{ij}}}) - \frac{z_{i y_{ij}}}{T}\Bigr)
        + \sum_s \log(1 + e^{z_{i k_s}}), \qquad z_{ik} = h_i \cdot W_k + b_k - \log Q_k

    Parameters
    ----------
    features, weights : tensor of float
        Inputs h (..., D) and weights W (V, D) of the layer; the gradient by W is as large, and mostly zeros.
    targets : tensor of int
        Class indices y (...) from 0 to V - 1, or T for each item (..., T), whose gradient on JAX needs static lengths.
    biases : tensor, optional
        Biases b (V,) of the layer.
    samples : tensor of int
        Class indices k (S,), shared by all items.
    target_counts, sample_counts : tensor, optional
        Expected number of draws Q of each of `targets` and `samples`, in their shapes; both or neither, by default 1.
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
    TypeError, ValueError, IndexError
        If inputs do not fit, or a class index is outside [0, V); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Gutmann, M. and Hyvärinen, A. (2010), AISTATS, https://proceedings.mlr.press/v9/gutmann10a.html

    Examples
    --------
    >>> from objectives import nce_loss
    >>> features, words = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> print(nce_loss(features, words, [0, 2], samples=[1]).eval().round(4))
    [1.0064 2.2539]
    """
    layer = SampledLayer(features, weights, targets, biases, samples, mask)
    true, sampled = layer.logits(target_counts, sample_counts, remove_accidental_hits)
    right = softplus(-true)
    if layer.many:  # of targets 1 / T; softplus(z) - z / T would cancel
        share = 1 / length_of(true)
        right = scaled(share, right) + scaled(1 - share, softplus(true))
    losses = pt.sum(right, axis=-1) + pt.sum(softplus(sampled), axis=-1)
    return finished(losses, layer.mask).astype(layer.dtype)


@described(
    per="item",
    minimizer="log probabilities of the layer",
    features=REALS,
    weights=REALS,
    targets=LABELS,
    biases=REALS,
    samples=LABELS,
    target_counts=POSITIVE,
    sample_counts=POSITIVE,
)
def rank_sampled_softmax_loss(
    features: TensorLike,
    weights: TensorLike,
    targets: TensorLike,
    biases: TensorLike | None = None,
    *,
    samples: TensorLike,
    num_resampled: int,
    temperature: TensorLike = 1.0,
    target_counts: TensorLike | None = None,
    sample_counts: TensorLike | None = None,
    remove_accidental_hits: bool = True,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Rank-sampled softmax loss (TAPAS): `sampled_softmax_loss` with the samples that the batch finds most likely.

    For hard negatives: of S samples it keeps the R with the greatest :math:`s_k`, and their counts, as constants.

    .. math:: s_k = \log \sum_i \exp\Bigl(\frac{h_i \cdot W_k + b_k}{\tau}\Bigr)

    Parameters
    ----------
    features, weights : tensor of float
        Inputs h (..., D), of at least one item, and weights W (V, D) of the layer.
    targets : tensor of int
        Class indices (...) from 0 to V - 1, or T for each item (..., T), whose gradient on JAX needs static lengths.
    biases : tensor, optional
        Biases b (V,) of the layer.
    samples : tensor of int
        Class indices (S,), shared by all items.
    num_resampled : int
        Number R of samples to keep, from 1 to S.
    temperature : float
        Temperature :math:`\tau`, positive; the lower it is, the more a single item that finds a sample likely counts.
    target_counts, sample_counts : tensor, optional
        Expected number of draws of each of `targets` and `samples`, in their shapes; both or neither, by default 1.
    remove_accidental_hits : bool
        Whether samples that are targets of an item are left out of its sum.
    mask : tensor of bool, optional
        Items (...) that count, for the scores of samples too; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs do not fit, R is more than S, or a class index is outside [0, V); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Bai, Y. et al. (2017), "TAPAS: Two-pass approximate adaptive sampling for softmax", arXiv:1707.03073

    Examples
    --------
    >>> from objectives import rank_sampled_softmax_loss
    >>> features, words = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> print(rank_sampled_softmax_loss(features, words, [0, 0], samples=[1, 2], num_resampled=1).eval().round(4))
    [0.6931 2.1269]
    """
    layer = SampledLayer(features, weights, targets, biases, samples, mask)
    most = layer.samples.type.shape[0]
    num_resampled = whole_number(num_resampled, "num_resampled", 1)
    if most is not None and num_resampled > most:
        raise ValueError(f"num_resampled must be at most the number of samples {most}, not {num_resampled}")
    temperature = one_number(positive(temperature, "temperature"), "temperature", layer.features)
    kept = layer.likely_samples(temperature)[:num_resampled]
    if sample_counts is not None:
        sample_counts = layer.check_counts(sample_counts, "samples")[kept]
    layer.keep_samples(kept)
    return layer.softmax_loss(target_counts, sample_counts, remove_accidental_hits)
