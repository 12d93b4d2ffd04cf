"""Sparsemax losses, whose best predictions can be exactly 0, and Fenchel-Young losses in general."""

from collections.abc import Callable

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import OF_LOGITS, OF_SCORES, are_labels, classwise, elementwise, matching
from objectives._logits import logits_of
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, REALS, UNIT, described
from objectives.losses._terms import dense, finished, soft
from objectives.ops.crossentropy import crossentropy
from objectives.ops.projection import simplex_threshold
from objectives.ops.selection import condition_of, relu, scaled, where
from objectives.ops.shapes import ones_like

__all__ = ["binary_sparsemax_loss", "fenchel_young_loss", "multiclass_sparsemax_loss"]


@described(convex=True, smooth=True, minimizer="2 t - 1", minimum=0, logits=REALS, targets=UNIT)
def binary_sparsemax_loss(logits: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None) -> TensorVariable:
    r"""Sparsemax loss of logits of two classes or of independent labels, element by element.

    Between `binary_crossentropy_with_logits` and `binary_hinge_loss`: smooth, and 0 where the margin is at least 1.

    .. math::
        L = t\, s(-z) + (1 - t)\, s(z) - t (1 - t), \qquad
        s(x) = \begin{cases} 0 & x \le -1 \\ \frac{1}{4} (x + 1)^2 & |x| < 1 \\ x & x \ge 1 \end{cases}

    It is 0 only where t is the sparse sigmoid of z: :math:`(z + 1) / 2`, cut off at 0 and 1.

    Parameters
    ----------
    logits : tensor of float
        Logits z (...), any real numbers; infinite ones are fine where they agree with the target.
    targets : tensor
        Targets t (...) in [0, 1], hard or soft; others give NaN.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...). For hard targets they are those of ``optax.losses.sparsemax_loss``.

    Raises
    ------
    TypeError, ValueError
        If ranks or dtypes do not fit, or the logits are the output of a softmax or sigmoid.

    References
    ----------
    .. [1] Blondel, M. et al. (2020), "Learning with Fenchel-Young losses", JMLR 21, arXiv:1901.02324
    .. [2] Martins, A. F. T. and Astudillo, R. F. (2016), "From softmax to sparsemax", arXiv:1602.02068

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
    minimizer="class probabilities, plus the same number for all classes",
    minimum=0,
    logits=REALS,
    targets=CLASSES,
)
def multiclass_sparsemax_loss(
    logits: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Sparsemax loss of class logits, whose best probabilities can be exactly 0, item by item.

    Choose it over `categorical_crossentropy_with_logits` for sparse predictions; a lead of 1 costs nothing. The
    gradient is :math:`\pi - t`, with the sparsemax :math:`\pi_{ic} = \max(0, z_{ic} - \tau_i)`, whose threshold
    :math:`\tau_i` makes it add up to 1.

    .. math:: L_i = \frac{1}{2} \sum_{c: \pi_{ic} > 0} (z_{ic}^2 - \tau_i^2) - \sum_c t_{ic} z_{ic}
              + \frac{1}{2} \sum_c t_{ic}^2

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., C), not their softmax; -inf is fine for classes that are not targets.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C) that add up to 1.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `logits` and of dense targets.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Martins, A. F. T. and Astudillo, R. F. (2016), "From softmax to sparsemax", arXiv:1602.02068

    Examples
    --------
    >>> from objectives import multiclass_sparsemax_loss
    >>> print(multiclass_sparsemax_loss([[2.0, 0.5, 1.0], [0.5, 0.0, -3.0]], [0, 1]).eval())
    [0.     0.5625]
    """
    z, targets, mask = classwise(logits_of(logits), targets, mask, axis=axis, names=OF_LOGITS)
    # A constant shift of all logits leaves the loss as it is; this one keeps the squares below 1.
    z = z - disconnected_grad(pt.max(z, axis=-1, keepdims=True))
    loss = _sparse_max(z) + crossentropy(z, targets)
    if not are_labels(targets, z):
        loss = loss + (pt.square(targets).sum(axis=-1) - 1) / 2
    return finished(loss, mask)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimizer="scores at which the gradient of max_function is the target",
    scores=REALS,
    targets=CLASSES,
)
def fenchel_young_loss(
    scores: TensorLike,
    targets: TensorLike,
    max_function: Callable[[TensorVariable], TensorLike],
    *,
    omega: Callable[[TensorVariable], TensorLike] | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Fenchel-Young loss of class scores, generated by a convex function such as log-sum-exp, item by item.

    For losses of your own: log-sum-exp gives the softmax crossentropy, the maximum `multiclass_perceptron_loss`.

    .. math:: L_i = \Omega^*(z_i) - \sum_c t_{ic} z_{ic} + \Omega(t_i)

    Parameters
    ----------
    scores : tensor of float
        Scores z (..., C), any real numbers.
    targets : tensor
        Class indices (...) from 0 to C - 1, or dense targets t (..., C).
    max_function : callable
        The convex function :math:`\Omega^*` from scores (..., C) to (...); its gradient (..., C) is the prediction.
    omega : callable, optional
        Its conjugate :math:`\Omega`, from dense targets (..., C) to (...). With it the loss is 0 at best.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `scores` and of dense targets. The functions find it last.

    Returns
    -------
    TensorVariable
        Losses (...), as convex and smooth in the scores as `max_function`.

    Raises
    ------
    TypeError, IndexError
        If inputs or functions do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Blondel, M. et al. (2020), "Learning with Fenchel-Young losses", JMLR 21, arXiv:1901.02324

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from objectives import fenchel_young_loss as loss
    >>> print(loss([[2.0, 0.0], [0.0, 1.0]], [0, 0], lambda z: pt.logsumexp(z, axis=-1)).eval().round(4))
    [0.1269 1.3133]
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
    """Conjugate of half the squared norm of probabilities, minus 1/2, for scores with maximum 0."""
    # A class that is behind by 1 or more has probability 0.
    near = where(z < -1, -1, z)
    positive = condition_of(pt.invert(near <= simplex_threshold(near)[..., None]))
    # Recompute the threshold from the chosen classes, in a form that can be differentiated.
    z = where(positive, z, 0)
    number = where(positive, ones_like(z), 0).sum(axis=-1, keepdims=True)
    threshold = (z.sum(axis=-1, keepdims=True) - 1) / number
    return (where(positive, (z - threshold) * (z + threshold), 0).sum(axis=-1) + 1) / 2


def _reduced(function, name, x):
    """The result of a function that reduces the last axis, checked."""
    if not callable(function):
        raise TypeError(f"{name} must be a function of a tensor (..., C), not {function!r}")
    result = pt.as_tensor_variable(function(x))
    if result.ndim != x.ndim - 1:
        raise TypeError(
            f"{name} must reduce the last axis and no other, but turned {x.ndim} dimensions into {result.ndim}: reduce "
            "with axis=-1"
        )
    return matching(result, x)
