r"""CTC, item by item: its forward variables in one pass over the frames, and the gradient in one pass back.

Forward, for each frame: 1. the log-sum-exp of the logits; 2. what the states emit; 3. for each state, the log-sum-exp
of the up to three states before it, in a vectorized loop. Backward: 1. the exponentials of the logits, stored where the
gradient will be, and their sum; 2. the shares of the states in :math:`\alpha \beta`; 3. the gradient; 4. step 3 of
the forward pass, reversed. Sums over states are log-sum-exps in float64, sums over classes in the dtype of the logits.
"""

import numpy as np
from pytensor.link.numba.dispatch.basic import numba_njit

from objectives.dispatch.numba._memory import empty
from objectives.dispatch.numba._registration import register_kernel_maker
from objectives.dispatch.numba._rows import flat, kernel, row_functions, uint64
from objectives.dispatch.numba._simd import FUNCTIONS, maximum, scalar
from objectives.dispatch.numba._threads import in_threads
from objectives.ops.ctc import CTC, CTCGradient, LengthError, SequenceLabelError

exp, log, log1p = (FUNCTIONS["float64"][name] for name in ("exp", "log", "log1p"))
STATE_COST = 10  # work of a state, relative to a class


@scalar
def _log_sum_exp(a, b, c):
    """``log(e^a + e^b + e^c)``, -inf if all are."""
    greater, least = maximum(a, b), (a if a < b else b)
    largest, other = maximum(greater, c), (greater if greater < c else c)
    shift = 0.0 if largest == -np.inf else largest
    return largest + log1p(exp(least - shift) + exp(other - shift))


@numba_njit
def _check(z, y, input_lengths, target_lengths, blank):
    batch, num_frames, num_classes = z.shape
    if y.shape[0] != batch or input_lengths.shape[0] != batch or target_lengths.shape[0] != batch:
        raise ValueError("shape mismatch: logits, targets and lengths must have the same number of items, axis 0")
    if blank >= num_classes:
        raise ValueError("blank must be a class, from 0 to the number of classes - 1")
    for i in range(batch):
        if input_lengths[i] < 0 or input_lengths[i] > num_frames:
            raise LengthError("input_lengths", i, input_lengths[i], num_frames)
        if target_lengths[i] < 0 or target_lengths[i] > y.shape[1]:
            raise LengthError("target_lengths", i, target_lengths[i], y.shape[1])
        for n in range(target_lengths[i]):
            if y[i, n] < 0 or y[i, n] >= num_classes or y[i, n] == blank:
                raise SequenceLabelError(y[i, n], i, n, num_classes)


@scalar
def _find_skips(y, labels, num_labels, skips):
    """0 for states that a skip can reach, -inf for others."""
    for s in range(2 * num_labels + 1):
        skips[s] = -np.inf
    for n in range(1, num_labels):
        if y[labels + n] != y[labels + n - 1]:
            skips[2 * n + 1] = 0.0


def _make_emit(blank):
    @scalar
    def emit(z, row, lse, y, labels, num_labels, emitted):
        """The log-probabilities of the states, each label after a blank."""
        of_blank = np.float64(z[row + uint64(blank)]) - lse
        for n in range(num_labels):
            emitted[2 * n] = of_blank
            emitted[2 * n + 1] = np.float64(z[row + uint64(y[labels + n])]) - lse
        emitted[2 * num_labels] = of_blank

    return emit


def _make_forward(dtype, blank):
    """The losses and forward variables of the items from ``start`` to ``stop``."""
    largest, sum_of_exp, _, _ = row_functions(dtype)
    emit = _make_emit(blank)

    @kernel
    def forward(start, stop, num_frames, num_classes, max_labels, z, y, input_lengths, target_lengths, loss, log_alpha):
        num_frames, num_classes, max_labels = uint64(num_frames), uint64(num_classes), uint64(max_labels)
        all_states = uint64(2 * max_labels + 1)
        emitted, skips = np.empty(all_states), np.empty(all_states)
        last = np.empty(all_states + 2)  # two impossible states come first
        for i in range(uint64(start), uint64(stop)):
            length, num_labels, labels = uint64(input_lengths[i]), uint64(target_lengths[i]), i * max_labels
            num_states = uint64(2 * num_labels + 1)
            _find_skips(y, labels, num_labels, skips)
            for s in range(all_states + 2):
                last[s] = -np.inf
            last[2] = 0.0
            for t in range(num_frames):
                out = (i * num_frames + t) * all_states
                if t < length:
                    row = (i * num_frames + t) * num_classes
                    # 1.
                    m = largest(z, row, num_classes)
                    lse = np.float64(m) + log(np.float64(sum_of_exp(z, row, num_classes, m)))
                    emit(z, row, lse, y, labels, num_labels, emitted)  # 2.
                    for s in range(num_states):  # 3.
                        come = _log_sum_exp(last[s + 2], last[s + 1], last[s] + skips[s])
                        log_alpha[out + s] = emitted[s] + come
                    for s in range(num_states):
                        last[s + 2] = log_alpha[out + s]
                    for s in range(num_states, all_states):
                        log_alpha[out + s] = -np.inf
                else:
                    for s in range(all_states):
                        log_alpha[out + s] = last[s + 2]
            # Without labels, the state before the last is one of the impossible ones.
            loss[i] = 0.0 - _log_sum_exp(last[num_states + 1], last[num_states], -np.inf)

    return forward


