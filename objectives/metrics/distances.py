"""Distances of all predictions from all targets."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import power_of
from objectives._inputs import fitted, matching
from objectives._options import known_number, positive
from objectives.lookup import REALS, described
from objectives.metrics._sets import numbers
from objectives.ops.ranking import even_max
from objectives.ops.selection import where
from objectives.ops.statistics import Rule, statistic, total_of

__all__ = ["max_error", "minkowski_distance", "peak_signal_noise_ratio", "weighted_mean_absolute_percentage_error"]


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def weighted_mean_absolute_percentage_error(predictions, targets, *, scale=100.0, weights=None, mask=None):
    r"""Sum of the absolute errors in percent of that of the absolute targets.

    .. math:: E = 100\, \frac{\sum_i w_i |p_i - t_i|}{\sum_i w_i |t_i|}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given).

    Parameters
    ----------
    predictions : tensor
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...).
    scale : float
        The factor 100; 1 gives fractions, as torchmetrics does.
    weights : tensor, optional
        How much each element counts (...); booleans choose.
    mask : tensor of bool, optional
        Elements that count (...).

    Returns
    -------
    TensorVariable
        Percentage (), in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.

    Notes
    -----
    Targets of 0 are no trouble, unless all are 0: then it is infinite, or NaN without errors. No elements give NaN.

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
    return scale * total_of(w * pt.abs(p - t)) / total_of(w * pt.abs(t))


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=REALS)
def max_error(predictions, targets, *, weights=None, mask=None):
    r"""Greatest absolute error.

    .. math:: E = \max_i |p_i - t_i|

    with the predictions :math:`p_i` and the targets :math:`t_i` of non-zero weight.

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
        Error (), in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.

    Notes
    -----
    No elements give NaN. Weights say which elements count, and nothing else.

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
def minkowski_distance(predictions, targets, *, p=2, weights=None, mask=None):
    r"""Distance of all predictions from all targets, as points of a space.

    .. math:: D = \Bigl(\sum_i w_i |p_i - t_i|^q\Bigr)^{1/q}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), and the
    exponent :math:`q`.

    Parameters
    ----------
    predictions : tensor
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...).
    p : float
        The exponent q, 1 or greater, not infinite: `max_error` is its limit.
    weights : tensor, optional
        How much each element counts (...); booleans choose.
    mask : tensor of bool, optional
        Elements that count (...).

    Returns
    -------
    TensorVariable
        Distance (), in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `p` is no number from 1 on.

    Notes
    -----
    It grows with the data. No elements give 0.

    References
    ----------
    .. [1] ``torchmetrics.functional.minkowski_distance``

    Examples
    --------
    >>> from objectives import minkowski_distance
    >>> print(minkowski_distance([3.0, 0.0], [0.0, 4.0]).eval())
    5.0
    """
    q = known_number(p)
    if q is None or not 1 <= q < np.inf:
        raise ValueError(f"p must be a finite number from 1 on, not {p!r}")
    predicted, t, w = numbers(predictions, targets, mask, weights)
    return power_of(total_of(w * power_of(pt.abs(predicted - t), q)), 1 / q)


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def peak_signal_noise_ratio(predictions, targets, *, data_range, weights=None, mask=None):
    r"""Peak signal-to-noise ratio in decibels.

    .. math:: R = 10 \log_{10} \frac{r^2}{\frac{1}{W} \sum_i w_i (p_i - t_i)^2}, \qquad W = \sum_i w_i

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), and the
    range :math:`r` of the data.

    Parameters
    ----------
    predictions : tensor
        Predictions (...), any real numbers.
    targets : tensor
        Targets (...).
    data_range : float or tensor
        The greatest minus the least value that is possible, such as 255, positive.
    weights : tensor, optional
        How much each element counts (...); booleans choose.
    mask : tensor of bool, optional
        Elements that count (...).

    Returns
    -------
    TensorVariable
        Decibels (), in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `data_range` is a number that is not positive.

    Notes
    -----
    Without errors it is infinite; no elements give NaN. It is that of all elements together: the mean over images is
    another number.

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
    peak = fitted(matching(data_range, p), "data_range", (), "measure")
    return float(10 / np.log(10)) * (2 * pt.log(peak) - pt.log(error))
