"""Losses of sequences whose labels are not aligned to their frames."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import aligned_mask, as_tensor, check_same_shape, integer_labels, shown
from objectives._logits import logits_of
from objectives.lookup import LABELS, REALS, described
from objectives.losses._terms import finished
from objectives.ops.ctc import CTC
from objectives.ops.selection import where
from objectives.ops.shapes import own_shape

__all__ = ["ctc_forward_variables", "ctc_loss"]


def ctc_forward_variables(logits, targets, *, input_lengths=None, target_lengths=None, blank=0):
    r"""Log-probabilities of the beginnings of alignments, of which the `ctc_loss` is made.

    .. math::
        \alpha_t(s) = \sum_{\pi_1 \ldots \pi_t \to s} \prod_{u \le t} p_u(\pi_u), \qquad
        p_t = \mathrm{softmax}(z_t)

    with the logits :math:`z` and the alignments :math:`\pi` of the frames up to t that end in state s: in the blank
    after the first n labels, or in label n.

    Parameters
    ----------
    logits : tensor of float
        Logits (B, T, C) of B items, T frames and C classes, one of which is the blank.
    targets : tensor of int
        Labels (B, N).
    input_lengths : tensor of int, optional
        How many frames each item has (B,), T if not given.
    target_lengths : tensor of int, optional
        How many labels each item has (B,), N if not given.
    blank : int
        Class of the blank.

    Returns
    -------
    blanks : TensorVariable
        Log-probabilities (B, T, N + 1): after frame t in the blank that follows the first n labels.
    labels : TensorVariable
        Log-probabilities (B, T, N): after frame t in label n. Both are of the dtype of the logits.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.
    ValueError
        If the blank is no class, at run time also for lengths out of range, as for the `ctc_loss`.

    Notes
    -----
    What cannot be is -inf: states of labels after the length of an item, and those not reached yet. After the
    last frame of an item its last values are repeated, so that those at ``[:, -1]`` are the last of every item, and
    ``-logaddexp(blanks[i, -1, n], labels[i, -1, n - 1])`` is the loss of an item with n labels. In
    ``optax.losses.ctc_loss_with_forward_probs`` time comes first, impossible is about -1e5, and to the blanks after
    the last frame the labels before them have been added. A gradient goes through a scan, which PyTensor has not for
    PyTorch and MLX; that of the `ctc_loss` does not.

    References
    ----------
    .. [1] Graves, A., Fernández, S., Gomez, F. and Schmidhuber, J. (2006), "Connectionist temporal classification",
       ICML, doi:10.1145/1143844.1143891

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import ctc_forward_variables
    >>> blanks, labels = ctc_forward_variables(np.zeros((1, 2, 4)), [[3]])
    >>> print(np.exp(blanks.eval()))
    [[[0.25   0.    ]
      [0.0625 0.0625]]]
    >>> print(np.exp(labels.eval()))
    [[[0.25 ]
      [0.125]]]
    """
    op, alignment, _ = _alignment(logits, targets, input_lengths, target_lengths, blank)
    log_alpha = op(*alignment)[1].astype(alignment[0].dtype)
    return log_alpha[..., ::2], log_alpha[..., 1::2]


@described(
    per="item", smooth=True, minimiser="an alignment of the targets, certain", minimum=0, logits=REALS, targets=LABELS
)
def ctc_loss(logits, targets, *, input_lengths=None, target_lengths=None, blank=0, mask=None):
    r"""Loss of labels whose places in a sequence are not known: connectionist temporal classification.

    .. math:: L_i = -\log \sum_{\pi \in A(y_i)} \prod_t p_{it}(\pi_t), \qquad p_{it} = \mathrm{softmax}(z_{it})

    with the logits :math:`z` and the alignments :math:`A(y)`: all assignments of one class to each frame that become
    the labels :math:`y` when equal neighbours are merged and blanks are dropped after that.

    Parameters
    ----------
    logits : tensor of float
        Logits (B, T, C) of B items, T frames and C classes, one of which is the blank. Any real numbers; -inf is fine
        for what cannot be.
    targets : tensor of int
        Labels (B, N), class indices other than the blank.
    input_lengths : tensor of int, optional
        How many frames each item has (B,), from 0 to T, which it is if not given. The others have no influence and no
        gradient, whatever stands there.
    target_lengths : tensor of int, optional
        How many labels each item has (B,), from 0 to N, which it is if not given. The others are not read.
    blank : int
        Class of the blank, from 0 to C - 1.
    mask : tensor of bool, optional
        Items that count (B,); the others are 0 in value and gradient, whatever their logits, labels and lengths are.

    Returns
    -------
    TensorVariable
        Losses (B,), of the dtype of the logits; +inf where the labels do not fit into the frames.

    Raises
    ------
    TypeError
        If ranks, static shapes or dtypes do not fit.
    ValueError
        If `blank` is no class. At run time, for lengths out of range, on Numba and C.
    IndexError
        At run time, for labels that are no class or the blank, on Numba and C. On JAX, PyTorch and MLX, which cannot
        raise, the loss and gradient of an item with such a label or length are NaN.

    Notes
    -----
    The gradient is the softmax less the probability to be in a class at a frame, given the labels. It is exactly 0
    where the loss is +inf, rather than NaN: there is no direction in which the loss becomes finite. n labels of
    which k are equal to their predecessor need at least n + k frames; to leave out items that have fewer, give a mask
    such as ``mask=input_lengths >= needed``, or replace infinite losses: ``pt.switch(pt.isinf(loss), 0, loss)``.
    Items of no labels are fine: all their frames are blank. Loss and gradient have a recursion of their own on each
    backend; second derivatives go through a scan, which PyTensor has not for PyTorch and MLX.

    References
    ----------
    .. [1] Graves, A., Fernández, S., Gomez, F. and Schmidhuber, J. (2006), "Connectionist temporal classification",
       ICML, doi:10.1145/1143844.1143891
    .. [2] ``torch.nn.CTCLoss``, ``optax.losses.ctc_loss``

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import ctc_loss
    >>> logits = np.log([[[0.5, 0.5], [0.25, 0.75], [1.0, 1e-9]]])
    >>> print(ctc_loss(logits, [[1]]).eval().round(4))
    [0.1335]
    """
    op, alignment, mask = _alignment(logits, targets, input_lengths, target_lengths, blank, mask)
    return finished(op(*alignment)[0], mask)


def _alignment(logits, targets, input_lengths, target_lengths, blank, mask=None):
    """The Op for this blank, its inputs, and the mask; items outside the mask have no frames and no labels."""
    logits, targets = logits_of(logits), as_tensor(targets, "targets")
    if (logits.ndim, targets.ndim) != (3, 2):
        raise TypeError(
            f"logits must be (items, frames, classes) and targets (items, labels), not {shown(logits.type.shape)} and "
            f"{shown(targets.type.shape)}. Classes come last and items first: logits of (frames, items, classes) need "
            "logits.transpose(1, 0, 2)."
        )
    batch, _, num_classes = logits.type.shape
    if isinstance(blank, bool) or not isinstance(blank, int | np.integer):
        raise TypeError(f"blank must be the index of a class, an integer, not {blank!r}")
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
    """The length of each sequence (B,), all that there is if None, 0 where it is masked."""
    if length is None:
        shape = own_shape(sequences).shape
        length = pt.full(shape[:1], shape[1], dtype="int64")
    length = as_tensor(length, name)
    if length.ndim != 1 or "int" not in length.dtype:
        raise TypeError(f"{name} must be a vector of integers, one for each item, not {length.ndim}-d {length.dtype}")
    check_same_shape(name, length.type.shape, "items", sequences.type.shape[:1])
    length = length.astype("int64")
    return length if mask is None else where(mask, length, 0)
