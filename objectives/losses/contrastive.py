"""Contrastive losses of a batch of embeddings, which compare each item with all others."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor import TensorVariable

from objectives._arithmetic import log_sum_exp, ratio
from objectives._inputs import as_tensor, fitted, integer_labels, matching, shown, vectors
from objectives._options import positive
from objectives._typing import TensorLike
from objectives.lookup import INTEGERS, NOT_ZERO, described
from objectives.losses._terms import finished, one_number
from objectives.losses.categorical import categorical_crossentropy_with_logits
from objectives.losses.similarity import direction
from objectives.ops.selection import relu, where
from objectives.ops.shapes import ones_like
from objectives.ops.softplus import softplus

__all__ = ["circle_loss", "info_nce_loss", "ntxent_loss", "supervised_contrastive_loss"]


@described(
    per="item", minimizer="same direction in a class, orthogonal between classes", embeddings=NOT_ZERO, labels=INTEGERS
)
def circle_loss(
    embeddings: TensorLike,
    labels: TensorLike,
    *,
    reference_embeddings: TensorLike | None = None,
    reference_labels: TensorLike | None = None,
    gamma: TensorLike = 80.0,
    margin: TensorLike = 0.4,
    remove_diagonal: bool | None = None,
    detach: bool = False,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Circle loss: metric learning from labels, in which the pairs furthest from their optimum weigh most.

    It raises the cosine similarities :math:`s_{ij}` within classes and lowers those between them; `ntxent_loss` weights
    all positives alike. Keras averages the losses above 0: ``aggregate(loss, mask=loss > 0)``.

    .. math:: L_i = \log \Bigl(1 + \sum_{j:\, y_j \ne y_i} e^{\gamma \max(0, s_{ij} + m) (s_{ij} - m)}
              \sum_{j:\, y_j = y_i} e^{-\gamma \max(0, 1 + m - s_{ij}) (s_{ij} - 1 + m)}\Bigr)

    Parameters
    ----------
    embeddings : tensor of float
        Embeddings (B, D) of any length.
    labels : tensor of int
        The class y (B,) of each, any integers.
    reference_embeddings, reference_labels : tensor, optional
        Embeddings (M, D) and classes (M,) to compare with, such as a memory bank; by default those of the batch.
    gamma, margin : float or tensor
        Scale of the similarities, positive; and margin m, usually between 0 and 1, stricter the smaller it is.
    remove_diagonal : bool, optional
        Whether pairs (i, i) are ignored; by default only without references. Give True if these begin with the batch.
    detach : bool
        Whether PyTensor's gradient takes both max(0, ...) as constants, as in the paper; Keras does not.
    mask : tensor of bool, optional
        Items (B,) that count; the rest are exactly 0 in value and gradient, and in no pair.

    Returns
    -------
    TensorVariable
        Losses (B,), of the dtype of `embeddings`; 0 for items without a positive or without a negative.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit, or only one of the two references is given.

    References
    ----------
    .. [1] Sun, Y. et al. (2020), "Circle loss: a unified perspective of pair similarity optimization", arXiv:2002.10857

    Examples
    --------
    >>> from objectives import circle_loss
    >>> print(circle_loss([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], [0, 0, 1], gamma=4.0).eval().round(4))
    [0.2824 0.8659 0.    ]
    """
    if (reference_embeddings is None) != (reference_labels is None):
        raise TypeError("reference_embeddings and reference_labels belong together: give both or neither")
    x, y, counted = _batch(mask, labels=labels, embeddings=embeddings)
    among_themselves = reference_embeddings is None
    others, other_labels, others_counted = (
        (x, y, counted)
        if among_themselves
        else _batch(labels=reference_labels, reference_embeddings=matching(reference_embeddings, x))
    )
    without_diagonal = among_themselves if remove_diagonal is None else remove_diagonal
    positives, negatives = _pairs(y, other_labels, counted, others_counted, without_diagonal=without_diagonal)
    s = pt.dot(x, others.T)
    scale, m = _positive(gamma, "gamma", s), one_number(margin, "margin", s)
    from_best, from_worst = relu(1 + m - s), relu(s + m)
    if detach:
        from_best, from_worst = disconnected_grad(from_best), disconnected_grad(from_worst)
    near = log_sum_exp(where(positives, scale * (from_best * (1 - m - s)), -np.inf))
    far = log_sum_exp(where(negatives, scale * (from_worst * (s - m)), -np.inf))
    return finished(softplus(near + far), counted)


