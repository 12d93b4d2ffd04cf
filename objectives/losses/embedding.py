"""Losses of pairs and triplets of embeddings: similar ones shall be near, others far apart."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import elementwise, fitted, matching, option, size_option, vectors
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
def contrastive_loss(predictions, targets, *, margin=1.0, mask=None):
    r"""Contrastive loss of distances: squared for similar pairs, squared hinge for dissimilar ones.

    .. math::
        L = \begin{cases} \frac{1}{2} d^2 & t > 0 \\ \frac{1}{2} \max(0, m - d)^2 & t \le 0 \end{cases}

    with the distances :math:`d`, the targets :math:`t` and the margin :math:`m`.

    Parameters
    ----------
    predictions : tensor of float
        Distances (...) of pairs, not negative, for example of `pairwise_distance`.
    targets : tensor
        Targets (...): 1 for similar pairs, 0 or -1 for others, as {0, 1} and {-1, 1} both say it. A
        vector is aligned with a column of predictions, see `align_targets`.
    margin : float or tensor
        Distance from which on dissimilar pairs cost nothing, not negative.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.
    ValueError
        If `margin` is a negative number.

    Notes
    -----
    Where a distance of 0 has no direction, nothing pushes two dissimilar embeddings apart that are the same: the
    gradient of `pairwise_distance` with ``eps=0`` is 0 there. `hinge_embedding_loss` is the same without squares.
    Other targets give NaN, and so do negative distances, but for rounding.

    References
    ----------
    .. [1] Hadsell, R., Chopra, S. and LeCun, Y. (2006), "Dimensionality reduction by learning an invariant mapping",
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
def cosine_embedding_loss(a, b, targets, *, margin=0.0, axis=-1, mask=None):
    r"""Loss of the cosine between two embeddings: 1 for similar pairs, at most a margin for dissimilar ones.

    .. math::
        L_i = \begin{cases} 1 - \cos(a_i, b_i) & t_i > 0 \\ \max(0, \cos(a_i, b_i) - m) & t_i \le 0 \end{cases}

    with the embeddings :math:`a` and :math:`b`, the targets :math:`t` and the margin :math:`m`.

    Parameters
    ----------
    a : tensor of float
        Embeddings (..., D), any real numbers.
    b : tensor
        Embeddings (..., D) to compare them with.
    targets : tensor
        Targets (...): 1 for similar pairs, 0 or -1 for others, as {0, 1} and {-1, 1} both say it.
    margin : float or tensor
        Cosine up to which dissimilar pairs cost nothing, usually from 0 to 0.5.
    axis : int
        Axis of the D features of `a` and `b`.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `a`.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or `a` are integers.

    Notes
    -----
    The cosine is that of `cosine_similarity`: 0 for the zero vector, with a gradient of 0. PyTorch gives a loss of 0
    to targets other than 1 and -1; here 0 is the same as -1, and other targets give NaN.

    References
    ----------
    .. [1] ``torch.nn.functional.cosine_embedding_loss``

    Examples
    --------
    >>> from objectives import cosine_embedding_loss
    >>> a, b = [[3.0, 4.0], [3.0, 4.0]], [[4.0, 3.0], [4.0, 3.0]]
    >>> print(cosine_embedding_loss(a, b, [1, -1], margin=0.5).eval().round(4))
    [0.04 0.46]
    """
    a, b, mask = vectors(mask, axis=axis, a=a, b=b)
    similarity = cosine_similarity(a, b)
    targets = fitted(matching(targets, a), "targets", similarity.type.shape, "items of a")
    targets = targets if mask is None else where(mask, targets, 0)
    similarity = of_pairs(similarity, targets)
    margin = option(margin, "margin", similarity)
    return finished(where(targets <= 0, relu(similarity - margin), 1 - similarity), mask)


