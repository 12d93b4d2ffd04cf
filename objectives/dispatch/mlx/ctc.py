"""The recursions frame by frame in float32, the only precision of MLX on all devices; the graph grows with the frames.

Forward variables are shifted at each frame, since their logarithms grow with the frames and would lose digits.
"""

import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.ops.ctc import CTC, CTCGradient, check_shapes

NEVER = float("-inf")


def log_sum_exp(terms, axis):
    """``log(sum(exp(terms)))``, -inf where all terms are."""
    largest = mx.max(terms, axis=axis, keepdims=True)
    shift = mx.where(largest == NEVER, mx.zeros_like(largest), largest)
    return mx.squeeze(mx.log(mx.sum(mx.exp(terms - shift), axis=axis, keepdims=True)) + shift, axis)


class Lattice:
    """The states of a batch (B, S) and what is emitted in them (B, T, S)."""

    def __init__(self, z, y, input_lengths, target_lengths, *, blank):
        check_shapes(z, y, input_lengths, target_lengths, blank=blank)
        (batch, self.num_frames, num_classes), num_labels = z.shape, y.shape[1]
        self.shape = batch, 2 * num_labels + 1
        states, ends = mx.arange(self.shape[1]), mx.expand_dims(2 * target_lengths, 1)
        self.frames = mx.arange(self.num_frames) < mx.expand_dims(input_lengths, 1)
        inside = mx.arange(num_labels) < mx.expand_dims(target_lengths, 1)
        bad = inside & ((y < 0) | (y >= num_classes) | (y == blank))
        self.valid = mx.logical_not(mx.any(bad, axis=1)) & (input_lengths >= 0) & (input_lengths <= self.num_frames)
        self.valid = self.valid & (target_lengths >= 0) & (target_lengths <= num_labels)
        blanks = mx.full((batch, num_labels), blank, y.dtype)
        y = mx.where(inside & mx.logical_not(bad), y, blanks)
        pairs = mx.stack([blanks, y], axis=-1).reshape(batch, 2 * num_labels)
        self.labels = mx.concatenate([pairs, mx.full((batch, 1), blank, y.dtype)], axis=1)
        last_but_one = mx.concatenate([self.labels[:, :1]] * 2 + [self.labels], axis=1)[:, : self.shape[1]]
        self.skips = (self.labels != last_but_one) & (self.labels != blank) & (states > 1)
        z = mx.where(mx.expand_dims(self.frames, -1), z, mx.zeros_like(z))
        self.log_p = z - mx.expand_dims(log_sum_exp(z, -1), -1)
        index = mx.broadcast_to(mx.expand_dims(self.labels, 1), (batch, self.num_frames, self.shape[1]))
        emitted = mx.take_along_axis(self.log_p, index, axis=-1)
        self.emitted = mx.where(mx.expand_dims(states <= ends, 1), emitted, NEVER)
        self.start = mx.where(states == 0, mx.zeros(self.shape), NEVER)
        self.end = mx.where((states == ends) | (states == ends - 1), mx.zeros(self.shape), NEVER)

    def frame(self, t):
        return self.emitted[:, t], mx.expand_dims(self.frames[:, t], -1)

    def forward(self):
        """The logarithms of alpha, less the greatest at each frame (B, T, S), and the sum of those so far (B, T, 1)."""
        alpha, shift = self.start, mx.zeros((self.shape[0], 1))
        alphas, shifts = [alpha], [shift]
        never = mx.full((self.shape[0], 2), NEVER)
        for t in range(self.num_frames):
            emitted, counts = self.frame(t)
            padded = mx.concatenate([never, alpha], axis=1)
            skipped = mx.where(self.skips, padded[:, :-2], NEVER)
            after = emitted + log_sum_exp(mx.stack([alpha, padded[:, 1:-1], skipped]), 0)
            largest = mx.max(after, axis=1, keepdims=True)
            change = mx.where(counts & (largest != NEVER), largest, mx.zeros_like(largest))
            alpha, shift = mx.where(counts, after - change, alpha), shift + change
            alphas.append(alpha)
            shifts.append(shift)
        return mx.stack(alphas, axis=1), mx.stack(shifts, axis=1)

    def backward(self):
        """The logarithms of beta, less the greatest at each frame (B, T, S)."""
        beta, betas = self.end, []
        never = mx.full((self.shape[0], 2), NEVER)
        for t in reversed(range(self.num_frames)):
            betas.append(beta)
            emitted, counts = self.frame(t)
            after = emitted + beta
            skipped = mx.concatenate([mx.where(self.skips, after, NEVER), never], axis=1)[:, 2:]
            following = mx.concatenate([after, never], axis=1)[:, 1:-1]
            earlier = log_sum_exp(mx.stack([after, following, skipped]), 0)
            largest = mx.max(earlier, axis=1, keepdims=True)
            change = mx.where(largest != NEVER, largest, mx.zeros_like(largest))
            beta = mx.where(counts, earlier - change, beta)
        return mx.stack(betas[::-1], axis=1)


@mlx_funcify.register(CTC)
def mlx_funcify_ctc(op, **kwargs):
    def ctc(*inputs):
        lattice = Lattice(*inputs, blank=op.blank)
        alpha, shift = lattice.forward()
        loss = -(log_sum_exp(alpha[:, -1] + lattice.end, 1) + shift[:, -1, 0])
        valid = lattice.valid
        loss = mx.where(valid, loss, float("nan")).astype(inputs[0].dtype)
        log_alpha = (alpha + shift)[:, 1:]
        return loss, mx.where(mx.expand_dims(valid, (1, 2)), log_alpha, float("nan"))

    return ctc


@mlx_funcify.register(CTCGradient)
def mlx_funcify_ctc_gradient(op, **kwargs):
    def ctc_gradient(z, y, input_lengths, target_lengths, log_alpha, g):
        if z.size == 0:
            return mx.zeros_like(z)
        lattice = Lattice(z, y, input_lengths, target_lengths, blank=op.blank)
        # Not log_alpha, which has lost digits to the shifts.
        alpha, _ = lattice.forward()
        both = alpha[:, 1:] + lattice.backward()
        possible = mx.max(both, axis=-1, keepdims=True) != NEVER
        share = mx.softmax(mx.where(possible, both, mx.zeros_like(both)), axis=-1)
        classes = (mx.expand_dims(lattice.labels, -1) == mx.arange(z.shape[-1])).astype(share.dtype)
        gradient = mx.expand_dims(g, (1, 2)) * (mx.exp(lattice.log_p) - share @ classes)
        gradient = mx.where(mx.expand_dims(lattice.frames, -1) & possible, gradient, mx.zeros_like(gradient))
        return mx.where(mx.expand_dims(lattice.valid, (1, 2)), gradient, float("nan")).astype(z.dtype)

    return ctc_gradient