@described(per="item", smooth=True, minimizer="near the positive", anchor=NOT_ZERO, positive=NOT_ZERO)
def info_nce_loss(
    anchor: TensorLike,
    positive: TensorLike,
    *,
    negatives: TensorLike | None = None,
    temperature: TensorLike = 0.07,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""InfoNCE (contrastive) loss: the crossentropy of picking each anchor's positive among all candidates.

    Choose it for pairs, and `ntxent_loss` for groups given by labels. :math:`s_{ij}` is the cosine similarity of anchor
    i and candidate j. The symmetric loss of CLIP is ``(info_nce_loss(a, b) + info_nce_loss(b, a)) / 2``.

    .. math:: L_i = -\log \frac{e^{s_{ii} / \tau}}{\sum_j e^{s_{ij} / \tau}}

    Parameters
    ----------
    anchor : tensor of float
        Embeddings (B, D) of any length.
    positive : tensor
        Embeddings (B, D); number i belongs to anchor i and is a negative for all other anchors.
    negatives : tensor, optional
        More embeddings (N, D), negatives for all anchors, such as a memory bank.
    temperature : float or tensor
        Temperature τ, positive; a scalar, which may be learned.
    mask : tensor of bool, optional
        Items (B,) that count; the rest are exactly 0 in value and gradient, and no candidates.

    Returns
    -------
    TensorVariable
        Losses (B,), of the dtype of `anchor`.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or the temperature do not fit.

    References
    ----------
    .. [1] van den Oord, A. et al. (2018), "Representation learning with contrastive predictive coding",
       arXiv:1807.03748; CLIP: arXiv:2103.00020

    Examples
    --------
    >>> from objectives import info_nce_loss
    >>> print(info_nce_loss([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [1.0, 0.0]], temperature=1).eval().round(4))
    [0.6931 0.6931]
    """
    given = as_tensor(positive, "positive")
    anchor, positive, mask = vectors(mask, anchor=anchor, positive=given)
    _matrix("anchor", anchor)
    counted = _of_batch(mask)
    temperature = _positive(temperature, "temperature", anchor)
    x, right = direction(anchor), direction(positive)
    logits = pt.dot(x, right.T) / temperature
    if counted is not None:
        logits = where(counted[None, :], logits, -np.inf)
    loss = categorical_crossentropy_with_logits(logits, _positions(given), mask=counted)
    if negatives is None:
        return loss
    (negatives, _) = vectors(negatives=matching(negatives, anchor, "negatives"))
    further = pt.dot(x, direction(_matrix("negatives", negatives)).T) / temperature
    # The loss already has the denominator of the batch. One matrix of all candidates would be simpler, but JAX cannot
    # differentiate it: it must know where to split.
    within = loss + (x * right).sum(axis=-1) / temperature
    return finished(loss + softplus(log_sum_exp(further) - within), counted)


@described(
    per="set",
    smooth=True,
    minimizer="same direction for one label, far from others",
    embeddings=NOT_ZERO,
    labels=INTEGERS,
)
def ntxent_loss(
    embeddings: TensorLike, labels: TensorLike, *, temperature: TensorLike = 0.07, mask: TensorLike | None = None
) -> TensorVariable:
    r"""NT-Xent: the normalized temperature-scaled crossentropy of all pairs with equal labels, as in SimCLR.

    Choose it for several views per label, and `info_nce_loss` for pairs. :math:`s_{ij}` are cosine similarities. Other
    positives are not in the denominator, unlike in `supervised_contrastive_loss`, which is equal for two views.

    .. math:: L = \frac{1}{|P|} \sum_{i \ne j:\, y_i = y_j} -\log \frac{e^{s_{ij} / \tau}}
              {e^{s_{ij} / \tau} + \sum_{k:\, y_k \ne y_i} e^{s_{ik} / \tau}}, \qquad |P| = |\{i \ne j: y_i = y_j\}|

    Parameters
    ----------
    embeddings : tensor of float
        Embeddings (B, D) of any length.
    labels : tensor of int
        Labels y (B,), any integers, equal for items that belong together: ``[0, 1, 0, 1]`` for two views of two images.
    temperature : float or tensor
        Temperature τ, positive; a scalar, which may be learned.
    mask : tensor of bool, optional
        Items (B,) that count; the rest are in no pair and have a gradient of exactly 0.

    Returns
    -------
    TensorVariable
        Loss (), the mean over all ordered pairs, of the dtype of `embeddings`; 0 without pairs or without negatives.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or the temperature do not fit.

    References
    ----------
    .. [1] Chen, T. et al. (2020), "A simple framework for contrastive learning of visual representations",
       arXiv:2002.05709
    .. [2] ``optax.losses.ntxent``

    Examples
    --------
    >>> from objectives import ntxent_loss
    >>> print(ntxent_loss([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], [0, 0, 1], temperature=1).eval().round(4))
    0.3133
    """
    x, y, counted = _batch(mask, labels=labels, embeddings=embeddings)
    positives, negatives = _pairs(y, y, counted, counted, without_diagonal=True)
    s = pt.dot(x, x.T)
    s = s / _positive(temperature, "temperature", s)
    far = log_sum_exp(where(negatives, s, -np.inf))
    losses = where(positives, softplus(far[:, None] - s), 0)
    return finished(ratio(losses.sum(), positives.sum(dtype="int64").astype(s.dtype)))


@described(
    per="item",
    smooth=True,
    minimizer="same direction for one label, far from others",
    embeddings=NOT_ZERO,
    labels=INTEGERS,
)
def supervised_contrastive_loss(
    embeddings: TensorLike, labels: TensorLike, *, temperature: TensorLike = 0.07, mask: TensorLike | None = None
) -> TensorVariable:
    r"""SupCon, the supervised contrastive loss: crossentropy of picking each item of the same label among all others.

    Choose it over `ntxent_loss` for more than two items per label. :math:`s_{ij}` are cosine similarities, and
    :math:`P_i` the other items with the label of i. It is the paper's :math:`\mathcal{L}_{out}`.

    .. math:: L_i = \frac{1}{|P_i|} \sum_{p \in P_i} -\log \frac{e^{s_{ip} / \tau}}{\sum_{j \ne i} e^{s_{ij} / \tau}}

    Parameters
    ----------
    embeddings : tensor of float
        Embeddings (B, D) of any length.
    labels : tensor of int
        Labels (B,), any integers, the same for two views of one image. If all are equal, the least loss is log(B - 1).
    temperature : float or tensor
        Temperature τ, positive; a scalar, which may be learned.
    mask : tensor of bool, optional
        Items (B,) that count; the rest are exactly 0 in value and gradient, and no candidates.

    Returns
    -------
    TensorVariable
        Losses (B,), of the dtype of `embeddings`; 0 for items without a positive, which are still candidates. The mean
        of `aggregate` counts them, that of pytorch-metric-learning does not, ``aggregate(loss, mask=loss > 0)``.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes, dtypes or the temperature do not fit.

    References
    ----------
    .. [1] Khosla, P. et al. (2020), "Supervised contrastive learning", arXiv:2004.11362

    Examples
    --------
    >>> from objectives import supervised_contrastive_loss as loss
    >>> print(loss([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], [0, 0, 1], temperature=1).eval().round(4))
    [0.3711 0.5981 0.    ]
    """
    x, y, counted = _batch(mask, labels=labels, embeddings=embeddings)
    positives, negatives = _pairs(y, y, counted, counted, without_diagonal=True)
    s = pt.dot(x, x.T)
    s = s / _positive(temperature, "temperature", s)
    everything = log_sum_exp(where(positives | negatives, s, -np.inf))[:, None]
    losses = where(positives, everything - s, 0).sum(axis=-1)
    return finished(ratio(losses, positives.sum(axis=-1, dtype="int64").astype(s.dtype)), counted)


def _batch(mask=None, *, labels, **embeddings):
    """Unit vectors of the embeddings (B, D), their labels (B,), and which items count (B,), or None."""
    (name,) = embeddings
    x, mask = vectors(mask, **embeddings)
    _matrix(name, x)
    labels_name = name.replace("embeddings", "labels")
    labels = as_tensor(labels, labels_name)
    if labels.ndim != 1:
        raise TypeError(
            f"{labels_name} must be a vector with one integer for each of the {name}, not {shown(labels.type.shape)}"
        )
    labels = fitted(integer_labels(labels, labels_name), labels_name, x.type.shape[:-1], name)
    return direction(x), labels, _of_batch(mask)


def _of_batch(mask):
    """The mask (B,) of items, (1,) if it is one for all; None without a mask."""
    return mask if mask is None or mask.ndim else mask[None]


def _matrix(name, x):
    if x.ndim != 2:
        raise TypeError(
            f"{name} must be a matrix (B, D), not {shown(x.type.shape)}: each item is compared with all others"
        )
    return x


def _pairs(labels, others, counted, others_counted, *, without_diagonal):
    """The pairs (B, M) with equal labels and those with different ones, among items that count."""
    negatives = pt.neq(labels[:, None], others[None, :])
    positives = pt.invert(negatives)
    if without_diagonal:
        positives &= pt.neq(_positions(labels)[:, None], _positions(others)[None, :])
    if counted is not None:
        positives, negatives = positives & counted[:, None], negatives & counted[:, None]
    if others_counted is not None:
        positives, negatives = positives & others_counted[None, :], negatives & others_counted[None, :]
    return positives, negatives


def _positions(x):
    """0, 1, 2, ... along the first axis, without arange, which JAX compiles only for the length of an input."""
    first = x if x.ndim == 1 else x[:, 0]
    return pt.cumsum(ones_like(first, "int64")) - 1


def _positive(x, name, like):
    return one_number(positive(x, name), name, like)
