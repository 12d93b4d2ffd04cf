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
    JAX takes the gradient of several targets per item if lengths are known when the graph is built (``shape=(64, 3)``).

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
    JAX takes the gradient of several targets per item if lengths are known when the graph is built (``shape=(64, 3)``).

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
    r"""Rank-sampled softmax loss (TAPAS): `sampled_softmax_loss` with the samples that a batch takes for likely.

    Choose it to train against hard negatives: of many samples it keeps those that all items together score highest.

    .. math:: s_k = \log \sum_i \exp\Bigl(\frac{h_i \cdot W_k + b_k}{\tau}\Bigr)

    is the score of sample k, with the features h, the weights W, the biases b and the temperature :math:`\tau`. The R
    greatest are kept, with their counts, as constants for the gradient.

    Parameters
    ----------
    features : tensor of float
        Inputs h (..., D) of the layer, of at least one item.
    weights : tensor
        Weights W (V, D) of the layer, such as a word embedding.
    targets : tensor
        Class indices (...) from 0 to V - 1, or T of them for each item (..., T).
    biases : tensor, optional
        Biases b (V,) of the layer.
    samples : tensor
        Class indices (S,) that all items share.
    num_resampled : int
        Number R of samples to keep, from 1 to S.
    temperature : float
        Temperature, positive; the less it is, the more a sample counts that a single item takes for likely.
    target_counts : tensor, optional
        How often each target is expected among the samples, in the shape of `targets`; by default Q is 1.
    sample_counts : tensor, optional
        How often each sample (S,) is expected; given together with `target_counts`.
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
    TypeError, ValueError
        If ranks, static shapes or dtypes do not fit, only one kind of counts is given, or R is more than S.
    IndexError
        For a target or sample outside [0, V) on Numba and C; elsewhere what depends on it is NaN.

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
