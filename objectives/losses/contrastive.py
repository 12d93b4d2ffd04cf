"""Losses of whole batches of embeddings, in which each item is compared with all others."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from objectives._arithmetic import log_sum_exp, ratio
from objectives._inputs import as_tensor, fitted, integer_labels, matching, shown, vectors
from objectives._options import positive
from objectives.lookup import INTEGERS, NOT_ZERO, described
from objectives.losses._terms import finished
from objectives.losses.categorical import categorical_crossentropy_with_logits
from objectives.losses.similarity import direction
from objectives.ops.selection import relu, where
from objectives.ops.shapes import ones_like
from objectives.ops.softplus import softplus

__all__ = ["circle_loss", "info_nce_loss", "ntxent_loss"]


@described(
    per="item", minimiser="same direction in a class, orthogonal between classes", embeddings=NOT_ZERO, labels=INTEGERS
)
def circle_loss(
    embeddings,
    labels,
    *,
    reference_embeddings=None,
    reference_labels=None,
    gamma=80.0,
    margin=0.4,
    remove_diagonal=None,
    detach=False,
    mask=None,
):
    r"""Circle loss: similarities within a class shall be near 1, between classes near 0, one number for each item.

    .. math::
        L_i = \log \Bigl(1 + \sum_{j:\, y_j \ne y_i} e^{\gamma \alpha^n_{ij} (s_{ij} - m)}
              \sum_{j:\, y_j = y_i} e^{-\gamma \alpha^p_{ij} (s_{ij} - 1 + m)}\Bigr), \qquad
        \alpha^n = \max(0, s + m), \quad \alpha^p = \max(0, 1 + m - s)

    with the cosine similarities :math:`s_{ij}` of embeddings i and j, their labels :math:`y`, the scale
    :math:`\gamma` and the margin :math:`m`. Items without a positive or without a negative cost 0.

    Parameters
    ----------
    embeddings : tensor of float
        Embeddings (B, D), any real numbers. They are normalised to length 1 here.
    labels : tensor
        Class indices (B,) of any integer dtype, in any range.
    reference_embeddings : tensor, optional
        Embeddings (M, D) to compare with, for example of a memory; the batch itself if not given.
    reference_labels : tensor, optional
        Their class indices (M,).
    gamma : float or tensor
        Scale, positive.
    margin : float or tensor
        Margin, usually from 0 to 1. Less is stricter.
    remove_diagonal : bool, optional
        Whether the pairs (i, i) are no positives. If not given, they are none where the batch is compared with
        itself. Give ``True`` for references that begin with the batch.
    detach : bool
        Whether the factors :math:`\alpha` are constants for the gradient, as in the paper. By default the gradient is
        the derivative of the loss, as in Keras.
    mask : tensor of bool, optional
        Items that count (B,); the others are 0 in value and gradient, and leave the losses of all others too.

    Returns
    -------
    TensorVariable
        Losses (B,), of the dtype of the embeddings: (...) without their feature axis. To average as Keras does, leave
        out those that are 0: ``aggregate(loss, mask=loss > 0)``.

    Raises
    ------
    TypeError
        If the embeddings are no matrix or integers, labels are not integers, or there are references without labels.
    ValueError
        If `gamma` is a number that is not positive.

    Notes
    -----
    Keras expects embeddings of length 1, for which the loss is the same. ``detach=True`` makes constants for
    PyTensor's gradient, not for that which JAX or PyTorch make of a compiled function.

    References
    ----------
    .. [1] Sun, Y. et al. (2020), "Circle loss: a unified perspective of pair similarity optimization",
       arXiv:2002.10857

    Examples
    --------
    >>> from objectives import circle_loss
    >>> embeddings = [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]
    >>> print(circle_loss(embeddings, [0, 0, 1], gamma=4.0).eval().round(4))
    [0.2824 0.8659 0.    ]
    """
    if (reference_embeddings is None) != (reference_labels is None):
        raise TypeError("reference_embeddings and reference_labels belong together: give both, or none of them")
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
    gamma, margin = _positive(gamma, "gamma", s), _number(margin, "margin", s)
    from_best, from_worst = relu(1 + margin - s), relu(s + margin)
    if detach:
        from_best, from_worst = disconnected_grad(from_best), disconnected_grad(from_worst)
    near = log_sum_exp(where(positives, gamma * (from_best * (1 - margin - s)), -np.inf))
    far = log_sum_exp(where(negatives, gamma * (from_worst * (s - margin)), -np.inf))
    return finished(softplus(near + far), counted)


@described(per="item", smooth=True, minimiser="near the positive", anchor=NOT_ZERO, positive=NOT_ZERO)
def info_nce_loss(anchor, positive, *, negatives=None, temperature=0.07, mask=None):
    r"""InfoNCE: which of all candidates belongs to the anchor, one number for each item.

    .. math:: L_i = -\log \frac{e^{s_{ii} / \tau}}{\sum_j e^{s_{ij} / \tau}}

    with the cosine similarities :math:`s_{ij}` of anchor i and candidate j, and the temperature :math:`\tau`. The
    candidates are the positives of all items, in the same order as the anchors, and further negatives.

    Parameters
    ----------
    anchor : tensor of float
        Embeddings (B, D), any real numbers.
    positive : tensor
        Embeddings (B, D), one that belongs to each anchor. It is a negative for all others.
    negatives : tensor, optional
        Further embeddings (N, D) that are negatives for all anchors, for example of a memory.
    temperature : float or tensor
        Temperature, positive; a scalar that is learnt too.
    mask : tensor of bool, optional
        Items that count (B,); the others are 0 in value and gradient, and leave the losses of all others too.

    Returns
    -------
    TensorVariable
        Losses (B,), of the dtype of the anchors: (...) without their feature axis.

    Raises
    ------
    TypeError
        If the embeddings are no matrices, their static shapes differ, or the anchors are integers.
    ValueError
        If `temperature` is a number that is not positive.

    Notes
    -----
    This is the `categorical_crossentropy_with_logits` of similarities. That of CLIP, which goes both ways, is
    ``(info_nce_loss(a, b) + info_nce_loss(b, a)) / 2``. Where several items belong together see `ntxent_loss`.

    References
    ----------
    .. [1] van den Oord, A., Li, Y. and Vinyals, O. (2018), "Representation learning with contrastive predictive
       coding", arXiv:1807.03748
    .. [2] Radford, A. et al. (2021), "Learning transferable visual models from natural language supervision",
       arXiv:2103.00020 (CLIP)

    Examples
    --------
    >>> from objectives import info_nce_loss
    >>> anchor, positive = [[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [1.0, 0.0]]
    >>> print(info_nce_loss(anchor, positive, temperature=1).eval().round(4))
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
    (negatives, _) = vectors(negatives=matching(negatives, anchor))
    further = pt.dot(x, direction(_matrix("negatives", negatives)).T) / temperature
    # The denominator within the batch is that of the loss. (JAX cannot take the gradient of candidates in one matrix:
    # it must know where to split it.)
    within = loss + (x * right).sum(axis=-1) / temperature
    return finished(loss + softplus(log_sum_exp(further) - within), counted)


@described(
    per="set",
    smooth=True,
    minimiser="same direction for one label, far from others",
    embeddings=NOT_ZERO,
    labels=INTEGERS,
)
def ntxent_loss(embeddings, labels, *, temperature=0.07, mask=None):
    r"""Normalised temperature-scaled crossentropy (NT-Xent) of a batch, one number for the whole set.

    .. math::
        L = \frac{1}{|P|} \sum_{(i, j) \in P} -\log \frac{e^{s_{ij} / \tau}}
            {e^{s_{ij} / \tau} + \sum_{k:\, y_k \ne y_i} e^{s_{ik} / \tau}}, \qquad
        P = \{(i, j): y_i = y_j, i \ne j\}

    with the cosine similarities :math:`s_{ij}` of embeddings i and j, their labels :math:`y` and the temperature
    :math:`\tau`.

    Parameters
    ----------
    embeddings : tensor of float
        Embeddings (B, D), any real numbers.
    labels : tensor
        Integers (B,), in any range; items with the same label belong together. The two views of SimCLR have labels
        such as ``[0, 1, 2, 0, 1, 2]``.
    temperature : float or tensor
        Temperature, positive; a scalar that is learnt too.
    mask : tensor of bool, optional
        Items (...), here (B,), that count; the others are in no pair and no sum, and have gradient 0.

    Returns
    -------
    TensorVariable
        The mean over all ordered pairs that belong together, of the dtype of the embeddings; 0 if there are none.

    Raises
    ------
    TypeError
        If the embeddings are no matrix or integers, or labels are not integers.
    ValueError
        If `temperature` is a number that is not positive.

    Notes
    -----
    Other positives of an item are not in the denominator, as in optax and unlike the supervised contrastive loss; for
    two items of each label both are the same. Without negatives the loss is 0.

    References
    ----------
    .. [1] Chen, T., Kornblith, S., Norouzi, M. and Hinton, G. (2020), "A simple framework for contrastive learning of
       visual representations", arXiv:2002.05709
    .. [2] ``optax.losses.ntxent``

    Examples
    --------
    >>> from objectives import ntxent_loss
    >>> embeddings = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]]
    >>> print(ntxent_loss(embeddings, [0, 0, 1, 1], temperature=1).eval().round(4))
    0.5514
    """
    x, y, counted = _batch(mask, labels=labels, embeddings=embeddings)
    positives, negatives = _pairs(y, y, counted, counted, without_diagonal=True)
    s = pt.dot(x, x.T)
    s = s / _positive(temperature, "temperature", s)
    far = log_sum_exp(where(negatives, s, -np.inf))
    losses = where(positives, softplus(far[:, None] - s), 0)
    return finished(ratio(losses.sum(), positives.sum(dtype="int64").astype(s.dtype)))


def _batch(mask=None, *, labels, **embeddings):
    """Directions of embeddings (B, D), their labels (B,), and which of them count (B,), or None."""
    (name,) = embeddings
    x, mask = vectors(mask, **embeddings)
    _matrix(name, x)
    labels = as_tensor(labels, f"labels of {name}")
    if labels.ndim != 1:
        raise TypeError(f"labels of {name} must be a vector with one integer for each, not {shown(labels.type.shape)}")
    labels = fitted(integer_labels(labels, "labels"), "labels", x.type.shape[:-1], name)
    return direction(x), labels, _of_batch(mask)


def _of_batch(mask):
    """A mask (B,) of items, or (1,) for all of them; None where there is none."""
    return mask if mask is None or mask.ndim else mask[None]


def _matrix(name, x):
    if x.ndim != 2:
        raise TypeError(f"{name} must be a matrix (B, D), not {shown(x.type.shape)}: all items of a batch meet")
    return x


def _pairs(labels, others, counted, others_counted, *, without_diagonal):
    """Which pairs (B, M) have the same label and which have not, of those that count."""
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
    """0, 1, 2, ... along the first axis. Not arange, whose length JAX must know unless it is that of an input."""
    first = x if x.ndim == 1 else x[:, 0]
    return pt.cumsum(ones_like(first, "int64")) - 1


def _positive(x, name, like):
    return _number(positive(x, name), name, like)


def _number(x, name, like):
    return fitted(matching(x, like), name, (), "number for the whole batch")
