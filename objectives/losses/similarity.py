"""Similarities and distances between vectors."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from objectives._arithmetic import power_of
from objectives._inputs import option, vectors
from objectives._options import at_least, number_from
from objectives.lookup import NOT_ZERO, REALS, described
from objectives.losses._terms import finished
from objectives.ops.ranking import even_max
from objectives.ops.scaling import in_units, unit
from objectives.ops.selection import where

__all__ = ["cosine_distance", "cosine_similarity", "pairwise_distance"]


@described(
    best="max",
    per="item",
    symmetric=True,
    smooth=True,
    minimiser="opposite of the mean direction",
    minimum=-1,
    predictions=NOT_ZERO,
    targets=NOT_ZERO,
)
def cosine_similarity(predictions, targets, *, axis=-1, eps=1e-8, mask=None):
    r"""Cosine of the angle between two vectors, one number for each item: 1 for the same direction, -1 for opposite.

    .. math:: s_i = \frac{\sum_c p_{ic}\, t_{ic}}{\max(\|p_i\|, \varepsilon)\, \max(\|t_i\|, \varepsilon)}

    with the predictions :math:`p` and the targets :math:`t`, or the other way round: it is symmetric.

    Parameters
    ----------
    predictions : tensor of float
        Vectors (..., D), any real numbers.
    targets : tensor
        Vectors (..., D), any real numbers.
    axis : int
        Axis of the D features, in both.
    eps : float
        Norm below which a vector counts as short, not negative. It bounds the gradient by 1 / eps.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Similarities (...) from -1 to 1, of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the predictions are integers.
    ValueError
        If `eps` is a negative number.

    Notes
    -----
    Greater is more similar, which is no loss: minimise `cosine_distance`. (The loss of this name in Keras is the
    negative, its metric is not.) The zero vector has similarity 0 to all others, with a gradient of 0. Neither huge
    nor tiny vectors overflow or underflow; with ``eps=0`` vectors of any length but 0 have their exact cosine.

    References
    ----------
    .. [1] Salton, G. and McGill, M. J. (1983), "Introduction to Modern Information Retrieval", McGraw-Hill

    Examples
    --------
    >>> from objectives import cosine_similarity
    >>> print(cosine_similarity([[3.0, 4.0], [1.0, 0.0]], [[4.0, 3.0], [0.0, 0.0]]).eval())
    [0.96 0.  ]
    """
    predictions, targets, mask = vectors(mask, axis=axis, predictions=predictions, targets=targets)
    return finished(_cosine(predictions, targets, eps), mask)


@described(
    per="item",
    symmetric=True,
    smooth=True,
    minimiser="mean direction",
    minimum=0,
    predictions=NOT_ZERO,
    targets=NOT_ZERO,
)
def cosine_distance(predictions, targets, *, axis=-1, eps=1e-8, mask=None):
    r"""One minus the cosine of the angle between two vectors, one number for each item.

    .. math:: L_i = 1 - \frac{\sum_c p_{ic}\, t_{ic}}{\max(\|p_i\|, \varepsilon)\, \max(\|t_i\|, \varepsilon)}

    with the predictions :math:`p` and the targets :math:`t`, or the other way round: it is symmetric.

    Parameters
    ----------
    predictions : tensor of float
        Vectors (..., D), any real numbers.
    targets : tensor
        Vectors (..., D), any real numbers.
    axis : int
        Axis of the D features, in both.
    eps : float
        Norm below which a vector counts as short, not negative, see `cosine_similarity`.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Distances (...) from 0 to 2, of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the predictions are integers.
    ValueError
        If `eps` is a negative number.

    Notes
    -----
    The vectors need not have length 1: ``tf.losses.cosine_distance`` took them as they were. The zero vector has
    distance 1 to all others, with a gradient of 0. For vectors of length 1 this is half their squared distance.

    References
    ----------
    .. [1] Salton, G. and McGill, M. J. (1983), "Introduction to Modern Information Retrieval", McGraw-Hill

    Examples
    --------
    >>> from objectives import cosine_distance
    >>> print(cosine_distance([[3.0, 4.0], [1.0, 0.0]], [[4.0, 3.0], [-2.0, 0.0]]).eval().round(4))
    [0.04 2.  ]
    """
    predictions, targets, mask = vectors(mask, axis=axis, predictions=predictions, targets=targets)
    return finished(1 - _cosine(predictions, targets, eps), mask)


@described(per="item", convex=True, minimiser="geometric median", minimum=0, a=REALS, b=REALS)
def pairwise_distance(a, b, *, p=2, eps=1e-6, axis=-1, mask=None):
    r"""Distance between two vectors in the p-norm, one number for each item.

    .. math:: d_i = \Bigl(\sum_c |a_{ic} - b_{ic} + \varepsilon|^p\Bigr)^{1 / p}

    with the vectors :math:`a` and :math:`b`.

    Parameters
    ----------
    a : tensor of float
        Vectors (..., D), any real numbers.
    b : tensor
        Vectors (..., D), any real numbers.
    p : float
        Order of the norm, a number of at least 1: 2 is the Euclidean distance, 1 adds up absolute differences,
        infinity is the greatest of them.
    eps : float
        Number that is added to each difference, as PyTorch does. With 0 the distance is exact and symmetric.
    axis : int
        Axis of the D features, in both.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Distances (...), of the dtype of `a`.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or `a` are integers.
    ValueError
        If `p` is not a number of at least 1.

    Notes
    -----
    "Pairwise" as in PyTorch: row by row, not each with each. The gradient at equal vectors is 0 where `eps` is 0.
    Neither huge nor tiny differences overflow or underflow. In the gradient they may, from the root of the greatest
    number on (1e19 in float32), where PyTensor's rewrites bring their squares back.

    References
    ----------
    .. [1] Minkowski, H. (1910), "Geometrie der Zahlen", Teubner
    .. [2] ``torch.nn.functional.pairwise_distance``

    Examples
    --------
    >>> from objectives import pairwise_distance
    >>> print(pairwise_distance([[3.0, 4.0]], [[0.0, 0.0]], eps=0).eval())
    [5.]
    """
    a, b, mask = vectors(mask, axis=axis, a=a, b=b)
    return finished(_norm(a - b + option(eps, "eps", a), p), mask)


def direction(x, eps=1e-8):
    """Vectors (..., D) divided by their length, or by eps where they are shorter; the zero vector stays."""
    at_least(eps, "eps", 0)
    largest, scale = _scale(pt.abs(x))
    y = in_units(x, scale)
    not_zero = pt.neq(largest, 0)
    # The root of 0 is kept out of the graph of the zero vector: its derivative is infinite.
    length = pt.sqrt(where(not_zero, pt.square(y).sum(axis=-1, keepdims=True), 1))
    shortest = option(eps, "eps", x) / scale
    return where(not_zero, y / where(length < shortest, shortest, length), 0)


def _cosine(a, b, eps):
    return (direction(a, eps) * direction(b, eps)).sum(axis=-1)


def _norm(x, p):
    """The p-norm of vectors (..., D), whose gradient at the zero vector is 0."""
    order = number_from(p, "p", 1)
    size = pt.abs(x)
    if order == 1:
        return size.sum(axis=-1)
    if order == np.inf:
        return even_max(size)
    largest, scale = _scale(size)
    not_zero = pt.neq(largest, 0)[..., 0]
    total = where(not_zero, power_of(size / scale, order).sum(axis=-1), 1)
    return where(not_zero, scale[..., 0] * power_of(total, 1 / order), 0)


def _scale(size):
    """The largest size (..., 1) of each row, and a positive number to divide it by before powers are taken.

    Both are constants for the gradient: neither a direction nor a norm depends on the unit in which it is computed.
    """
    largest = disconnected_grad(size.max(axis=-1, keepdims=True))
    return largest, unit(largest)
