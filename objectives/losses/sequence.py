"""Connectionist temporal classification (CTC): label sequences that are not aligned to their frames."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import aligned_mask, as_tensor, check_same_shape, integer_labels, shown
from objectives._logits import logits_of
from objectives._typing import TensorLike
from objectives.lookup import LABELS, REALS, described
from objectives.losses._terms import finished
from objectives.ops.ctc import CTC
from objectives.ops.selection import where
from objectives.ops.shapes import own_shape

__all__ = ["ctc_forward_variables", "ctc_loss"]


def ctc_forward_variables(
    logits: TensorLike,
    targets: TensorLike,
    *,
    input_lengths: TensorLike | None = None,
    target_lengths: TensorLike | None = None,
    blank: int = 0,
) -> tuple[TensorVariable, TensorVariable]:
    r"""CTC forward variables: log-probabilities of partial alignments, from which `ctc_loss` is computed.

    For decoding and inspection. To train, use `ctc_loss`, whose gradient needs no scan: PyTensor has none for PyTorch
    and MLX, where these variables have no gradient.

    .. math:: \alpha_t(s) = \sum_{\pi_1 \ldots \pi_t \to s} \prod_{u \le t} p_u(\pi_u), \qquad p = \mathrm{softmax}(z)

    over alignments :math:`\pi` that end in state s at frame t: in label n, or in the blank after the first n labels.

    Parameters
    ----------
    logits : tensor of float
        Logits z (B, T, C) of B items, T frames and C classes, one of them the blank.
    targets : tensor of int
        Labels (B, N), class indices other than the blank.
    input_lengths, target_lengths : tensor of int, optional
        Numbers of frames and of labels of each item (B,), by default T and N.
    blank : int
        Class of the blank, from 0 to C - 1.

    Returns
    -------
    blanks : TensorVariable
        Log-probabilities (B, T, N + 1) of the blank after the first n labels, at frame t; -inf if impossible.
    labels : TensorVariable
        Log-probabilities (B, T, N) of label n, at frame t. Those of the last frame of an item are repeated up to T, so
        ``-logaddexp(blanks[i, -1, n], labels[i, -1, n - 1])`` is the loss of an item of n labels.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or for lengths or labels out of range, as in `ctc_loss`.

    References
    ----------
    .. [1] Graves, A. et al. (2006), "Connectionist temporal classification", ICML, doi:10.1145/1143844.1143891

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import ctc_forward_variables
    >>> blanks, labels = ctc_forward_variables(np.zeros((1, 2, 4)), [[3]])
    >>> print(np.exp(blanks.eval()).round(4).tolist(), np.exp(labels.eval()).round(4).tolist())
    [[[0.25, 0.0], [0.0625, 0.0625]]] [[[0.25], [0.125]]]
    """
    op, alignment, _ = _alignment(logits, targets, input_lengths, target_lengths, blank)
    log_alpha = op(*alignment)[1].astype(alignment[0].dtype)
    return log_alpha[..., ::2], log_alpha[..., 1::2]


@described(
    per="item", smooth=True, minimizer="an alignment of the targets, certain", minimum=0, logits=REALS, targets=LABELS
)
def ctc_loss(
    logits: TensorLike,
    targets: TensorLike,
    *,
    input_lengths: TensorLike | None = None,
    target_lengths: TensorLike | None = None,
    blank: int = 0,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Connectionist temporal classification (CTC) loss of label sequences without known positions, item by item.

    Choose it where only the order of the labels is known; a blank class fills the frames between them. Alignments A(y)
    are the classes of the frames that become y once repeats are merged and then blanks are dropped.

    .. math:: L_i = -\log \sum_{\pi \in A(y_i)} \prod_t p_{it}(\pi_t), \qquad p_{it} = \mathrm{softmax}(z_{it})

    Parameters
    ----------
    logits : tensor of float
        Logits z (B, T, C) of B items, T frames and C classes, one of them the blank; -inf is fine.
    targets : tensor of int
        Labels y (B, N), class indices other than the blank.
    input_lengths, target_lengths : tensor of int, optional
        Numbers of frames and of labels of each item (B,), up to T and N, the defaults; what follows does not count.
    blank : int
        Class of the blank, from 0 to C - 1.
    mask : tensor of bool, optional
        Items (B,) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (B,); +inf with a gradient of 0 where labels do not fit into the frames: n labels, of which k repeat the
        one before, need n + k. PyTorch and MLX have no second derivatives, since PyTensor lacks a scan for them.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a length or label is out of range; NaN where a backend cannot raise.

    References
    ----------
    .. [1] Graves, A. et al. (2006), "Connectionist temporal classification", ICML, doi:10.1145/1143844.1143891

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import ctc_loss
    >>> print(ctc_loss(np.log([[[0.5, 0.5], [0.25, 0.75], [1.0, 1e-9]]]), [[1]]).eval().round(4))
    [0.1335]
    """
    op, alignment, mask = _alignment(logits, targets, input_lengths, target_lengths, blank, mask)
    return finished(op(*alignment)[0], mask)


def _alignment(logits, targets, input_lengths, target_lengths, blank, mask=None):
    """The Op for this blank, its inputs, and the mask; masked items get lengths of 0."""
    logits, targets = logits_of(logits), as_tensor(targets, "targets")
    if (logits.ndim, targets.ndim) != (3, 2):
        raise TypeError(
            f"logits must be (items, frames, classes) and targets (items, labels), not {shown(logits.type.shape)} and "
            f"{shown(targets.type.shape)}. Items come first and classes last: of logits (frames, items, classes) give "
            "logits.transpose(1, 0, 2)"
        )
    batch, _, num_classes = logits.type.shape
    if isinstance(blank, bool) or not isinstance(blank, int | np.integer):
        raise TypeError(f"blank must be an integer, the index of a class, not {blank!r}")
    if blank < 0 or (num_classes is not None and blank >= num_classes):
        last = "C - 1" if num_classes is None else num_classes - 1
        raise ValueError(f"blank must be a class, from 0 to {last}, not {blank}")
    targets = integer_labels(targets)
    check_same_shape("targets", targets.type.shape[:1], "logits", (batch,))
    mask = None if mask is None else aligned_mask(mask, "items of the logits", (batch,))
    lengths = [
        _length(input_lengths, "input_lengths", logits, mask),
        _length(target_lengths, "target_lengths", targets, mask),
    ]
    return CTC(blank=int(blank)), [logits, targets, *lengths], mask


def _length(length, name, sequences, mask):
    """The length of each sequence (B,): the full length for None, 0 where masked."""
    if length is None:
        shape = own_shape(sequences).shape
        length = pt.full(shape[:1], shape[1], dtype="int64")
    length = as_tensor(length, name)
    if length.ndim != 1 or "int" not in length.dtype:
        raise TypeError(f"{name} must be a vector of integers, one for each item, not {length.ndim}-d {length.dtype}")
    check_same_shape(name, length.type.shape, "items", sequences.type.shape[:1])
    length = length.astype("int64")
    return length if mask is None else where(mask, length, 0)
