"""Correlations of predictions and targets, of their values and of their ranks."""

import numpy as np
import pytensor.tensor as pt

from objectives.lookup import REALS, described
from objectives.metrics._columns import columns, comoments, deviations
from objectives.metrics._sets import numbers
from objectives.ops.scaling import in_units, unit
from objectives.ops.selection import where
from objectives.ops.sorting import pair_order, weighted_rank
from objectives.ops.statistics import joined

__all__ = ["concordance_correlation", "kendall_tau", "pearson_correlation", "spearman_correlation"]


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def pearson_correlation(predictions, targets, *, multioutput="uniform_average", weights=None, mask=None):
    r"""Pearson's correlation of predictions and targets.

    .. math::
        r = \frac{\sum_i w_i (p_i - \bar p)(t_i - \bar t)}
        {\sqrt{\sum_i w_i (p_i - \bar p)^2 \sum_i w_i (t_i - \bar t)^2}}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), and their
    weighted means.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Correlation (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    Constant predictions or targets give NaN, and so do no items. It is computed from centred moments in units
    of their own, so that neither large means nor huge or tiny numbers cost digits, as long as their sum is finite.

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
def concordance_correlation(predictions, targets, *, multioutput="uniform_average", weights=None, mask=None):
    r"""Lin's concordance correlation: how close predictions and targets are to being equal.

    .. math:: \rho = \frac{2 \sigma_{pt}}{\sigma_p^2 + \sigma_t^2 + (\bar p - \bar t)^2}

    with the weighted means and population moments of the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Correlation (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    Predictions and targets that are all equal to one number give NaN, and so do no items. torchmetrics takes moments of
    samples, which differ by a factor of n / (n - 1).

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


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def spearman_correlation(predictions, targets, *, weights=None, mask=None):
    r"""Spearman's correlation: Pearson's of the ranks.

    .. math:: \rho = r(\mathrm{rank}(p), \mathrm{rank}(t))

    with the mid-ranks of the predictions :math:`p` and the targets :math:`t`: equal numbers share the mean of their
    ranks.

    Parameters
    ----------
    predictions : tensor
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...).
    weights : tensor, optional
        How much each element counts (...); booleans choose.
    mask : tensor of bool, optional
        Elements that count (...).

    Returns
    -------
    TensorVariable
        Correlation (), in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.

    Notes
    -----
    Constant predictions or targets give NaN, and so do no items. An item of weight 2 counts as two items.

    It is exact, at a price: all predictions, targets and weights are kept, so that memory grows with the data. Sorting
    takes N log N operations; MLX compares all pairs of items, in memory too.

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


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def kendall_tau(predictions, targets, *, weights=None, mask=None):
    r"""Kendall's tau-b: in how many pairs predictions and targets have the same order.

    .. math:: \tau_b = \frac{C - D}{\sqrt{(P - P_p)(P - P_t)}}

    with the numbers of concordant pairs :math:`C`, of discordant ones :math:`D`, of all :math:`P`, and of those with
    equal predictions :math:`P_p` or targets :math:`P_t`.

    Parameters
    ----------
    predictions : tensor
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...).
    weights : tensor, optional
        How much each element counts (...); booleans choose.
    mask : tensor of bool, optional
        Elements that count (...).

    Returns
    -------
    TensorVariable
        Correlation (), in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.

    Notes
    -----
    Constant predictions or targets give NaN, and so do no items. A pair has the product of the weights of its items.

    It is exact, at a price: all predictions, targets and weights are kept, so that memory grows with the data. It takes
    N log\ :sup:`2` N operations by sorts; MLX compares all pairs of items, in memory too.

    References
    ----------
    .. [1] Knight, W. R. (1966), "A computer method for calculating Kendall's tau with ungrouped data", Journal of the
       American Statistical Association 61, doi:10.1080/01621459.1966.10480879
    .. [2] ``scipy.stats.kendalltau``

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
