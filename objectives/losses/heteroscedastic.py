"""Crossentropies of noisy logits, whose noise has a predicted spread."""

from typing import Literal

import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import length, log_sum_exp, mean, ratio
from objectives._inputs import OF_LOGITS, check_same_shape, class_axis_last, classwise, elementwise, fitted, matching
from objectives._logits import logits_of
from objectives._options import one_of
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, NON_NEGATIVE, REALS, UNIT, described
from objectives.losses._terms import dense, finished, soft
from objectives.ops.crossentropy import crossentropy
from objectives.ops.selection import nan_where, scaled, where
from objectives.ops.shapes import ones_like
from objectives.ops.softplus import softplus

__all__ = [
    "heteroscedastic_categorical_crossentropy",
    "robust_binary_crossentropy",
    "robust_categorical_crossentropy",
]


@described(
    per="item",
    smooth=True,
    minimizer="log probabilities, moved by the noise",
    minimum=0,
    logits=REALS,
    targets=CLASSES,
    standard_deviation=NON_NEGATIVE,
)
def heteroscedastic_categorical_crossentropy(
    logits: TensorLike,
    targets: TensorLike,
    standard_deviation: TensorLike,
    *,
    noise: TensorLike,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Heteroscedastic crossentropy: that of the mean class probabilities of noisy logits, one number per item.

    Choose it if the model predicts the uncertainty of its logits, of many classes, as in Kendall and Gal.

    .. math:: L = -\sum_c t_c \log \frac{1}{M} \sum_m \frac{e^{z_{mc}}}{\sum_k e^{z_{mk}}}, \qquad
        z_{mc} = z_c + \sigma_c\, n_{mc}

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., C), any real numbers; -inf is fine for classes that are not the target.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    standard_deviation : tensor
        Standard deviations :math:`\sigma` of the logits, not negative: (..., C), or broadcastable to it.
    noise : tensor
        Standard normal noise n (M, ..., C), M samples in the shape of the logits:
        ``next_rng, noise = rng.normal(size=(25, *logits.shape))`` of ``rng = pt.random.shared_rng(seed=0)``. With
        ``updates={rng: next_rng}`` a function draws new noise at each call.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `logits`, and of everything of its shape.

    Returns
    -------
    TensorVariable
        Losses (...), one per item.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Kendall, A. and Gal, Y. (2017), "What uncertainties do we need in Bayesian deep learning?", arXiv:1703.04977

    Examples
    --------
    >>> from objectives import heteroscedastic_categorical_crossentropy as loss
    >>> print(loss([[2.0, 0.0]], [0], [[3.0, 0.0]], noise=[[[1.0, 0.0]], [[-1.0, 0.0]]]).eval().round(4))
    [0.4603]
    """
    z, t, items = classwise(logits_of(logits), targets, mask, axis=axis, names=OF_LOGITS)
    rows = None if items is None else items[..., None]
    deviation = _spread(standard_deviation, "standard_deviation", z, axis, rows)
    noisy = _noisy(z, deviation, noise, axis, rows)
    samples_last = pt.moveaxis(log_softmax(noisy, axis=-1), 0, -1)
    return finished(crossentropy(log_sum_exp(samples_last) - pt.log(length(samples_last, -1)), t), items)


@described(
    per="item",
    smooth=True,
    minimizer="log probabilities, moved by the noise",
    logits=REALS,
    targets=CLASSES,
    variance=NON_NEGATIVE,
)
def robust_categorical_crossentropy(
    logits: TensorLike,
    targets: TensorLike,
    variance: TensorLike,
    *,
    noise: TensorLike,
    variant: Literal["documented", "astronn"] = "documented",
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Robust categorical crossentropy of astroNN, from logits and their noisy copies; one number per item.

    Choose it only for comparison with astroNN: noise that hurts lowers it. The equation that astroNN cites, which a
    likelihood justifies, is `heteroscedastic_categorical_crossentropy`.

    .. math:: L = u + \frac{1}{M} \sum_m \text{elu}(u - u_m) + \frac{1}{C} \sum_c (e^{s_c} - 1), \qquad
        \text{elu}(x) = x \text{ above } 0,\ e^x - 1 \text{ below}

    with the crossentropies :math:`u` of the logits z and :math:`u_m` of :math:`z + \sqrt{s}\, n_m`.

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., C), any real numbers; -inf is fine for classes that are not the target.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    variance, noise : tensor
        Variances s of the logits (..., C), not negative, which may broadcast; and standard normal noise n (M, ..., C).
    variant : {"documented", "astronn"}
        The formula above, from astroNN's documentation, or that of its code: the second term times :math:`-u`, and
        noise :math:`s\, n_m`. (It also averages the last term over the batch, and corrects for missing labels twice.)
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `logits`, and of everything of its shape.

    Returns
    -------
    TensorVariable
        Losses (...), one per item; they can be negative.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> from objectives import robust_categorical_crossentropy as loss
    >>> print(loss([[2.0, 0.0]], [0], [[0.5, 0.0]], noise=[[[1.0, 0.0]], [[-1.0, 0.0]]]).eval().round(4))
    [0.4279]
    """
    z, t, items = classwise(logits_of(logits), targets, mask, axis=axis, names=OF_LOGITS)
    rows = None if items is None else items[..., None]
    s = _spread(variance, "variance", z, axis, rows)
    noisy = _noisy(z, _deviation(s, variant), noise, axis, rows)
    clean = crossentropy(log_softmax(z, axis=-1), t)
    distorted = crossentropy(log_softmax(noisy, axis=-1), dense(t, z)[None])
    return finished(_robust(clean, distorted, mean(_penalty(s, z), -1), variant), items)


