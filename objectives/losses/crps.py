"""Continuous ranked probability scores (CRPS) of ensembles and of normal distributions."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import mean
from objectives._inputs import aligned_mask, check_same_shape, class_axis_last, floating, matching, shown
from objectives._typing import TensorLike
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.losses._terms import finished, with_parameters
from objectives.ops.counting import EntryCount
from objectives.ops.selection import absolute, even_relu, nan_where, scaled, where

__all__ = ["ensemble_crps", "gaussian_crps"]


@described(per="item", minimizer="quantiles", minimum=0, predictions=REALS, targets=REALS)
def ensemble_crps(
    predictions: TensorLike, targets: TensorLike, *, fair: bool = False, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Continuous ranked probability score (CRPS) of an ensemble forecast, one number per item.

    Choose it for a finite set of predicted values, and `gaussian_crps` for a predicted mean and spread.

    .. math:: L = \frac{1}{n} \sum_i |x_i - t| - \frac{1}{2 k} \sum_{i, j} |x_i - x_j|, \qquad k = n^2

    Parameters
    ----------
    predictions : tensor of float
        Ensemble members x (..., n) of each item, any real numbers; memory grows with n squared, for all pairs.
    targets : tensor
        Targets t (...), any real numbers.
    fair : bool
        Whether to remove the bias of a finite sample, by k = n (n - 1); one member then gives NaN.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Axis of ensemble members.

    Returns
    -------
    TensorVariable
        Losses (...), not negative unless `fair`; for one member the `absolute_error`.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007), "Strictly proper scoring rules", doi:10.1198/016214506000001437
    .. [2] Ferro, C. A. T. (2014), "Fair scores for ensemble forecasts", doi:10.1002/qj.2270

    Examples
    --------
    >>> from objectives import ensemble_crps
    >>> print(ensemble_crps([[1.0, 2.0, 4.0]], [3.0]).eval().round(4))
    [0.6667]
    """
    x = floating(predictions, "predictions")
    if x.ndim == 0:
        raise TypeError("predictions need an axis of ensemble members, but have no dimensions")
    x = class_axis_last(x, axis)
    t = matching(targets, x, "targets")
    if t.ndim != x.ndim - 1:
        raise TypeError(
            f"rank mismatch between targets {shown(t.type.shape)} and predictions {shown(x.type.shape)}: an ensemble "
            "has one target, so targets have no axis of ensemble members"
        )
    check_same_shape("targets", t.type.shape, "predictions", x.type.shape[:-1])
    if mask is not None:
        mask = counts = aligned_mask(mask, "items of the predictions", x.type.shape[:-1])
        x, t = where(counts[..., None], x, 0), where(counts, t, 0)
    number = EntryCount(axis=(x.ndim - 1,))(x)
    level = _centered_rank(x) / (number - 1 if fair else number)
    error = x - t[..., None]
    pinball = scaled(1 - level, even_relu(error)) + scaled(1 + level, even_relu(-error))
    return finished(mean(pinball, -1), mask)


@described(
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="target",
    predictions=REALS,
    targets=REALS,
    standard_deviation=NON_NEGATIVE,
)
def gaussian_crps(
    predictions: TensorLike, targets: TensorLike, standard_deviation: TensorLike, *, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Continuous ranked probability score (CRPS) of normal distributions, element by element.

    Choose it over `gaussian_nll_loss` to be robust: an outlier costs its distance, not its square. A standard deviation
    of 0 gives the `absolute_error`, with finite gradients; a negative one gives NaN.

    .. math::
        L = \int \Bigl(\Phi\bigl(\tfrac{x - p}{\sigma}\bigr) - [x \ge t]\Bigr)^2 dx
          = \sigma \Bigl(z\, (2 \Phi(z) - 1) + 2 \varphi(z) - \tfrac{1}{\sqrt \pi}\Bigr), \ z = \tfrac{p - t}{\sigma}

    Parameters
    ----------
    predictions : tensor of float
        Means p (...), any real numbers.
    targets : tensor
        Targets t (...), any real numbers.
    standard_deviation : tensor
        Standard deviations :math:`\sigma`, not negative: (...), or broadcastable to it.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), not negative.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Gneiting, T. et al. (2005), "Calibrated probabilistic forecasting", doi:10.1175/MWR2904.1

    Examples
    --------
    >>> from objectives import gaussian_crps
    >>> print(gaussian_crps([1.0, 2.0], [1.0, 0.0], [1.0, 0.0]).eval().round(4))
    [0.2337 2.    ]
    """
    p, t, deviation, mask = with_parameters(predictions, targets, mask, standard_deviation=standard_deviation)
    error = p - t
    # beyond 40 standard deviations the density is 0, also for a standard deviation of 0
    near = pt.abs(error) <= 40 * deviation
    close = where(near, error, 0)
    # the derivative divides by the square, which underflows for smaller deviations
    some = deviation > np.sqrt(np.finfo(p.dtype).tiny)
    z = close / where(some, deviation, 1)
    density = np.asarray(np.sqrt(2 / np.pi), p.dtype) * pt.exp(-pt.square(z) / 2)
    distance = where(near, close * pt.erf(z * np.asarray(np.sqrt(0.5), p.dtype)) + deviation * density, absolute(error))
    score = distance - deviation * np.asarray(1 / np.sqrt(np.pi), p.dtype)
    return finished(nan_where((deviation < 0) | pt.isnan(deviation), score), mask)


def _centered_rank(x):
    """The number of smaller entries less that of greater ones, along the last axis; constant for the gradient."""
    this, other = x[..., :, None], x[..., None, :]
    less, greater = (pt.sum(c, axis=-1, dtype="int64") for c in (pt.lt(other, this), pt.gt(other, this)))
    return (less - greater).astype(x.dtype)
