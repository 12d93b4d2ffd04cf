"""The quantile (pinball) loss."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import column_option, elementwise
from objectives._typing import TensorLike
from objectives.lookup import REALS, described
from objectives.losses._terms import finished
from objectives.ops.selection import absolute, scaled, where

__all__ = ["quantile_loss"]


@described(convex=True, minimizer="quantile", minimum=0, predictions=REALS, targets=REALS)
def quantile_loss(
    predictions: TensorLike, targets: TensorLike, *, quantile: TensorLike = 0.5, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Quantile loss (pinball loss): least, on average, at a quantile of the targets; element by element.

    Choose it to predict intervals: each unit of a prediction that is too low costs q, of one that is too high 1 - q.
    For ``quantile=0.5`` this is half the `absolute_error`. The gradient of an exact prediction is 0. Several quantiles
    (multi-quantile regression) are a last axis of the predictions.

    .. math:: L = \max(q\, d, (q - 1)\, d), \qquad d = t - p

    Parameters
    ----------
    predictions : tensor of float
        Predictions p (...), any real numbers; (..., Q) for several quantiles.
    targets : tensor
        Targets t (...), any real numbers; (..., 1), such as ``targets[..., None]``, for several quantiles.
    quantile : float or tensor
        Quantile q in [0, 1]: a number, or a vector (Q,) along the last axis.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient. ``mask[..., None]`` for several quantiles.

    Returns
    -------
    TensorVariable
        Losses (...); (..., Q) for several quantiles, of which ``aggregate(loss, axis=-1)`` is the mean for each target.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if `quantile` is outside [0, 1].

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
    p, t, mask = elementwise(predictions, targets, mask)
    q = column_option(quantile, "quantile", p)
    shortfall = t - p
    return finished(scaled(where(shortfall > 0, q, 1 - q), absolute(shortfall)), mask)
