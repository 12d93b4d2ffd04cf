"""Cosine similarity and distances between vectors."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor import TensorVariable

from objectives._arithmetic import power_of
from objectives._inputs import option, vectors
from objectives._options import at_least, number_from
from objectives._typing import TensorLike
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
    minimizer="opposite of the mean direction",
    minimum=-1,
    predictions=NOT_ZERO,
    targets=NOT_ZERO,
)
def cosine_similarity(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    epsilon: TensorLike = 1e-8,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Cosine similarity: the cosine of the angle between two vectors, 1 for equal and -1 for opposite directions.

    Larger is better: to train, minimize `cosine_distance`. Keras negates its loss of this name, but not its metric.

    .. math:: s_i = \frac{\sum_c p_{ic}\, t_{ic}}{\max(\|p_i\|, \varepsilon)\, \max(\|t_i\|, \varepsilon)}

    Parameters
    ----------
    predictions : tensor of float
        Vectors p (..., D) of any length; the zero vector has similarity 0, with a gradient of 0.
    targets : tensor
        Vectors t (..., D); exchanging both changes nothing.
    epsilon : float or tensor
        Smallest norm to divide by, not negative; the gradient is at most 1/ε. With 0 any length has its exact cosine.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Feature axis.

    Returns
    -------
    TensorVariable
        Similarities (...) in [-1, 1], of the dtype of `predictions`.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or `epsilon` do not fit.

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
    return finished(_cosine(predictions, targets, epsilon), mask)


@described(
    per="item",
    symmetric=True,
    smooth=True,
    minimizer="mean direction",
    minimum=0,
    predictions=NOT_ZERO,
    targets=NOT_ZERO,
)
def cosine_distance(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    epsilon: TensorLike = 1e-8,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Cosine distance: 1 minus the cosine of the angle between two vectors.

    Choose it over `pairwise_distance` if lengths do not matter. It is half the squared distance of vectors of length 1.

    .. math:: L_i = 1 - \frac{\sum_c p_{ic}\, t_{ic}}{\max(\|p_i\|, \varepsilon)\, \max(\|t_i\|, \varepsilon)}

    Parameters
    ----------
    predictions : tensor of float
        Vectors p (..., D) of any length; the zero vector has distance 1, with a gradient of 0.
    targets : tensor
        Vectors t (..., D); exchanging both changes nothing.
    epsilon : float or tensor
        Smallest norm to divide by, not negative; see `cosine_similarity`.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Feature axis.

    Returns
    -------
    TensorVariable
        Distances (...) in [0, 2], of the dtype of `predictions`.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or `epsilon` do not fit.

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
    return finished(1 - _cosine(predictions, targets, epsilon), mask)


@described(per="item", convex=True, minimizer="geometric median", minimum=0, a=REALS, b=REALS)
def pairwise_distance(
    a: TensorLike,
    b: TensorLike,
    *,
    p: float = 2,
    epsilon: TensorLike = 1e-6,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Pairwise distance: the p-norm (Euclidean, Manhattan, Chebyshev) of the difference between two vectors.

    As in PyTorch, "pairwise" means row by row, not each row with each. Choose `cosine_distance` to ignore lengths.

    .. math:: d_i = \Bigl(\sum_c |a_{ic} - b_{ic} + \varepsilon|^p\Bigr)^{1 / p}

    Parameters
    ----------
    a : tensor of float
        Vectors (..., D).
    b : tensor
        Vectors (..., D).
    p : float
        Order of the norm, at least 1: 2 is Euclidean, 1 the sum of absolute differences, infinity the largest.
    epsilon : float or tensor
        Added to each difference, as in PyTorch. With 0 the distance is exact, and its gradient 0 at equal vectors.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Feature axis.

    Returns
    -------
    TensorVariable
        Distances (...), of the dtype of `a`. Gradients may overflow for differences above 1e19 in float32.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or `p` is not a number of at least 1.

    References
    ----------
    .. [1] Minkowski, H. (1910), "Geometrie der Zahlen", Teubner; ``torch.nn.functional.pairwise_distance``

    Examples
    --------
    >>> from objectives import pairwise_distance
    >>> print(pairwise_distance([[3.0, 4.0]], [[0.0, 0.0]], epsilon=0).eval())
    [5.]
    """
    u, v, mask = vectors(mask, axis=axis, a=a, b=b)
    return finished(_norm(u - v + option(epsilon, "epsilon", u), p), mask)


def direction(x, epsilon=1e-8):
    """Vectors (..., D) divided by their length, or by epsilon if they are shorter; the zero vector stays."""
    at_least(epsilon, "epsilon", 0)
    largest, scale = _scale(pt.abs(x))
    y = in_units(x, scale)
    not_zero = pt.neq(largest, 0)
    # no root of 0, whose derivative is infinite
    length = pt.sqrt(where(not_zero, pt.square(y).sum(axis=-1, keepdims=True), 1))
    shortest = option(epsilon, "epsilon", x) / scale
    return where(not_zero, y / where(length < shortest, shortest, length), 0)


def _cosine(a, b, epsilon):
    return (direction(a, epsilon) * direction(b, epsilon)).sum(axis=-1)


def _norm(x, p):
    """The p-norm of vectors (..., D), with a gradient of 0 at the zero vector."""
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
    """The largest size (..., 1) of each row, and a positive unit to divide by before taking powers.

    Both are constants in the gradient: neither a direction nor a norm depends on the unit in which it is computed.
    """
    largest = disconnected_grad(size.max(axis=-1, keepdims=True))
    return largest, unit(largest)
