"""Losses whose best predictions can be exact zeros, and the family that they belong to."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from objectives._inputs import OF_LOGITS, OF_SCORES, are_labels, classwise, elementwise, matching
from objectives._logits import logits_of
from objectives.lookup import CLASSES, REALS, UNIT, described
from objectives.losses._terms import dense, finished, soft
from objectives.ops.crossentropy import crossentropy
from objectives.ops.projection import simplex_threshold
from objectives.ops.selection import condition_of, relu, scaled, where
from objectives.ops.shapes import ones_like

__all__ = ["binary_sparsemax_loss", "fenchel_young_loss", "multiclass_sparsemax_loss"]


@described(convex=True, smooth=True, minimiser="2 t - 1", minimum=0, logits=REALS, targets=UNIT)
def binary_sparsemax_loss(logits, targets, *, mask=None):
    r"""Sparsemax loss of two classes, element by element.

    .. math::
        L = t\, s(-z) + (1 - t)\, s(z) - t (1 - t), \qquad
        s(x) = \begin{cases} 0 & x \le -1 \\ \frac{1}{4} (x + 1)^2 & |x| < 1 \\ x & x \ge 1 \end{cases}

    with the logits :math:`z` and the targets :math:`t`. It is 0 if and only if the sparse sigmoid of z,
    :math:`(z + 1) / 2` between 0 and 1, is t.

    Parameters
    ----------
    logits : tensor of float
        Logits (...), any real numbers; infinite ones are fine where they agree with the target.
    targets : tensor
        Targets (...) in [0, 1], hard or soft; others give NaN. A vector is aligned with a column of logits, see
        `align_targets`.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `logits`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the logits.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the logits are integers.
    ValueError
        If the logits are the output of a sigmoid.

    Notes
    -----
    Between the `binary_crossentropy_with_logits` and a hinge: it is smooth, and what is right by a margin of 1 costs
    nothing. For hard targets it is ``optax.losses.sparsemax_loss``.

    References
    ----------
    .. [1] Blondel, M., Martins, A. F. T. and Niculae, V. (2020), "Learning with Fenchel-Young losses", JMLR 21,
       arXiv:1901.02324
    .. [2] Martins, A. F. T. and Astudillo, R. F. (2016), "From softmax to sparsemax: a sparse model of attention and
       multi-label classification", arXiv:1602.02068

    Examples
    --------
    >>> from objectives import binary_sparsemax_loss
    >>> print(binary_sparsemax_loss([1.5, 0.0, -3.0], [1, 1, 1]).eval())
    [0.   0.25 3.  ]
    """
    z, t, mask = elementwise(logits_of(logits), targets, mask, names=OF_LOGITS)
    t = soft(t)
    return finished(scaled(t, _sparse_plus(-z)) + scaled(1 - t, _sparse_plus(z)) - t * (1 - t), mask)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimiser="class probabilities, plus the same number for all classes",
    minimum=0,
    logits=REALS,
    targets=CLASSES,
)
def multiclass_sparsemax_loss(logits, targets, *, axis=-1, mask=None):
    r"""Sparsemax loss of one class out of many, one number for each item.

    .. math::
        L_i = \frac{1}{2} \sum_{c \in S_i} (z_{ic}^2 - \tau_i^2) - \sum_c t_{ic} z_{ic} + \frac{1}{2} \sum_c t_{ic}^2

    with the logits :math:`z`, the targets :math:`t`, the threshold :math:`\tau_i` for which the probabilities
    :math:`\pi_{ic} = \max(0, z_{ic} - \tau_i)` add up to 1, and the classes :math:`S_i` where they are positive. It is
    0 if and only if :math:`\pi_i = t_i`. The gradient is :math:`\pi_i - t_i`.

    Parameters
    ----------
    logits : tensor of float
        Logits (..., C), any real numbers; -inf is fine for classes that are no target.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C) that add up to 1.
    axis : int
        Class axis of `logits`, and of dense targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the logits.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, or static shapes differ.
    ValueError
        If the logits are the output of a softmax or sigmoid.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    The probabilities :math:`\pi`, the sparsemax, are the point of the simplex nearest to the logits. They have exact
    zeros, and a target class that leads all others by 1 costs nothing. The logits are sorted.

    References
    ----------
    .. [1] Martins, A. F. T. and Astudillo, R. F. (2016), "From softmax to sparsemax: a sparse model of attention and
       multi-label classification", arXiv:1602.02068

    Examples
    --------
    >>> from objectives import multiclass_sparsemax_loss
    >>> print(multiclass_sparsemax_loss([[2.0, 0.5, 1.0], [0.5, 0.0, -3.0]], [0, 1]).eval())
    [0.     0.5625]
    """
    z, targets, mask = classwise(logits_of(logits), targets, mask, axis=axis, names=OF_LOGITS)
    # The loss does not change if all logits do by the same number: here no number is squared that is greater than 1.
    z = z - disconnected_grad(pt.max(z, axis=-1, keepdims=True))
    loss = _sparse_max(z) + crossentropy(z, targets)
    if not are_labels(targets, z):
        loss = loss + (pt.square(targets).sum(axis=-1) - 1) / 2
    return finished(loss, mask)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimiser="scores at which the gradient of max_function is the target",
    scores=REALS,
    targets=CLASSES,
)
def fenchel_young_loss(scores, targets, max_function, *, omega=None, axis=-1, mask=None):
    r"""Fenchel-Young loss of a function that is like a maximum, one number for each item.

    .. math:: L_i = \Omega^*(z_i) - \sum_c t_{ic} z_{ic} + \Omega(t_i)

    with the scores :math:`z`, the targets :math:`t`, the convex function :math:`\Omega^*` and its conjugate
    :math:`\Omega` (left out if not given).

    Parameters
    ----------
    scores : tensor of float
        Scores (..., C), any real numbers.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or dense targets (..., C).
    max_function : callable
        The function :math:`\Omega^*`, convex, of scores (..., C) to (...), such as ``pt.logsumexp`` over the last axis.
    omega : callable, optional
        The function :math:`\Omega`, of dense targets (..., C) to (...). With it the loss is 0 at best. It does not
        matter for the gradient by the scores.
    axis : int
        Class axis of `scores`, and of dense targets. The functions find it last.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the scores.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, static shapes differ, or a
        function is none, or does not reduce the last axis alone.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    The gradient by the scores is that of :math:`\Omega^*`, which predicts, minus the target. Log-sum-exp gives the
    `categorical_crossentropy_with_logits`, the maximum the loss of the perceptron, half the sum of squares half the
    squared distance. The loss is as convex and smooth as :math:`\Omega^*`.

    References
    ----------
    .. [1] Blondel, M., Martins, A. F. T. and Niculae, V. (2020), "Learning with Fenchel-Young losses", JMLR 21,
       arXiv:1901.02324

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from objectives import fenchel_young_loss
    >>> scores = [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    >>> print(fenchel_young_loss(scores, [0, 2], lambda z: pt.logsumexp(z, axis=-1)).eval().round(4))
    [0.2395 1.5514]
    """
    z, targets, mask = classwise(scores, targets, mask, axis=axis, fill=1, names=OF_SCORES)
    loss = _reduced(max_function, "max_function", z) + crossentropy(z, targets)
    if omega is not None:
        loss = loss + _reduced(omega, "omega", dense(targets, z))
    return finished(loss, mask)


def _sparse_plus(x):
    low = where(x >= 1, 1, x)
    return where(x >= 1, x, pt.square(relu(low + 1)) / 4)


def _sparse_max(z):
    """The conjugate of half the squared norm of probabilities (less 1/2), of scores of which the greatest is 0."""
    # no class that lies behind by 1 has a positive probability
    near = where(z < -1, -1, z)
    positive = condition_of(pt.invert(near <= simplex_threshold(near)[..., None]))
    # Computed again, as a function that can be differentiated for a given set of classes.
    z = where(positive, z, 0)
    number = where(positive, ones_like(z), 0).sum(axis=-1, keepdims=True)
    threshold = (z.sum(axis=-1, keepdims=True) - 1) / number
    return (where(positive, (z - threshold) * (z + threshold), 0).sum(axis=-1) + 1) / 2


def _reduced(function, name, x):
    """A function of the last axis, checked."""
    if not callable(function):
        raise TypeError(f"{name} must be a function of a tensor (..., C), not {function!r}")
    result = pt.as_tensor_variable(function(x))
    if result.ndim != x.ndim - 1:
        raise TypeError(
            f"{name} must reduce the last axis and no other: it made {result.ndim} dimensions of {x.ndim}. Give it "
            "axis=-1"
        )
    return matching(result, x)
