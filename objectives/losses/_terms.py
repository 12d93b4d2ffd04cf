"""Terms that several losses share."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor.special import log_softmax

from objectives._inputs import UNDER_PREDICTIONS, are_labels, check_same_shape, classwise, elementwise, fitted, matching
from objectives._logits import log_softmax_of, logits_of, softmax_logits
from objectives._options import at_least, known_number, positive, share
from objectives.ops.labels import is_class
from objectives.ops.marking import loss, selected
from objectives.ops.selection import nan_where, neither, outside, relu, where


def finished(result, mask=None):
    """The losses, exactly 0 where they are masked, marked as such for the rewrites, and with the mask."""
    return loss(selected(mask, result))


def with_parameters(predictions, targets, mask, **named):
    """What `elementwise` prepares, and other data of elements by name, 1 where it is masked; the mask comes last."""
    predictions, targets, mask = elementwise(predictions, targets, mask)
    larger = predictions if predictions.ndim else targets
    shape = larger.type.shape
    found = [fitted(matching(x, predictions, name), name, shape, "predictions") for name, x in named.items()]
    return predictions, targets, *(found if mask is None else (where(mask, x, 1) for x in found)), mask


def of_pairs(x, targets):
    """The terms of a loss of pairs, NaN where the target is not 1, 0 or -1."""
    return nan_where(neither(pt.abs(targets), 0, 1) | pt.isnan(targets), x)


def probability(p):
    """``p``, clipped to [0, 1] if it is outside by rounding, and NaN if by more, so that no such p has a small loss.

    Rounding is a constant for the gradient, which is that at 0 or 1.
    """
    return within(p, 0, 1)


def within(x, low, high):
    """``x``, clipped to its bounds if it is outside by rounding, a constant for the gradient, and NaN if by more.

    A zero loses its sign, see `not_negative`.
    """
    correction = where(x > high, high - x, where(x < low, low - x, 0))
    return nan_where(outside(x, low, high), x + disconnected_grad(correction))


def soft(targets):
    """Soft targets, NaN where they are outside [0, 1] by more than rounding.

    NaN in them is in the gradient by what they are multiplied with, at half the cost of `nan_where`.
    """
    return where(outside(targets, 0, 1), np.nan, targets)


def smoothing(label_smoothing, like):
    """Label smoothing as a scalar of the dtype of ``like``; None for the number 0."""
    share(label_smoothing, "label_smoothing")
    if np.ndim(label_smoothing) != 0:
        raise TypeError(f"label_smoothing must be one number for all items, not {np.ndim(label_smoothing)}-d")
    return None if known_number(label_smoothing) == 0 else matching(label_smoothing, like, "label_smoothing")


def scalar_weight(x, name, like):
    """A weight of at least 0 as a scalar of the dtype of ``like``; None for the number 0."""
    return None if known_number(at_least(x, name, 0)) == 0 else one_number(x, name, like)


def softcap(x, like):
    """The option `logit_softcap` as a scalar of the dtype of ``like``; None if it is not given, or infinite."""
    if x is None or known_number(x) == np.inf:
        return None
    return one_number(positive(x, "logit_softcap"), "logit_softcap", like)


def one_number(x, name, like):
    x = matching(x, like, name)
    if x.ndim:
        raise TypeError(f"{name} must be one number for all items, not {x.ndim}-d")
    return x


def per_class(x, name, scores):
    """One number for each class (C,), of the dtype of the scores (..., C)."""
    x = matching(x, scores, name)
    if x.ndim != 1:
        raise TypeError(f"{name} must be a vector with one number for each class, not {x.ndim}-d")
    check_same_shape(name, x.type.shape, "classes", scores.type.shape[-1:])
    return x


def checked(targets, scores):
    """Targets that `classwise` prepared: dense ones are NaN outside [0, 1]; class indices are checked by their Ops."""
    return targets if are_labels(targets, scores) else soft(targets)


def signs(targets, binary, mask):
    """Targets in {0, 1}, or those in {-1, 1}, as signs; NaN for others."""
    if binary:
        y = 2 * targets - 1
    else:  # 0 is no sign, though `elementwise` puts it where targets are masked
        y = targets if mask is None else where(mask, targets, 1)
    return where(neither(y, -1, 1), np.nan, y)


def dense(targets, scores):
    """Targets (..., C), also of class indices."""
    return is_class(targets, scores).astype(scores.dtype) if are_labels(targets, scores) else targets


def pair_shortfalls(scores, relevant, irrelevant, margin):
    """What each entry (..., n, 1) lacks to lead each other (..., 1, n) by a margin, and how relevant the pairs are."""
    weight = relevant[..., :, None] * irrelevant[..., None, :]
    # pairs that do not count might have no difference: infinity minus itself
    lead = where(pt.neq(weight, 0), scores[..., :, None] - scores[..., None, :], 0)
    return weight, relu(margin - lead)


def smoothed(targets, label_smoothing):
    """Targets of two classes in [0, 1], NaN elsewhere, moved toward 1/2."""
    targets = soft(targets)
    amount = smoothing(label_smoothing, targets)
    # not amount / 2: to remove the division, PyTensor would multiply out this sum, and 0 times infinity is NaN
    return targets if amount is None else targets * (1 - amount) + amount * np.asarray(0.5, targets.dtype)


def possible(p, weight):
    """Probabilities (see `probability`), 1 where 0 log 0 should be 0."""
    p = probability(p)
    return where(pt.neq(weight, 0) | pt.neq(p, 0), p, 1)


def class_scores(predictions, targets, mask, axis, prepare=classwise):
    """What `classwise` prepares of class probabilities, and whether they have become log-probabilities.

    They do if they are the output of a softmax.
    """
    if predictions.ndim and (logits := softmax_logits(predictions, axis)) is not None:
        logits = logits_of(logits, names=UNDER_PREDICTIONS)
        z, targets, mask = prepare(logits, targets, mask, axis=axis)
        return log_softmax(z, axis=-1), targets, mask, True
    log_p = log_softmax_of(predictions)
    if log_p is not None:
        return *prepare(log_p, targets, mask, axis=axis), True
    return *prepare(predictions, targets, mask, axis=axis, fill=1), False


def discount(rank, top_k):
    """What a gain at each rank from 0 is multiplied by in a DCG: 0 beyond the first k."""
    factor = np.log(2).astype(rank.dtype) / pt.log(rank + 2)
    return factor if top_k is None else where(rank < top_k, factor, 0)