def _make_backward(dtype, blank):
    """The gradients of the items from ``start`` to ``stop``."""
    largest, _, store_exp, _ = row_functions(dtype)
    emit = _make_emit(blank)

    @kernel
    def backward(
        start, stop, num_frames, num_classes, max_labels, z, y, input_lengths, target_lengths, log_alpha, g, gradient
    ):
        num_frames, num_classes, max_labels = uint64(num_frames), uint64(num_classes), uint64(max_labels)
        all_states = uint64(2 * max_labels + 1)
        emitted, skips, share = np.empty(all_states), np.empty(all_states + 2), np.empty(all_states)
        beta, after = np.empty(all_states), np.empty(all_states + 2)
        for i in range(uint64(start), uint64(stop)):
            length, num_labels, labels = uint64(input_lengths[i]), uint64(target_lengths[i]), i * max_labels
            num_states = uint64(2 * num_labels + 1)
            _find_skips(y, labels, num_labels, skips)
            for s in range(num_states):
                beta[s] = -np.inf
            for s in range(num_states, uint64(num_states + 2)):
                skips[s] = -np.inf
                after[s] = -np.inf
            beta[num_states - 1] = 0.0
            if num_labels > 0:
                beta[num_states - 2] = 0.0
            for j in range((i * num_frames + length) * num_classes, (i + 1) * num_frames * num_classes):
                gradient[j] = 0
            for back in range(length):
                t = uint64(length - 1 - back)
                row, states = (i * num_frames + t) * num_classes, (i * num_frames + t) * all_states
                # 1.
                m = largest(z, row, num_classes)
                total = store_exp(z, row, num_classes, m, gradient, row)
                emit(z, row, np.float64(m) + log(np.float64(total)), y, labels, num_labels, emitted)
                top = -np.inf  # 2.
                for s in range(num_states):
                    share[s] = log_alpha[states + s] + beta[s]
                    top = maximum(top, share[s])
                scale = g[i] / total  # 3.
                if top == -np.inf:  # no alignment is possible
                    for j in range(num_classes):
                        gradient[row + j] = 0
                else:
                    for j in range(num_classes):
                        gradient[row + j] *= scale
                    norm = 0.0
                    for s in range(num_states):
                        share[s] = exp(share[s] - top)
                        norm += share[s]
                    scaled = np.float64(g[i]) / norm
                    of_blank = share[2 * num_labels]
                    for n in range(num_labels):
                        of_blank += share[2 * n]
                        gradient[row + uint64(y[labels + n])] -= z.dtype.type(share[2 * n + 1] * scaled)
                    gradient[row + uint64(blank)] -= z.dtype.type(of_blank * scaled)
                for s in range(num_states):  # 4.
                    after[s] = emitted[s] + beta[s]
                for s in range(num_states):
                    beta[s] = _log_sum_exp(after[s], after[s + 1], after[s + 2] + skips[s + 2])

    return backward


@register_kernel_maker(CTC)
def make_ctc(op, node):
    blank = op.blank
    over_items = in_threads(_make_forward(node.inputs[0].dtype, blank))

    def ctc(z, y, input_lengths, target_lengths):
        _check(z, y, input_lengths, target_lengths, blank)
        batch, num_frames, num_classes = z.shape
        max_labels = y.shape[1]
        num_states = 2 * max_labels + 1
        loss, log_alpha = np.empty(batch, z.dtype), empty(batch * num_frames * num_states, np.float64)
        work = z.size + STATE_COST * log_alpha.size
        arguments = (flat(z), flat(y), flat(input_lengths), flat(target_lengths), loss, log_alpha)
        over_items(batch, work, (num_frames, num_classes, max_labels, *arguments))
        return loss, log_alpha.reshape((batch, num_frames, num_states))

    return ctc


@register_kernel_maker(CTCGradient)
def make_ctc_gradient(op, node):
    blank = op.blank
    over_items = in_threads(_make_backward(node.inputs[0].dtype, blank))

    def ctc_gradient(z, y, input_lengths, target_lengths, log_alpha, g):
        _check(z, y, input_lengths, target_lengths, blank)
        batch, num_frames, num_classes = z.shape
        max_labels = y.shape[1]
        if log_alpha.shape != (batch, num_frames, 2 * max_labels + 1) or g.shape[0] != batch:
            raise ValueError("shape mismatch between logits, targets, forward variables and weights")
        gradient = empty(z.size, z.dtype)
        work = z.size + STATE_COST * log_alpha.size
        arguments = (flat(z), flat(y), flat(input_lengths), flat(target_lengths), flat(log_alpha), flat(g), gradient)
        over_items(batch, work, (num_frames, num_classes, max_labels, *arguments))
        return gradient.reshape(z.shape)

    return ctc_gradient
