r"""Connectionist temporal classification: the loss of a label sequence whose alignment to the frames is unknown.

The labels :math:`y_1 \ldots y_N` of an item become 2 N + 1 states, with a blank before, between and after them. An
alignment stays in a state or goes to the next one at each frame, or to the next label if that differs from the last.
The forward variable :math:`\alpha_t(s)` is the probability of being in state s after frame t, the backward variable
:math:`\beta_t(s)` that of reaching an end from there. Both are computed as logarithms: an unreachable state is -inf,
not a large finite cost.

Lengths out of range and bad labels raise where the backend can (Numba, C); the item is NaN where it cannot.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad, disconnected_type
from pytensor.tensor.special import log_softmax

from objectives.ops._symbolic import DifferentiableOp, is_disconnected
from objectives.ops.labels import LabelError
from objectives.ops.selection import where
from objectives.ops.shapes import own_shapes


class LengthError(ValueError):
    """An item's length is negative or too large.

    Takes the name of the argument, the item, its length and the largest possible one, so that compiled code need not
    format text; or the finished message, which PyTensor passes when it adds the failing node to an error.
    """

    def __init__(self, name, item=None, length=None, most=None):
        if item is None:
            super().__init__(name)
            return
        super().__init__(
            f"{name}[{item}] is {length}, which is outside [0, {most}]: lengths say how many frames or labels of an "
            "item count. Leave out whole items with mask=, whatever their lengths."
        )


class SequenceLabelError(LabelError):
    """A label within its item's length is not a class, or is the blank.

    Takes the label, item, position and number of classes; or, like `LengthError`, the finished message.
    """

    def __init__(self, label, item=None, position=None, num_classes=None):
        if item is None:
            super().__init__(label)
            return
        wrong = "the blank" if 0 <= label < num_classes else f"outside [0, {num_classes})"
        super().__init__(
            f"targets[{item}, {position}] is {label}, which is {wrong}: labels are class indices other than the blank. "
            "Say with target_lengths= where they end; what follows is not read."
        )


def check_shapes(logits, targets, input_lengths, target_lengths, *, blank):
    """Raise unless these arrays belong together."""
    batch, _, num_classes = logits.shape
    for name, n in {
        "targets": targets.shape[0],
        "input_lengths": input_lengths.shape[0],
        "target_lengths": target_lengths.shape[0],
    }.items():
        if n != batch:
            raise ValueError(f"shape mismatch: logits have {batch} items, but {name} {n}: items are their first axis")
    if blank >= num_classes:
        raise ValueError(f"blank must be a class, from 0 to {num_classes - 1}, not {blank}")


def check_alignment(logits, targets, input_lengths, target_lengths, *, blank):
    """Raise for the first length or label that is out of range."""
    _, num_frames, num_classes = logits.shape
    lengths = {
        "input_lengths": (input_lengths, num_frames),
        "target_lengths": (target_lengths, targets.shape[1]),
    }
    for name, (given, most) in lengths.items():
        for item in np.flatnonzero((given < 0) | (given > most)):
            raise LengthError(name, int(item), int(given[item]), most)
    inside = np.arange(targets.shape[1]) < target_lengths[:, None]
    bad = inside & ((targets < 0) | (targets >= num_classes) | (targets == blank))
    for item, position in np.argwhere(bad):
        raise SequenceLabelError(int(targets[item, position]), int(item), int(position), num_classes)


def check(blank, logits, targets, input_lengths, target_lengths):
    """Raise for what a kernel has found wrong."""
    check_shapes(logits, targets, input_lengths, target_lengths, blank=blank)
    check_alignment(logits, targets, input_lengths, target_lengths, blank=blank)


# The expression


def _log_sum_exp(terms, axis):
    """``log(sum(exp(terms)))``, -inf with a gradient of 0 where all terms are."""
    largest = pt.max(terms, axis=axis, keepdims=True)
    nothing = pt.isinf(largest)
    shift = disconnected_grad(pt.switch(nothing, 0, largest))
    total = pt.exp(terms - shift).sum(axis=axis)
    nothing, shift = nothing.squeeze(axis), shift.squeeze(axis)
    return where(nothing, -np.inf, pt.log(where(nothing, 1, total)) + shift)


def _range(length):
    # int64 constants: the int8 ones that arange takes by default overflow on JAX
    return pt.arange(np.int64(0), length, np.int64(1), dtype="int64")


class _Lattice:
    """The states of a batch (B, S) and the log-probabilities that they emit (B, T, S), in float64."""

    def __init__(self, logits, targets, input_lengths, target_lengths, blank):
        batch, num_frames, num_classes = (logits.shape[i] for i in range(3))
        num_labels = targets.shape[1]
        states = _range(2 * num_labels + 1)[None]
        self.frames = _range(num_frames) < input_lengths[:, None]
        inside = _range(num_labels) < target_lengths[:, None]
        bad = inside & ((targets < 0) | (targets >= num_classes) | pt.eq(targets, blank))
        self.valid = pt.invert(bad.any(axis=1)) & (input_lengths >= 0) & (input_lengths <= num_frames)
        self.valid &= (target_lengths >= 0) & (target_lengths <= num_labels)
        labels = pt.switch(inside & pt.invert(bad), targets, blank)
        nothing = pt.full((batch, 2 * num_labels + 1), np.int64(blank), dtype="int64")
        self.labels = nothing[:, 1::2].set(labels)
        last_but_one = pt.concatenate([nothing[:, :2], self.labels], axis=1)[:, : 2 * num_labels + 1]
        self.skips = pt.neq(self.labels, blank) & pt.neq(self.labels, last_but_one) & (states > 1)
        self.log_p = log_softmax(where(self.frames[..., None], logits, 0).astype("float64"), axis=-1)
        items, times = _range(batch)[:, None, None], _range(num_frames)[None, :, None]
        possible = states <= 2 * target_lengths[:, None]
        emitted = self.log_p[items, times, self.labels[:, None, :]]
        self.emitted = where(possible[:, None, :], emitted, -np.inf)
        end = pt.eq(states, 2 * target_lengths[:, None]) | pt.eq(states, 2 * target_lengths[:, None] - 1)
        self.start = pt.switch(pt.eq(states, 0), 0.0, pt.full(nothing.shape, -np.inf, dtype="float64"))
        self.end = pt.switch(end, 0.0, pt.full(nothing.shape, -np.inf, dtype="float64"))

    def over_time(self, step, first, *, backwards=False):
        """Log-probabilities (B, S) stepped through the frames (T, B, S), constant after the last frame of an item."""
        sequences = [self.emitted.transpose((1, 0, 2)), self.frames.T]

        def kept(emitted, frames, before, skips):
            # scan needs the static shape of the carry to stay the same
            return pt.specify_shape(where(frames[:, None], step(emitted, before, skips), before), before.type.shape)

        return pytensor.scan(
            kept,
            sequences=[sequence[::-1] for sequence in sequences] if backwards else sequences,
            outputs_info=[first],
            non_sequences=[self.skips],
            strict=True,
            return_updates=False,
        )

    def forward(self):
        """The logarithms of alpha (B, T, S)."""

        def step(emitted, before, skips):
            padded = pt.concatenate([pt.full((before.shape[0], 2), -np.inf, dtype="float64"), before], axis=1)
            skipped = where(skips, padded[:, :-2], -np.inf)
            return emitted + _log_sum_exp(pt.stack([before, padded[:, 1:-1], skipped]), 0)

        return self.over_time(step, self.start).transpose((1, 0, 2))

    def backward(self):
        """The logarithms of beta (B, T, S)."""

        def step(emitted, after, skips):
            after = emitted + after
            end = pt.full((after.shape[0], 2), -np.inf, dtype="float64")
            skipped = pt.concatenate([where(skips, after, -np.inf), end], axis=1)[:, 2:]
            return _log_sum_exp(pt.stack([after, pt.concatenate([after, end], axis=1)[:, 1:-1], skipped]), 0)

        earlier = self.over_time(step, self.end, backwards=True)
        following = pt.concatenate([self.end[None], earlier], axis=0)[: earlier.shape[0]]
        return following[::-1].transpose((1, 0, 2))


class CTC(DifferentiableOp):
    r"""(logits (B, T, C), targets (B, N), input lengths (B,), target lengths (B,)) to losses and forward variables.

    The losses (B,) are :math:`-\log(\alpha_T(2 N) + \alpha_T(2 N - 1))`, +inf where no alignment is possible, for
    which the gradient is 0. The logarithms of the forward variables (B, T, 2 N + 1) are float64 whatever the logits
    are, since they grow with T. After the last frame of an item they do not change, and states after its last label
    cannot be reached.
    """

    __props__: tuple[str, ...] = ("blank",)
    blank = 0

    def build_inner_graph(self, logits, targets, input_lengths, target_lengths):
        lattice = _Lattice(logits, targets, input_lengths, target_lengths, self.blank)
        log_alpha = lattice.forward()
        last = pt.concatenate([lattice.start[:, None], log_alpha], axis=1)[:, -1]
        log_p = _log_sum_exp(last + lattice.end, 1)
        loss = where(lattice.valid, 0 - log_p, np.nan).astype(logits.dtype)
        batch, num_frames, _ = logits.type.shape
        num_labels = targets.type.shape[1]
        states = None if num_labels is None else 2 * num_labels + 1
        log_alpha = where(lattice.valid[:, None, None], log_alpha, np.nan)
        return [pt.specify_shape(loss, (batch,)), pt.specify_shape(log_alpha, (batch, num_frames, states))]

    def infer_shape(self, *arguments):
        logits, targets, *_ = own_shapes(arguments)
        return [logits[:1], (logits[0], logits[1], 2 * targets[1] + 1)]

    def perform(self, node, inputs, outputs):
        check(self.blank, *inputs)
        loss, log_alpha = _losses(*inputs, blank=self.blank)
        outputs[0][0] = loss.astype(inputs[0].dtype)
        outputs[1][0] = log_alpha

    def pullback(self, inputs, outputs, output_grads):
        loss_gradient, alpha_gradient = output_grads
        gradients = [disconnected_type() for _ in inputs]
        if not is_disconnected(alpha_gradient):
            gradients = self.derivatives(inputs, [disconnected_type(), alpha_gradient])
        if not is_disconnected(loss_gradient):
            gradient = CTCGradient(blank=self.blank)(*inputs, outputs[1], loss_gradient)
            gradients[0] = gradient if is_disconnected(gradients[0]) else gradients[0] + gradient
        return gradients


class CTCGradient(DifferentiableOp):
    r"""(logits, targets, input lengths, target lengths, log alpha, weights (B,)) to the gradient by the logits.

    It is :math:`g (p_t(c) - \sum_{s \in c} \alpha_t(s) \beta_t(s) / \sum_s \alpha_t(s) \beta_t(s))` with the softmax p
    and the states s of class c. The denominator is the same for all frames up to rounding, so it cancels.
    """

    __props__: tuple[str, ...] = ("blank",)
    blank = 0

    def build_inner_graph(self, logits, targets, input_lengths, target_lengths, log_alpha, weights):
        lattice = _Lattice(logits, targets, input_lengths, target_lengths, self.blank)
        both = log_alpha + lattice.backward()
        possible = pt.invert(pt.isinf(both.max(axis=-1, keepdims=True)))
        share = pt.exp(where(possible, both - _log_sum_exp(both, -1)[..., None], 0))
        classes = pt.eq(lattice.labels[..., None], _range(logits.shape[2])).astype("float64")
        gradient = weights[:, None, None] * (pt.exp(lattice.log_p) - pt.matmul(share, classes))
        gradient = where(lattice.frames[..., None] & possible, gradient, 0)
        gradient = where(lattice.valid[:, None, None], gradient, np.nan).astype(logits.dtype)
        return [pt.specify_shape(gradient, logits.type.shape)]

    def output_shape(self, logits, *others):
        return logits

    def perform(self, node, inputs, outputs):
        check(self.blank, *inputs[:4])
        outputs[0][0] = _gradient(*inputs, blank=self.blank).astype(inputs[0].dtype)

    def pullback(self, inputs, outputs, output_grads):
        return self.derivatives(inputs, output_grads)


# The same in NumPy


def _lattice(logits, targets, input_lengths, target_lengths, blank):
    """(labels of the states, which may be skipped to, log p, what states emit, which frames count, end)."""
    (batch, num_frames, _), num_labels = logits.shape, targets.shape[1]
    states = np.arange(2 * num_labels + 1)
    frames = np.arange(num_frames) < input_lengths[:, None]
    z = np.where(frames[..., None], logits, 0).astype("float64")
    with np.errstate(invalid="ignore"):
        z -= z.max(axis=-1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    labels = np.full((batch, states.size), blank, "int64")
    labels[:, 1::2] = np.where(np.arange(num_labels) < target_lengths[:, None], targets, blank)
    skips = np.zeros(labels.shape, bool)
    skips[:, 3::2] = labels[:, 3::2] != labels[:, 1:-2:2]
    emitted = np.take_along_axis(log_p, labels[:, None, :], axis=-1)
    emitted = np.where((states <= 2 * target_lengths[:, None])[:, None], emitted, -np.inf)
    end = np.where((states + 1) // 2 == target_lengths[:, None], 0, -np.inf)
    end[states > 2 * target_lengths[:, None]] = -np.inf
    return labels, skips, log_p, emitted, frames, end


def _step(log_p, skips):
    """Log-probabilities of the states after a step: from themselves, one state below, or by a skip two below."""
    result = log_p.copy()
    result[:, 1:] = np.logaddexp(result[:, 1:], log_p[:, :-1])
    result[:, 2:] = np.where(skips[:, 2:], np.logaddexp(result[:, 2:], log_p[:, :-2]), result[:, 2:])
    return result


def _losses(logits, targets, input_lengths, target_lengths, *, blank):
    labels, skips, _, emitted, frames, end = _lattice(logits, targets, input_lengths, target_lengths, blank)
    log_alpha = np.empty(emitted.shape)
    last = np.where(np.arange(labels.shape[1]) == 0, 0, np.full(labels.shape, -np.inf))
    with np.errstate(invalid="ignore"):
        for t in range(logits.shape[1]):
            last = np.where(frames[:, t, None], emitted[:, t] + _step(last, skips), last)
            log_alpha[:, t] = last
        return 0 - np.logaddexp.reduce(last + end, axis=1), log_alpha


def _gradient(logits, targets, input_lengths, target_lengths, log_alpha, weights, *, blank):
    labels, skips, log_p, emitted, frames, beta = _lattice(logits, targets, input_lengths, target_lengths, blank)
    gradient = np.exp(log_p)
    items = np.arange(labels.shape[0])[:, None]
    # Back in time, steps go down the states; reversed, they go up again, and a skip to a state becomes one from it.
    skips = np.concatenate([skips, np.zeros((len(skips), 2), bool)], axis=1)[:, 2:][:, ::-1]
    with np.errstate(invalid="ignore"):
        for t in reversed(range(logits.shape[1])):
            both = log_alpha[:, t] + beta
            total = np.logaddexp.reduce(both, axis=1)[:, None]
            possible = total != -np.inf
            np.add.at(gradient[:, t], (items, labels), -np.exp(np.where(possible, both - total, -np.inf)))
            gradient[:, t] = np.where(frames[:, t, None] & possible, weights[:, None] * gradient[:, t], 0)
            after = (emitted[:, t] + beta)[:, ::-1]
            beta = np.where(frames[:, t, None], _step(after, skips)[:, ::-1], beta)
    return gradient
