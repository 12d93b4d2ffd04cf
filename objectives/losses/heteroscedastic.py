"""Crossentropies of logits whose noise is predicted as well."""

import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

from objectives._arithmetic import length, log_sum_exp, mean, ratio
from objectives._inputs import (
    OF_LOGITS,
    check_same_shape,
    class_axis_last,
    classwise,
    elementwise,
    fitted,
    matching,
)
from objectives._logits import logits_of
from objectives._options import one_of
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
    minimiser="log probabilities, moved by the noise",
    minimum=0,
    logits=REALS,
    targets=CLASSES,
    standard_deviation=NON_NEGATIVE,
)
def heteroscedastic_categorical_crossentropy(logits, targets, standard_deviation, *, noise, axis=-1, mask=None):
    r"""Crossentropy of the mean of the class probabilities of noisy logits, one number for each item.

    .. math::
        L_i = -\sum_c t_{ic} \log \frac{1}{M} \sum_m \frac{e^{z_{imc}}}{\sum_k e^{z_{imk}}}, \qquad
        z_{imc} = z_{ic} + \sigma_{ic}\, n_{imc}

    with the logits :math:`z`, the targets :math:`t`, the standard deviations :math:`\sigma` and the noise :math:`n`.

    Parameters
    ----------
    logits : tensor of float
        Logits (..., C), any real numbers; -inf is fine for classes that are no target.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    standard_deviation : tensor
        Standard deviations of the logits, not negative: (..., C), or with lengths of 1 where classes or items share
        one.
    noise : tensor
        Standard normal noise (M, ..., C): M samples in the shape of the logits.
    axis : int
        Class axis of `logits`, and of what has its shape.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the logits.

    Raises
    ------
    TypeError
        If the rank of targets or noise does not fit, class indices are not integers, or static shapes differ.
    ValueError
        If the logits are the output of a softmax or sigmoid.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    The state of the noise is yours. Fresh noise at each call of a function is, with 25 samples,
    ``rng = pt.random.shared_rng(seed=0)``, ``next_rng, noise = rng.normal(size=(25, *logits.shape))`` and
    ``pytensor.function(..., updates={rng: next_rng})``. An array that is always the same makes the loss deterministic.

    References
    ----------
    .. [1] Kendall, A. and Gal, Y. (2017), "What uncertainties do we need in Bayesian deep learning for computer
       vision?", arXiv:1703.04977, equation 12

    Examples
    --------
    >>> from objectives import heteroscedastic_categorical_crossentropy
    >>> loss = heteroscedastic_categorical_crossentropy(
    ...     [[2.0, 0.0]], [0], [[3.0, 0.0]], noise=[[[1.0, 0.0]], [[-1.0, 0.0]]]
    ... )
    >>> print(loss.eval().round(4))
    [0.4603]
    """
    z, targets, mask = classwise(logits_of(logits), targets, mask, axis=axis, names=OF_LOGITS)
    rows = None if mask is None else mask[..., None]
    deviation = _spread(standard_deviation, "standard_deviation", z, axis, rows)
    noisy = _noisy(z, deviation, noise, axis, rows)
    samples_last = pt.moveaxis(log_softmax(noisy, axis=-1), 0, -1)
    return finished(crossentropy(log_sum_exp(samples_last) - pt.log(length(samples_last, -1)), targets), mask)


