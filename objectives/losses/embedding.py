"""Losses of pairs and triplets of embeddings, which pull similar items together and push others apart."""

from collections.abc import Callable

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._inputs import elementwise, fitted, matching, option, shown, size_option, vectors
from objectives._typing import TensorLike
from objectives.lookup import BINARY_OR_SIGNS, NON_NEGATIVE, NOT_ZERO, REALS, described
from objectives.losses._terms import finished, of_pairs
from objectives.losses.similarity import cosine_similarity, pairwise_distance
from objectives.ops.selection import TOLERANCE, nan_where, relu, where

__all__ = [
    "contrastive_loss",
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "triplet_loss",
    "triplet_margin_loss",
]


@described(
    convex=True,
    smooth=True,
    minimizer="margin times the share of dissimilar pairs",
    minimum=0,
    predictions=NON_NEGATIVE,
    targets=BINARY_OR_SIGNS,
)
def contrastive_loss(
    predictions: TensorLike, targets: TensorLike, *, margin: TensorLike = 1.0, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Contrastive loss of distances: squared distance of similar pairs, squared hinge of dissimilar pairs.

    Choose it for labeled pairs; `hinge_embedding_loss` is the same without squares. Equal embeddings of a dissimilar
    pair are not pushed apart if they are compared by `pairwise_distance` with ``epsilon=0``: its gradient is 0 there.

    .. math:: L = \begin{cases} \frac{1}{2} d^2 & t = 1 \\ \frac{1}{2} \max(0, m - d)^2 & \text{otherwise} \end{cases}

    Parameters
    ----------
    predictions : tensor of float
        Distances d (...) of pairs, not negative; negative ones give NaN.
    targets : tensor
        Targets t (...): 1 for similar pairs, 0 or -1 for dissimilar ones; others give NaN.
    margin : float or tensor
        Distance m beyond which dissimilar pairs cost nothing, not negative.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `predictions`.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit.

    References
    ----------
    .. [1] Hadsell, R. et al. (2006), "Dimensionality reduction by learning an invariant mapping",
       doi:10.1109/CVPR.2006.100

    Examples
    --------
    >>> from objectives import contrastive_loss
    >>> print(contrastive_loss([0.5, 0.5, 2.0], [1, 0, 0]).eval())
    [0.125 0.125 0.   ]
    """
    distances, targets, mask = _distances(predictions, targets, mask)
    half = np.asarray(0.5, dtype=distances.dtype)
    return finished(half * pt.square(_excess(distances, targets, margin)), mask)


@described(
    per="item",
    symmetric=True,
    minimizer="same or opposite direction",
    minimum=0,
    a=NOT_ZERO,
    b=NOT_ZERO,
    targets=BINARY_OR_SIGNS,
)
def cosine_embedding_loss(
    a: TensorLike,
    b: TensorLike,
    targets: TensorLike,
    *,
    margin: TensorLike = 0.0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Cosine embedding loss: cosine distance of similar pairs, hinge of the cosine similarity of dissimilar pairs.

    Choose it for labeled pairs if lengths do not matter, and `contrastive_loss` for distances.

    .. math:: L = \begin{cases} 1 - \cos(a, b) & t = 1 \\ \max(0, \cos(a, b) - m) & \text{otherwise} \end{cases}

    Parameters
    ----------
    a : tensor of float
        Embeddings (..., D) of any length; the zero vector has cosine 0 with a gradient of 0.
    b : tensor
        Embeddings (..., D) to compare with.
    targets : tensor
        Targets t (...): 1 for similar pairs, 0 or -1 for dissimilar ones; others give NaN. (In PyTorch 0 costs 0.)
    margin : float or tensor
        Cosine m below which dissimilar pairs cost nothing, usually between 0 and 0.5.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Feature axis of `a` and `b`.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `a`.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] ``torch.nn.functional.cosine_embedding_loss``

    Examples
    --------
    >>> from objectives import cosine_embedding_loss
    >>> print(cosine_embedding_loss([[3.0, 4.0]] * 2, [[4.0, 3.0]] * 2, [1, -1], margin=0.5).eval().round(4))
    [0.04 0.46]
    """
    u, v, mask = vectors(mask, axis=axis, a=a, b=b)
    similarity = cosine_similarity(u, v)
    t = matching(targets, u)
    if t.ndim > similarity.ndim:
        raise TypeError(
            f"rank mismatch between targets {shown(t.type.shape)} and pairs {shown(similarity.type.shape)}: give one "
            "target for each pair, without a feature axis"
        )
    t = fitted(t, "targets", similarity.type.shape, "pairs")
    t = t if mask is None else where(mask, t, 0)
    similarity = of_pairs(similarity, t)
    return finished(where(t <= 0, relu(similarity - option(margin, "margin", similarity)), 1 - similarity), mask)


@described(
    convex=True, minimizer="0 or the margin, by majority", minimum=0, predictions=NON_NEGATIVE, targets=BINARY_OR_SIGNS
)
def hinge_embedding_loss(
    predictions: TensorLike, targets: TensorLike, *, margin: TensorLike = 1.0, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Hinge embedding loss of distances: the distance of similar pairs, the shortfall to a margin of dissimilar ones.

    Choose it over `contrastive_loss` if distant similar pairs should not dominate: nothing is squared.

    .. math:: L = \begin{cases} d & t = 1 \\ \max(0, m - d) & \text{otherwise} \end{cases}

    Parameters
    ----------
    predictions : tensor of float
        Distances d (...) of pairs, not negative; negative ones give NaN.
    targets : tensor
        Targets t (...): 1 for similar pairs, 0 or -1 for dissimilar ones; others give NaN. (PyTorch has no 0.)
    margin : float or tensor
        Distance m beyond which dissimilar pairs cost nothing, not negative.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `predictions`.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit.

    References
    ----------
    .. [1] ``torch.nn.functional.hinge_embedding_loss``

    Examples
    --------
    >>> from objectives import hinge_embedding_loss
    >>> print(hinge_embedding_loss([0.5, 0.25, 2.0], [1, -1, -1]).eval())
    [0.5  0.75 0.  ]
    """
    distances, targets, mask = _distances(predictions, targets, mask)
    return finished(_excess(distances, targets, margin), mask)


@described(
    per="item",
    convex=True,
    minimizer="beyond the positive, seen from the negative",
    minimum=0,
    anchor=REALS,
    positive=REALS,
    negative=REALS,
)
def triplet_loss(
    anchor: TensorLike,
    positive: TensorLike,
    negative: TensorLike,
    *,
    margin: TensorLike = 1.0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Triplet loss of squared distances (FaceNet): the positive must be closer to the anchor than the negative.

    FaceNet compares embeddings of length 1 with a margin of 0.2. `triplet_margin_loss` takes any other distance.

    .. math:: L_i = \max\bigl(0, \|a_i - p_i\|^2 - \|a_i - n_i\|^2 + m\bigr)

    Parameters
    ----------
    anchor : tensor of float
        Embeddings a (..., D).
    positive, negative : tensor
        Embeddings p (..., D) that belong to the anchors, and n (..., D) that do not.
    margin : float or tensor
        Margin m by which the squared distance of the positive must be smaller, not negative.
    mask : tensor of bool, optional
        Triplets (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Feature axis of all three.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `anchor`.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or the margin do not fit.

    References
    ----------
    .. [1] Schroff, F. et al. (2015), "FaceNet: a unified embedding for face recognition and clustering",
       arXiv:1503.03832

    Examples
    --------
    >>> from objectives import triplet_loss
    >>> print(triplet_loss([[0.0, 0.0]], [[1.0, 1.0]], [[1.5, 0.0]]).eval())
    [0.75]
    """
    return triplet_margin_loss(
        anchor, positive, negative, margin=margin, distance=_squared_distance, axis=axis, mask=mask
    )


@described(per="item", minimizer="positive", anchor=REALS, positive=REALS, negative=REALS)
def triplet_margin_loss(
    anchor: TensorLike,
    positive: TensorLike,
    negative: TensorLike,
    *,
    margin: TensorLike = 1.0,
    p: float = 2,
    epsilon: TensorLike = 1e-6,
    swap: bool = False,
    distance: Callable[[TensorVariable, TensorVariable], TensorVariable] | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Triplet margin loss: the positive must be closer to the anchor than the negative, by any distance.

    With `distance` it is PyTorch's ``triplet_margin_with_distance_loss``. For squared distances see `triplet_loss`.

    .. math:: L_i = \max\bigl(0, d(a_i, p_i) - d(a_i, n_i) + m\bigr)

    Parameters
    ----------
    anchor, positive, negative : tensor of float
        Embeddings (..., D): the anchors a, those that belong to them, p, and those that do not, n.
    margin : float or tensor
        Margin m by which the positive must be closer, not negative.
    p, epsilon : float
        Options of `pairwise_distance`, unused if `distance` is given: the order of the norm, at least 1, and a number
        that is added to each difference.
    swap : bool
        Whether the negative is compared with the closer of anchor and positive: min(d(a, n), d(p, n)).
    distance : callable, optional
        Maps two tensors (..., D) to distances (...), for example `cosine_distance`.
    mask : tensor of bool, optional
        Triplets (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Feature axis of all three; `distance` gets it as the last.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `anchor`.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or options do not fit, or `distance` does not return one number per item.

    References
    ----------
    .. [1] Balntas, V. et al. (2016), "Learning local feature descriptors with triplets", doi:10.5244/C.30.119

    Examples
    --------
    >>> from objectives import triplet_margin_loss
    >>> print(triplet_margin_loss([[3.0, 4.0]], [[3.0, 3.0]], [[0.0, 4.0]], p=1, epsilon=0, margin=2.5).eval())
    [0.5]
    """
    a, similar, other, mask = vectors(mask, axis=axis, anchor=anchor, positive=positive, negative=negative)
    distance = distance or (lambda u, v: pairwise_distance(u, v, p=p, epsilon=epsilon))
    if not callable(distance):
        raise TypeError(
            f"distance must be a function of two tensors (..., D), such as cosine_distance, not {distance!r}"
        )
    near, far = distance(a, similar), distance(a, other)
    if near.ndim != a.ndim - 1:
        raise TypeError(
            f"distance must map vectors (..., D) to one number each (...): it returned {near.ndim} dimensions for "
            f"vectors of {a.ndim}"
        )
    if swap:
        # pt.minimum would give both their full gradient where they are equal
        swapped = distance(similar, other)
        far = where(swapped < far, swapped, far)
    return finished(relu(near - far + size_option(margin, "margin", near)), mask)


def _distances(predictions, targets, mask):
    distances, targets, mask = elementwise(predictions, targets, mask)
    distances = nan_where(distances < np.asarray(-TOLERANCE, distances.dtype), distances)
    return of_pairs(distances, targets), targets, mask


def _excess(distances, targets, margin):
    """By how much distances of similar pairs exceed 0, and those of dissimilar pairs fall short of the margin."""
    return where(targets <= 0, relu(size_option(margin, "margin", distances) - distances), distances)


def _squared_distance(a, b):
    return pt.square(a - b).sum(axis=-1)
