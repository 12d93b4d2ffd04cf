"""Correlation of predictions and targets: linear, of ranks, and agreement."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._typing import MultiOutput, TensorLike
from objectives.lookup import REALS, described
from objectives.metrics._columns import columns, comoments, deviations
from objectives.metrics._sets import numbers
from objectives.ops.scaling import in_units, unit
from objectives.ops.selection import where
from objectives.ops.sorting import pair_order, weighted_rank
from objectives.ops.statistics import joined

__all__ = ["concordance_correlation", "kendall_tau", "pearson_correlation", "spearman_correlation"]


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def pearson_correlation(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Pearson correlation coefficient: the strength of the linear relation between predictions and targets.

    Choose `concordance_correlation` if slope and offset matter, and `spearman_correlation` or `kendall_tau` if only
    order does. :math:`\bar p` and :math:`\bar t` are weighted means.

    .. math::
        r = \frac{\sum_i w_i (p_i - \bar p)(t_i - \bar t)}
        {\sqrt{\sum_i w_i (p_i - \bar p)^2 \sum_i w_i (t_i - \bar t)^2}}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar in [-1, 1], or (D,) for raw values; NaN for constant predictions or targets, or without items.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    References
    ----------
    .. [1] ``numpy.corrcoef``
    .. [2] ``scipy.stats.pearsonr``

    Examples
    --------
    >>> from objectives import pearson_correlation
    >>> print(pearson_correlation([1.0, 2.0, 4.0], [1.0, 3.0, 4.0]).eval().round(4))
    0.9286
    """
    given = columns(predictions, targets, mask, weights)
    _, _, _, *spread = _six(given)
    return given.result(_correlation(*spread), multioutput)


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def concordance_correlation(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Lin's concordance correlation coefficient: how close predictions and targets are to the line of equality.

    Choose it over `pearson_correlation` if wrong scale and bias must count; unlike `r2_score` it is symmetric. 1 is
    best. Variances and covariance are weighted population moments; torchmetrics takes sample moments, which differ by
    a factor n / (n - 1).

    .. math:: \rho = \frac{2 \sigma_{pt}}{\sigma_p^2 + \sigma_t^2 + (\bar p - \bar t)^2}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar in [-1, 1], or (D,) for raw values; NaN without items, or if all numbers are equal.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    References
    ----------
    .. [1] Lin, L. I.-K. (1989), "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45,
       doi:10.2307/2532051

    Examples
    --------
    >>> from objectives import concordance_correlation
    >>> print(concordance_correlation([1.0, 2.0, 4.0], [1.0, 3.0, 4.0]).eval().round(4))
    0.8966
    """
    given = columns(predictions, targets, mask, weights)
    n, mean_p, mean_t, norm_p, norm_t, cosine = _six(given)
    apart = pt.sqrt(n) * pt.abs(mean_p - mean_t)
    scale = unit(norm_p + norm_t + apart)
    p, t, apart = (in_units(length, scale) for length in (norm_p, norm_t, apart))
    return given.result(2 * cosine * p * t / (pt.square(p) + pt.square(t) + pt.square(apart)), multioutput)


@described(per="set", train_with="", predictions=REALS, targets=REALS)
def spearman_correlation(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Spearman's rank correlation coefficient: the Pearson correlation of the ranks, for any monotone relation.

    Choose it over `pearson_correlation` if only order matters or outliers must not dominate. Ties share their mean
    rank, and an item of weight 2 counts as two. All items are kept across batches.

    .. math:: \rho = r(\mathrm{rank}(p), \mathrm{rank}(t))

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (...).
    weights, mask : tensor, optional
        Weight of each element (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar in [-1, 1]; NaN for constant predictions or targets, or without items.

    Raises
    ------
    TypeError
        If ranks differ or shapes do not fit.

    See Also
    --------
    kendall_tau, pearson_correlation

    References
    ----------
    .. [1] ``scipy.stats.spearmanr``

    Examples
    --------
    >>> from objectives import spearman_correlation
    >>> print(spearman_correlation([1.0, 2.0, 9.0, 3.0], [10.0, 20.0, 30.0, 40.0]).eval().round(4))
    0.8
    """
    p, t, w = _kept(predictions, targets, mask, weights)
    rank_p, rank_t = weighted_rank(p, w), weighted_rank(t, w)
    _, _, _, *spread = (part[0] for part in deviations(rank_p[:, None], rank_t[:, None], w[:, None]))
    return _visible(_correlation(*spread).astype(p.dtype), p, t)


@described(per="set", train_with="", predictions=REALS, targets=REALS)
def kendall_tau(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Kendall's tau-b: the share of pairs of items in the same order minus the share in opposite order, with ties.

    Choose it over `spearman_correlation` for a number that counts pairs: of all P, C are concordant and D discordant,
    :math:`P_p` are tied in predictions and :math:`P_t` in targets. The weight of a pair is the product of those of its
    items. All items are kept across batches; MLX compares all pairs in memory.

    .. math:: \tau_b = \frac{C - D}{\sqrt{(P - P_p)(P - P_t)}}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (...).
    weights, mask : tensor, optional
        Weight of each element (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar in [-1, 1], 1 is best; NaN for constant predictions or targets, or without items.

    Raises
    ------
    TypeError
        If ranks differ or shapes do not fit.

    References
    ----------
    .. [1] ``scipy.stats.kendalltau``
    .. [2] Knight, W. R. (1966), "A computer method for calculating Kendall's tau with ungrouped data",
       doi:10.1080/01621459.1966.10480879

    Examples
    --------
    >>> from objectives import kendall_tau
    >>> print(kendall_tau([1.0, 2.0, 9.0, 3.0], [10.0, 20.0, 30.0, 40.0]).eval().round(4))
    0.6667
    """
    p, t, w = _kept(predictions, targets, mask, weights)
    sums = pair_order(p, t, w)
    return _visible(sums[0] / (pt.sqrt(sums[1]) * pt.sqrt(sums[2])), p, t)


def _six(given):
    parts = comoments(given.predictions, given.targets, given.weights)
    return [parts[i] for i in range(6)]


def _correlation(norm_p, norm_t, cosine):
    """The cosine between deviations, NaN where one has no length."""
    return where(pt.neq(norm_p, 0) & pt.neq(norm_t, 0), cosine, np.nan)


def _kept(predictions, targets, mask, weights):
    """Predictions, targets and weights of all items as vectors."""
    p, t, w = (x.ravel() for x in numbers(predictions, targets, mask, weights))
    counts = pt.neq(w, 0)
    return joined(where(counts, p, 0)), joined(where(counts, t, 0)), joined(w)


def _visible(score, p, t):
    """NaN where an item that counts is NaN, which has no rank."""
    return where((pt.isnan(p) | pt.isnan(t)).any(), np.nan, score)