@described(
    per="item",
    smooth=True,
    minimiser="log probabilities, moved by the noise",
    logits=REALS,
    targets=CLASSES,
    variance=NON_NEGATIVE,
)
def robust_categorical_crossentropy(logits, targets, variance, *, noise, variant="documented", axis=-1, mask=None):
    r"""Crossentropy of logits and of their noisy copies, as in astroNN, one number for each item.

    .. math::
        L_i = u_i + \frac{1}{M} \sum_m \text{elu}(u_i - u_{im}) + \frac{1}{C} \sum_c (e^{s_{ic}} - 1)

    with the crossentropies :math:`u_i` of the logits :math:`z_i` and :math:`u_{im}` of :math:`z_i + \sqrt{s_i}\,
    n_{im}`, the variances :math:`s` and the noise :math:`n`; :math:`\text{elu}(x)` is x above 0 and :math:`e^x - 1`
    below.

    Parameters
    ----------
    logits : tensor of float
        Logits (..., C), any real numbers.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    variance : tensor
        Variances of the logits, not negative: (..., C), or with lengths of 1 where classes or items share one.
    noise : tensor
        Standard normal noise (M, ..., C): M samples in the shape of the logits. astroNN takes 25. See
        `heteroscedastic_categorical_crossentropy` for noise that is fresh at each call.
    variant : {'documented', 'astronn'}
        The formula above, from astroNN's documentation, or that of its code:
        :math:`u_i - u_i \frac{1}{M} \sum_m \text{elu}(u_i - u_{im}) + \frac{1}{C} \sum_c (e^{s_{ic}} - 1)` with noise
        :math:`s_i n_{im}`.
    axis : int
        Class axis of `logits`, and of what has its shape.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the logits.

    Raises
    ------
    TypeError
        If the rank of targets or noise does not fit, class indices are not integers, or static shapes differ.
    ValueError
        If `variant` is unknown, or the logits are the output of a softmax or sigmoid.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    For results to compare with astroNN. It names equation 12 of Kendall and Gal (2017) as the source, but neither
    variant is that: `heteroscedastic_categorical_crossentropy` is, and has a likelihood to justify it. Both can be
    negative, and noise that hurts lowers the first. astroNN's code averages the last term over the batch, too, and
    applies the correction for missing labels twice; here an item without a label is masked. A negative variance gives
    NaN in the documented variant, a variance of 0 a gradient of its last term alone.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances from high-resolution
       spectroscopic data", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> from objectives import robust_categorical_crossentropy
    >>> loss = robust_categorical_crossentropy(
    ...     [[2.0, 0.0]], [0], [[0.5, 0.0]], noise=[[[1.0, 0.0]], [[-1.0, 0.0]]]
    ... )
    >>> print(loss.eval().round(4))
    [0.4279]
    """
    z, targets, mask = classwise(logits_of(logits), targets, mask, axis=axis, names=OF_LOGITS)
    rows = None if mask is None else mask[..., None]
    variance = _spread(variance, "variance", z, axis, rows)
    noisy = _noisy(z, _deviation(variance, variant), noise, axis, rows)
    clean = crossentropy(log_softmax(z, axis=-1), targets)
    distorted = crossentropy(log_softmax(noisy, axis=-1), dense(targets, z)[None])
    return finished(_robust(clean, distorted, mean(_penalty(variance, z), -1), variant), mask)