@described(
    convex=True, minimizer="0 or the margin, by majority", minimum=0, predictions=NON_NEGATIVE, targets=BINARY_OR_SIGNS
)
def hinge_embedding_loss(predictions, targets, *, margin=1.0, mask=None):
    r"""Hinge loss of distances: the distance of similar pairs, what dissimilar ones lack to a margin.

    .. math:: L = \begin{cases} d & t > 0 \\ \max(0, m - d) & t \le 0 \end{cases}

    with the distances :math:`d`, the targets :math:`t` and the margin :math:`m`.

    Parameters
    ----------
    predictions : tensor of float
        Distances (...) of pairs, not negative, for example of `pairwise_distance`.
    targets : tensor
        Targets (...): 1 for similar pairs, 0 or -1 for others, as {0, 1} and {-1, 1} both say it. A
        vector is aligned with a column of predictions, see `align_targets`.
    margin : float or tensor
        Distance from which on dissimilar pairs cost nothing, not negative.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.
    ValueError
        If `margin` is a negative number.

    Notes
    -----
    PyTorch adds both branches for targets other than 1 and -1, such as 0; here 0 is the same as -1. Other targets give
    NaN, and so do negative distances, but for rounding. `contrastive_loss` is half the square of this loss.

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
def triplet_loss(anchor, positive, negative, *, margin=1.0, axis=-1, mask=None):
    r"""Triplet loss of squared distances: the positive shall be nearer to the anchor than the negative, by a margin.

    .. math:: L_i = \max\bigl(0, \|a_i - p_i\|^2 - \|a_i - n_i\|^2 + m\bigr)

    with the anchors :math:`a`, the positives :math:`p`, the negatives :math:`n` and the margin :math:`m`.

    Parameters
    ----------
    anchor : tensor of float
        Embeddings (..., D), any real numbers.
    positive : tensor
        Embeddings (..., D) that belong to the anchors.
    negative : tensor
        Embeddings (..., D) that do not.
    margin : float or tensor
        How much less the squared distance of the positive shall be, not negative.
    axis : int
        Axis of the D features, in all three.
    mask : tensor of bool, optional
        Triplets that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the anchors.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the anchors are integers.
    ValueError
        If `margin` is a negative number.

    Notes
    -----
    FaceNet compares embeddings of length 1 with a margin of 0.2. For distances that are not squared, or any other
    distance, see `triplet_margin_loss`.

    References
    ----------
    .. [1] Schroff, F., Kalenichenko, D. and Philbin, J. (2015), "FaceNet: a unified embedding for face recognition
       and clustering", arXiv:1503.03832

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
    anchor, positive, negative, *, margin=1.0, p=2, eps=1e-6, swap=False, distance=None, axis=-1, mask=None
):
    r"""Triplet loss of any distance: the positive shall be nearer to the anchor than the negative, by a margin.

    .. math:: L_i = \max\bigl(0, d(a_i, p_i) - d(a_i, n_i) + m\bigr)

    with the anchors :math:`a`, the positives :math:`p`, the negatives :math:`n`, the margin :math:`m` and the
    distance :math:`d`. With ``swap=True`` the negative is compared with the nearer one of both:
    :math:`\min(d(a_i, n_i), d(p_i, n_i))` instead of :math:`d(a_i, n_i)`.

    Parameters
    ----------
    anchor : tensor of float
        Embeddings (..., D), any real numbers.
    positive : tensor
        Embeddings (..., D) that belong to the anchors.
    negative : tensor
        Embeddings (..., D) that do not.
    margin : float or tensor
        How much nearer the positive shall be, not negative.
    p : float
        Order of the norm of `pairwise_distance`, if no `distance` is given; at least 1.
    eps : float
        What it adds to each difference.
    swap : bool
        Whether the distance of the negative from the positive counts where it is less than that from the anchor.
    distance : callable, optional
        Function of two tensors (..., D) to their distances (...), for example `cosine_distance`.
    axis : int
        Axis of the D features, in all three; the distance always gets it as the last.
    mask : tensor of bool, optional
        Triplets that count (...); the others are 0 in value and gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the anchors.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, the anchors are integers, or the distance is not one number per item.
    ValueError
        If `p` is not a number of at least 1, or `margin` is a negative number.

    Notes
    -----
    This is PyTorch's ``triplet_margin_loss``, and with `distance` its ``triplet_margin_with_distance_loss``.

    References
    ----------
    .. [1] Balntas, V. et al. (2016), "Learning local feature descriptors with triplets and shallow convolutional
       neural networks", doi:10.5244/C.30.119

    Examples
    --------
    >>> from objectives import cosine_distance, triplet_margin_loss
    >>> a, p, n = [[3.0, 4.0]], [[3.0, 3.0]], [[0.0, 4.0]]
    >>> print(triplet_margin_loss(a, p, n, p=1, eps=0, margin=2.5).eval())
    [0.5]
    >>> print(triplet_margin_loss(a, p, n, distance=cosine_distance, margin=0.2).eval().round(4))
    [0.0101]
    """
    anchor, positive, negative, mask = vectors(mask, axis=axis, anchor=anchor, positive=positive, negative=negative)
    distance = distance or (lambda u, v: pairwise_distance(u, v, p=p, eps=eps))
    near, far = distance(anchor, positive), distance(anchor, negative)
    if near.ndim != anchor.ndim - 1:
        raise TypeError(
            f"distance must turn vectors (..., D) into one number each (...): of {anchor.ndim} dimensions it made "
            f"{near.ndim}"
        )
    if swap:
        # not pt.minimum, which gives both their full gradient where they are equal
        other = distance(positive, negative)
        far = where(other < far, other, far)
    return finished(relu(near - far + size_option(margin, "margin", near)), mask)


def _distances(predictions, targets, mask):
    distances, targets, mask = elementwise(predictions, targets, mask)
    distances = nan_where(distances < np.asarray(-TOLERANCE, distances.dtype), distances)
    return of_pairs(distances, targets), targets, mask


def _excess(distances, targets, margin):
    """How far the distances are from where they cost nothing: 0 for similar pairs, the margin for others."""
    return where(targets <= 0, relu(size_option(margin, "margin", distances) - distances), distances)


def _squared_distance(a, b):
    return pt.square(a - b).sum(axis=-1)
