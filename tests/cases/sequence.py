"""Rows of the CTC loss."""

import numpy as np
from lazy import jnp, optax

from cases.case import Case
from objectives.losses.sequence import ctc_loss

FRAMES, LABELS = 8, 3


def frames(rng, shape):
    return rng.normal(scale=2, size=(*shape[:-1], FRAMES, shape[-1]))


def label_sequences(rng, shape):
    """Any classes but the first, which is the blank."""
    return rng.integers(1, shape[-1], size=(*shape[:-1], LABELS))


def label_sequences_below_blank(rng, shape):
    return rng.integers(0, shape[-1] - 1, size=(*shape[:-1], LABELS))


def input_lengths(rng, shape):
    """Enough frames for any alignment."""
    return rng.integers(2 * LABELS - 1, FRAMES + 1, size=shape[:-1])


def target_lengths(rng, shape):
    return rng.integers(0, LABELS + 1, size=shape[:-1])


def paddings(lengths, size):
    return (jnp.arange(size) >= lengths[:, None]).astype("float64")


def reference(blank):
    def losses(z, y, *, input_lengths=None, target_lengths=None):
        lengths = [jnp.full(len(z), FRAMES), jnp.full(len(z), LABELS)]
        lengths = [
            default if n is None else n for n, default in zip((input_lengths, target_lengths), lengths, strict=True)
        ]
        return optax.ctc_loss(z, paddings(lengths[0], FRAMES), y, paddings(lengths[1], LABELS), blank_id=blank)

    return losses


def with_torch(blank):
    def losses(z, y, *lengths):
        import torch

        lengths = lengths or (torch.full(z.shape[:1], FRAMES), torch.full(z.shape[:1], LABELS))
        log_p = torch.log_softmax(z, dim=-1).transpose(0, 1)
        return torch.nn.functional.ctc_loss(log_p, y, *lengths, blank=blank, reduction="none")

    return losses


def aligned(blank, num_classes):
    """Logits that are certain of label, blank, label, blank and so on, then of blanks only."""

    def best(targets, input_lengths=None, target_lengths=None):
        path = np.full((len(targets), FRAMES), blank)
        path[:, : 2 * LABELS : 2] = targets
        if target_lengths is not None:
            path[np.arange(FRAMES) >= 2 * target_lengths[:, None]] = blank
        return 50.0 * np.eye(num_classes)[path]

    return best


LENGTHS = {"input_lengths": input_lengths, "target_lengths": target_lengths}

CASES = [
    Case(
        ctc_loss,
        frames,
        label_sequences,
        reference(0),
        torch=with_torch(0),
        leading_dimensions=False,
        best=aligned(0, 5),
    ),
    Case(
        ctc_loss,
        frames,
        label_sequences_below_blank,
        reference(4),
        {"blank": 4},
        extras=LENGTHS,
        torch=with_torch(4),
        leading_dimensions=False,
        best=aligned(4, 5),
    ),
]