@described(
    per="item",
    smooth=True,
    minimiser="log odds, moved by the noise",
    logits=REALS,
    targets=UNIT,
    variance=NON_NEGATIVE,
)
def robust_binary_crossentropy(logits, targets, variance, *, noise, variant="documented", axis=-1, mask=None):
    r"""Binary crossentropy of logits and of their noisy copies, as in astroNN, one number for each item.

    .. math::
        L_i = u_i + \frac{1}{M} \sum_m \text{elu}(u_i - u_{im}) + \frac{1}{D} \sum_d (e^{s_{id}} - 1)

    with the means :math:`u_i` over the labels d of the `binary_crossentropy_with_logits` of the logits :math:`z_i`,
    and :math:`u_{im}` of :math:`z_i + \sqrt{s_i}\, n_{im}`, the variances :math:`s` and the noise :math:`n`.

    Parameters
    ----------
    logits : tensor of float
        Logits (..., D), any real numbers.
    targets : tensor
        Targets (..., D) in [0, 1], hard or soft; others give NaN.
    variance : tensor
        Variances of the logits, not negative: (..., D), or with lengths of 1 where labels or items share one.
    noise : tensor
        Standard normal noise (M, ..., D): M samples in the shape of the logits. astroNN takes 25. See
        `heteroscedastic_categorical_crossentropy` for noise that is fresh at each call.
    variant : {'documented', 'astronn'}
        The formula above or that of astroNN's code, as for `robust_categorical_crossentropy`.
    axis : int
        Axis of the labels of an item.
    mask : tensor of bool, optional
        Labels that count, broadcastable to `logits`; the others are left out of the means, value and gradient. An
        item without labels gives 0.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the logits.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the logits are integers.
    ValueError
        If `variant` is unknown, or the logits are the output of a softmax or sigmoid.

    Notes
    -----
    What is said of `robust_categorical_crossentropy` holds here, too. Missing labels are left out of each mean once:
    ``mask=labelled(targets)``.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances from high-resolution
       spectroscopic data", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> from objectives import robust_binary_crossentropy
    >>> loss = robust_binary_crossentropy([[2.0, 0.0]], [[1, 0]], [[0.5, 0.0]], noise=[[[1.0, 0.0]], [[-1.0, 0.0]]])
    >>> print(loss.eval().round(4))
    [0.7219]
    """
    z, targets, mask = elementwise(logits_of(logits), targets, mask, names=OF_LOGITS)
    z, targets, mask = class_axis_last(z, axis), _labels_last(soft(targets), axis), _labels_last(mask, axis)
    variance = _spread(variance, "variance", z, axis, mask)
    noisy = _noisy(z, _deviation(variance, variant), noise, axis, mask)
    over_labels = _mean_over(z, mask)
    clean, distorted = (
        over_labels(scaled(targets, softplus(-x)) + scaled(1 - targets, softplus(x))) for x in (z, noisy)
    )
    return finished(_robust(clean, distorted, over_labels(_penalty(variance, z)), variant))


def _deviation(variance, variant):
    if one_of(variant, "variant", ("documented", "astronn")) == "astronn":
        return variance
    # the derivative of the root at 0 is infinite
    some = pt.neq(variance, 0)
    return where(some, pt.sqrt(where(some, variance, 1)), 0)


def _robust(clean, distorted, penalty, variant):
    gain = clean[None] - distorted
    elu = mean(where(gain > 0, gain, pt.expm1(where(gain > 0, 0, gain))), 0)
    return clean + (elu if variant == "documented" else -clean * elu) + penalty


def _penalty(variance, z):
    return pt.expm1(variance) + pt.zeros_like(z)


def _spread(x, name, z, axis, mask):
    """Variances that fit logits whose class axis has become the last; harmless where they are masked, NaN below 0."""
    x = fitted(_labels_last(matching(x, z), axis), name, z.type.shape, "logits")
    # not 0: PyTensor would make its product with noise the selection of a product, of anything
    x = x if mask is None else where(mask, x, 1)
    return nan_where(x < 0, x)


def _noisy(z, deviation, noise, axis, mask):
    """Logits with noise (M, ..., C)."""
    noise = matching(noise, z)
    if noise.ndim != z.ndim + 1:
        raise TypeError(
            f"noise must have an axis of samples and then those of the logits, {z.ndim + 1} dimensions, not "
            f"{noise.ndim}: with rng = pt.random.shared_rng(seed=0) it is "
            "next_rng, noise = rng.normal(size=(25, *logits.shape)), and updates={rng: next_rng} makes it fresh"
        )
    noise = class_axis_last(noise, axis if axis < 0 else axis + 1)
    check_same_shape("the samples of noise", noise.type.shape[1:], "logits", z.type.shape)
    noisy = z[None] + deviation[None] * noise
    return noisy if mask is None else where(mask[None], noisy, 0)


def _labels_last(x, axis):
    return x if x is None or x.ndim == 0 else class_axis_last(x, axis)


def _mean_over(z, mask):
    """The mean over the last axis of what is in the mask, 0 for nothing."""
    if mask is None:
        return lambda x: mean(x, -1)
    counted = where(mask, ones_like(z), 0)
    share = ratio(counted, counted.sum(axis=-1, keepdims=True))
    return lambda x: (share * x).sum(axis=-1)
