"""The loss whose least mean is at a quantile."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import column_option, elementwise
from objectives.lookup import REALS, described
from objectives.losses._terms import finished
from objectives.ops.selection import absolute, scaled, where

__all__ = ["quantile_loss"]


@described(convex=True, minimizer="quantile", minimum=0, predictions=REALS, targets=REALS)
def quantile_loss(predictions, targets, *, quantile=0.5, mask=None):
    r"""Pinball loss, element by element: least, on average, at a quantile of the targets.

    .. math:: L = \max(q\, d, (q - 1)\, d), \qquad d = t - p

    with the predictions :math:`p`, the targets :math:`t` and the quantile :math:`q`: a prediction that is too low
    costs q for each unit, one that is too high 1 - q.

    Parameters
    ----------
    predictions : tensor of float
        Predictions (...), any real numbers; for several quantiles (..., Q).
    targets : tensor
        Targets (...), any real numbers; for several quantiles (..., 1), as ``targets[..., None]`` makes them. A vector
        is aligned with a column of predictions, see `align_targets`.
    quantile : float or tensor
        Quantile between 0 and 1: a number, or a vector (Q,) with one for each entry of the last axis.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.
    ValueError
        If `quantile` holds a number outside [0, 1].

    Notes
    -----
    For ``quantile=0.5`` this is half the `absolute_error`. The gradient is 0 where the prediction is exact.

    References
    ----------
    .. [1] Koenker, R. and Bassett, G. (1978), "Regression quantiles", Econometrica 46, doi:10.2307/1913643

    Examples
    --------
    >>> from objectives import quantile_loss
    >>> print(quantile_loss([[1.0, 1.0]], [[3.0]], quantile=[0.1, 0.9]).eval())
    [[0.2 1.8]]
    """
    levels = quantile.data if isinstance(quantile, pt.TensorConstant) else quantile
    if not isinstance(levels, pt.TensorVariable) and not np.all((np.asarray(levels) >= 0) & (np.asarray(levels) <= 1)):
        raise ValueError(f"quantile must be between 0 and 1, not {levels}")
    predictions, targets, mask = elementwise(predictions, targets, mask)
    quantile = column_option(quantile, "quantile", predictions)
    shortfall = targets - predictions
    return finished(scaled(where(shortfall > 0, quantile, 1 - quantile), absolute(shortfall)), mask)