@described(
    per="item",
    smooth=True,
    minimizer="log odds, moved by the noise",
    logits=REALS,
    targets=UNIT,
    variance=NON_NEGATIVE,
)
def robust_binary_crossentropy(
    logits: TensorLike,
    targets: TensorLike,
    variance: TensorLike,
    *,
    noise: TensorLike,
    variant: Literal["documented", "astronn"] = "documented",
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Robust binary crossentropy of astroNN, from logits and their noisy copies; one number per item.

    The form of `robust_categorical_crossentropy` for independent labels; see there for elu and when to choose it.

    .. math:: L = u + \frac{1}{M} \sum_m \text{elu}(u - u_m) + \frac{1}{D} \sum_d (e^{s_d} - 1)

    where u is the mean over labels of `binary_crossentropy_with_logits` for the logits z, and :math:`u_m` for
    :math:`z + \sqrt{s}\, n_m`.

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., D), any real numbers.
    targets : tensor
        Targets (..., D) in [0, 1], hard or soft; others give NaN.
    variance, noise : tensor
        Variances s of the logits (..., D), not negative, which may broadcast; and standard normal noise n (M, ..., D).
    variant : {"documented", "astronn"}
        The formula above, or that of astroNN's code, see `robust_categorical_crossentropy`.
    mask : tensor of bool, optional
        Labels that count, such as ``labelled(targets)``; means are over these, 0 for an item without one.
    axis : int
        Axis of the labels of an item.

    Returns
    -------
    TensorVariable
        Losses (...), one per item; they can be negative.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or options do not fit, or if the logits come from a softmax or sigmoid.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> from objectives import robust_binary_crossentropy as loss
    >>> print(loss([[2.0, 0.0]], [[1, 0]], [[0.5, 0.0]], noise=[[[1.0, 0.0]], [[-1.0, 0.0]]]).eval().round(4))
    [0.7219]
    """
    z, t, mask = elementwise(logits_of(logits), targets, mask, names=OF_LOGITS)
    z, t, mask = class_axis_last(z, axis), _labels_last(soft(t), axis), _labels_last(mask, axis)
    s = _spread(variance, "variance", z, axis, mask)
    noisy = _noisy(z, _deviation(s, variant), noise, axis, mask)
    over_labels = _mean_over(z, mask)
    clean, distorted = (over_labels(scaled(t, softplus(-x)) + scaled(1 - t, softplus(x))) for x in (z, noisy))
    return finished(_robust(clean, distorted, over_labels(_penalty(s, z)), variant))


def _deviation(variance, variant):
    if one_of(variant, "variant", ("documented", "astronn")) == "astronn":
        return variance
    # keep 0 out of the root, whose derivative there is infinite
    some = pt.neq(variance, 0)
    return where(some, pt.sqrt(where(some, variance, 1)), 0)


def _robust(clean, distorted, penalty, variant):
    gain = clean[None] - distorted
    elu = mean(where(gain > 0, gain, pt.expm1(where(gain > 0, 0, gain))), 0)
    return clean + (elu if variant == "documented" else -clean * elu) + penalty


def _penalty(variance, z):
    return pt.expm1(variance) + pt.zeros_like(z)


def _spread(x, name, z, axis, mask):
    """Variances aligned to logits (..., C): 1 where masked, NaN below 0."""
    x = fitted(_labels_last(matching(x, z), axis), name, z.type.shape, "logits")
    # 1, not 0: with 0 PyTensor would select the product with the noise instead, see `classwise`
    x = x if mask is None else where(mask, x, 1)
    return nan_where(x < 0, x)


def _noisy(z, deviation, noise, axis, mask):
    """Logits with noise (M, ..., C)."""
    noise = matching(noise, z)
    if noise.ndim != z.ndim + 1:
        raise TypeError(
            f"noise must have an axis of samples before the axes of the logits, {z.ndim + 1} dimensions, not "
            f"{noise.ndim}: with rng = pt.random.shared_rng(seed=0) draw next_rng, noise = "
            "rng.normal(size=(25, *logits.shape)), and compile with updates={rng: next_rng} for new noise at each call"
        )
    noise = class_axis_last(noise, axis if axis < 0 else axis + 1)
    check_same_shape("the samples of noise", noise.type.shape[1:], "logits", z.type.shape)
    noisy = z[None] + deviation[None] * noise
    return noisy if mask is None else where(mask[None], noisy, 0)


def _labels_last(x, axis):
    return x if x is None or x.ndim == 0 else class_axis_last(x, axis)


def _mean_over(z, mask):
    """The mean over unmasked entries of the last axis, 0 if there are none."""
    if mask is None:
        return lambda x: mean(x, -1)
    counted = where(mask, ones_like(z), 0)
    share = ratio(counted, counted.sum(axis=-1, keepdims=True))
    return lambda x: (share * x).sum(axis=-1)
