"""Continuous ranked probability scores: the distance of a predicted distribution from what was observed."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import mean
from objectives._inputs import aligned_mask, check_same_shape, class_axis_last, floating, matching, shown
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.losses._terms import finished, with_parameters
from objectives.ops.counting import EntryCount
from objectives.ops.selection import absolute, even_relu, nan_where, scaled, where

__all__ = ["crps_ensemble", "gaussian_crps"]


@described(per="item", minimizer="quantiles", minimum=0, predictions=REALS, targets=REALS)
def crps_ensemble(predictions, targets, *, fair=False, axis=-1, mask=None):
    r"""Continuous ranked probability score of ensembles, one number for each item.

    .. math::
        L = \frac{1}{n} \sum_i |x_i - t| - \frac{1}{2 k} \sum_{i, j} |x_i - x_j|, \qquad
        k = \begin{cases} n^2 \\ n (n - 1) & \text{if fair} \end{cases}

    with the members :math:`x` of the ensemble and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Members (..., n) of the ensemble of each item, any real numbers.
    targets : tensor
        Targets (...), any real numbers.
    fair : bool
        Whether the members are taken as a sample from the predicted distribution, whose score is estimated without
        bias, rather than as the distribution itself. A single member then gives NaN.
    axis : int
        Axis of the members of `predictions`.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), not negative, of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the targets do not have one dimension less than the predictions, static shapes differ, or the predictions
        are integers.

    Notes
    -----
    For a single member this is the `absolute_error`. It is computed as a sum of pinball losses, in which nothing
    cancels. Each member is compared with each other, so that memory grows with n squared. Equal members have equal
    gradients.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007), "Strictly proper scoring rules, prediction, and estimation",
       Journal of the American Statistical Association 102, doi:10.1198/016214506000001437
    .. [2] Ferro, C. A. T. (2014), "Fair scores for ensemble forecasts", Quarterly Journal of the Royal Meteorological
       Society 140, doi:10.1002/qj.2270

    Examples
    --------
    >>> from objectives import crps_ensemble
    >>> print(crps_ensemble([[1.0, 2.0, 4.0]], [3.0]).eval().round(4))
    [0.6667]
    >>> print(crps_ensemble([[1.0, 2.0, 4.0]], [3.0], fair=True).eval().round(4))
    [0.3333]
    """
    x = class_axis_last(floating(predictions, "predictions"), axis)
    t = matching(targets, x)
    if t.ndim != x.ndim - 1:
        raise TypeError(
            f"rank mismatch between targets {shown(t.type.shape)} and predictions {shown(x.type.shape)}: there is one "
            "target for all members of an ensemble, so that targets have one dimension less"
        )
    check_same_shape("targets", t.type.shape, "predictions", x.type.shape[:-1])
    if mask is not None:
        mask = aligned_mask(mask, "items of the predictions", x.type.shape[:-1])
        x, t = where(mask[..., None], x, 0), where(mask, t, 0)
    number = EntryCount(axis=(x.ndim - 1,))(x)
    level = _excess(x) / (number - 1 if fair else number)
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
def gaussian_crps(predictions, targets, standard_deviation, *, mask=None):
    r"""Continuous ranked probability score of normal distributions, element by element.

    .. math::
        L = \int (F(x) - [x \ge t])^2\, dx
          = \sigma \Bigl(z\, (2 \Phi(z) - 1) + 2 \varphi(z) - \frac{1}{\sqrt \pi}\Bigr), \qquad z = \frac{p - t}{\sigma}

    with the predictions :math:`p`, the targets :math:`t`, the standard deviation :math:`\sigma`, the distribution
    function F of :math:`N(p, \sigma^2)`, and :math:`\Phi` and :math:`\varphi` of the standard normal distribution.

    Parameters
    ----------
    predictions : tensor of float
        Means (...), any real numbers.
    targets : tensor
        Targets (...), any real numbers. A vector is aligned with a column of predictions, see `align_targets`.
    standard_deviation : tensor
        Standard deviations, not negative: (...), or with lengths of 1 where elements share one.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), not negative, of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.

    Notes
    -----
    It is in the unit of the targets, and an outlier costs its distance, where it costs `gaussian_nll_loss` the
    square. A standard deviation of 0 gives the `absolute_error`, and the gradient stays finite; a negative one gives
    NaN.

    References
    ----------
    .. [1] Gneiting, T., Raftery, A. E., Westveld, A. H. and Goldman, T. (2005), "Calibrated probabilistic forecasting
       using ensemble model output statistics and minimum CRPS estimation", Monthly Weather Review 133,
       doi:10.1175/MWR2904.1

    Examples
    --------
    >>> from objectives import gaussian_crps
    >>> print(gaussian_crps([1.0, 2.0], [1.0, 0.0], [1.0, 0.0]).eval().round(4))
    [0.2337 2.    ]
    """
    p, t, deviation, mask = with_parameters(predictions, targets, mask, standard_deviation=standard_deviation)
    error = p - t
    # 40 standard deviations away the density is 0, even that of a standard deviation of 0
    near = pt.abs(error) <= 40 * deviation
    close = where(near, error, 0)
    # the square of a lesser deviation, by which the derivative divides, would be 0
    some = deviation > np.sqrt(np.finfo(p.dtype).tiny)
    z = close / where(some, deviation, 1)
    density = np.asarray(np.sqrt(2 / np.pi), p.dtype) * pt.exp(-pt.square(z) / 2)
    distance = where(near, close * pt.erf(z * np.asarray(np.sqrt(0.5), p.dtype)) + deviation * density, absolute(error))
    score = distance - deviation * np.asarray(1 / np.sqrt(np.pi), p.dtype)
    return finished(nan_where((deviation < 0) | pt.isnan(deviation), score), mask)


def _excess(x):
    """How many more of the last axis are less than each entry than are greater: a constant for the gradient."""
    this, other = x[..., :, None], x[..., None, :]
    less, greater = (pt.sum(c, axis=-1, dtype="int64") for c in (pt.lt(other, this), pt.gt(other, this)))
    return (less - greater).astype(x.dtype)
