"""Distances between all predictions and all targets: WMAPE, maximum error, Minkowski distance, PSNR."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import power_of
from objectives._inputs import fitted, matching
from objectives._options import known_number, positive
from objectives._typing import TensorLike
from objectives.lookup import REALS, described
from objectives.metrics._sets import numbers
from objectives.ops.ranking import even_max
from objectives.ops.selection import where
from objectives.ops.statistics import Rule, statistic, total_of

__all__ = ["max_error", "minkowski_distance", "peak_signal_noise_ratio", "weighted_mean_absolute_percentage_error"]


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def weighted_mean_absolute_percentage_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    factor: float = 100.0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Weighted mean absolute percentage error (WMAPE): the total absolute error as a percentage of the total target.

    Choose it over the mean of `absolute_percentage_error` if some targets are 0 or small: here only their sum divides.

    .. math:: E = 100\, \frac{\sum_i w_i |p_i - t_i|}{\sum_i w_i |t_i|}

    Parameters
    ----------
    predictions, targets : tensor
        Predictions p and targets t (...).
    factor : float
        100 for percentages, 1 for fractions as in torchmetrics.
    weights, mask : tensor, optional
        Weight w of each element (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Percentage (); infinite if all targets are 0, but NaN for 0/0 and without elements.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] ``torchmetrics.functional.weighted_mean_absolute_percentage_error``

    Examples
    --------
    >>> from objectives import weighted_mean_absolute_percentage_error
    >>> print(weighted_mean_absolute_percentage_error([1.0, 6.0], [0.0, 4.0]).eval())
    75.0
    """
    p, t, w = numbers(predictions, targets, mask, weights)
    return factor * total_of(w * pt.abs(p - t)) / total_of(w * pt.abs(t))


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def max_error(
    predictions: TensorLike, targets: TensorLike, *, weights: TensorLike | None = None, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Maximum error: the largest absolute error of all elements.

    Choose it where a single large error matters. It is the limit of `minkowski_distance` as p goes to infinity.

    .. math:: E = \max_i |p_i - t_i|

    Parameters
    ----------
    predictions, targets : tensor
        Predictions p and targets t (...).
    weights : tensor, optional
        Elements (...) of weight 0 do not count; other weights change nothing.
    mask : tensor of bool, optional
        Elements (...) that count; the rest are ignored, whatever they hold.

    Returns
    -------
    TensorVariable
        Error (); NaN without elements.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] ``sklearn.metrics.max_error``

    Examples
    --------
    >>> from objectives import max_error
    >>> print(max_error([3.0, 2.0, 7.0, 1.0], [4.0, 2.0, 7.0, 1.0]).eval())
    1.0
    """
    p, t, w = numbers(predictions, targets, mask, weights)
    errors = where(pt.neq(w, 0), pt.abs(p - t), -1)
    greatest = statistic(even_max(errors.ravel()), Rule.MAXIMUM)
    return where(greatest < 0, np.nan, greatest)


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def minkowski_distance(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    p: float = 2,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Minkowski distance: the p-norm of all errors together, one number for the whole set.

    Choose it to take all errors of a set as one vector; it grows with the number of elements. For vectors row by row
    see `pairwise_distance`, for infinite p `max_error`.

    .. math:: D = \Bigl(\sum_i w_i |\hat y_i - y_i|^p\Bigr)^{1/p}

    Parameters
    ----------
    predictions, targets : tensor
        Predictions ŷ and targets y (...).
    p : float
        Order of the norm, at least 1 and finite.
    weights, mask : tensor, optional
        Weight w of each element (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Distance (); 0 without elements.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or `p` is not a finite number of at least 1.

    References
    ----------
    .. [1] ``torchmetrics.functional.minkowski_distance``

    Examples
    --------
    >>> from objectives import minkowski_distance
    >>> print(minkowski_distance([3.0, 0.0], [0.0, 4.0]).eval())
    5.0
    """
    order = known_number(p)
    if order is None or not 1 <= order < np.inf:
        raise ValueError(f"p must be a finite number of at least 1, not {p!r}")
    predicted, t, w = numbers(predictions, targets, mask, weights)
    return power_of(total_of(w * power_of(pt.abs(predicted - t), order)), 1 / order)


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def peak_signal_noise_ratio(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    data_range: TensorLike,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Peak signal-to-noise ratio (PSNR): the mean squared error relative to the range of the data, in decibels.

    Choose it for reconstructed images; larger is better. All elements are pooled, which differs from a mean over
    images. For data without a fixed range see `normalized_root_mean_squared_error`.

    .. math:: R = 10 \log_{10} \frac{r^2 \sum_i w_i}{\sum_i w_i (p_i - t_i)^2}

    Parameters
    ----------
    predictions, targets : tensor
        Predictions p and targets t (...).
    data_range : float or tensor
        Largest minus smallest possible value r, positive, such as 255.
    weights, mask : tensor, optional
        Weight w of each element (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Decibels (); infinite without errors, NaN without elements.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or `data_range` is not positive.

    References
    ----------
    .. [1] ``torchmetrics.functional.image.peak_signal_noise_ratio``

    Examples
    --------
    >>> from objectives import peak_signal_noise_ratio
    >>> print(peak_signal_noise_ratio([0.0, 1.0], [0.0, 0.9], data_range=1.0).eval().round(4))
    23.0103
    """
    positive(data_range, "data_range")
    p, t, w = numbers(predictions, targets, mask, weights)
    error = total_of(w * pt.square(p - t)) / total_of(w)
    peak = fitted(matching(data_range, p, "data_range"), "data_range", (), "measure")
    return float(10 / np.log(10)) * (2 * pt.log(peak) - pt.log(error))
