"""PyTorch's own kernels between our rules for lengths, labels and what cannot be.

They are called as they are, rather than traced: the number of frames is known at run time only.
"""

import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.ops.ctc import CTC, CTCGradient, check_shapes


def prepared(z, y, input_lengths, target_lengths, blank):
    """(valid items, frames that count, log p in float64, cleaned labels and lengths): kernels must see valid ones."""
    check_shapes(z, y, input_lengths, target_lengths, blank=blank)
    (_, num_frames, num_classes), num_labels = z.shape, y.shape[1]
    inside = torch.arange(num_labels, device=z.device) < target_lengths.unsqueeze(-1)
    bad = inside & ((y < 0) | (y >= num_classes) | (y == blank))
    valid = ~bad.any(dim=-1) & (input_lengths >= 0) & (input_lengths <= num_frames)
    valid &= (target_lengths >= 0) & (target_lengths <= num_labels)
    input_lengths, target_lengths = (torch.where(valid, n, 0) for n in (input_lengths, target_lengths))
    frames = torch.arange(num_frames, device=z.device) < input_lengths.unsqueeze(-1)
    log_p = torch.log_softmax(torch.where(frames.unsqueeze(-1), z, 0).to(torch.float64), dim=-1)
    return valid, frames, log_p, torch.where(inside & ~bad, y, 0), input_lengths, target_lengths


@torch.compiler.disable(recursive=True)
def losses(z, y, input_lengths, target_lengths, blank):
    valid, _, log_p, y, input_lengths, target_lengths = prepared(z, y, input_lengths, target_lengths, blank)
    (batch, num_frames, _), num_states = z.shape, 2 * y.shape[1] + 1
    states, ends = torch.arange(num_states, device=z.device), 2 * target_lengths.unsqueeze(-1)
    start = torch.full((batch, 1, num_states), -torch.inf, dtype=torch.float64, device=z.device)
    start[:, :, 0] = 0
    if batch * num_frames == 0:
        log_alpha = start.expand(batch, num_frames, num_states)
        loss = torch.where(target_lengths == 0, 0.0, torch.inf)
    else:
        loss, log_alpha = torch.ops.aten._ctc_loss(
            log_p.transpose(0, 1), y, input_lengths, target_lengths, blank, False
        )
        # PyTorch omits states that no item has,
        log_alpha = torch.nn.functional.pad(log_alpha, (0, num_states - log_alpha.shape[-1]), value=-torch.inf)
        # and leaves garbage in frames and states that an item lacks: repeat its last frame there.
        last = torch.arange(num_frames, device=z.device).minimum(input_lengths.unsqueeze(-1) - 1)
        log_alpha = torch.cat([start, log_alpha], dim=1)
        log_alpha = torch.gather(log_alpha, 1, (last + 1).unsqueeze(-1).expand(batch, num_frames, num_states))
        log_alpha = torch.where((states <= ends).unsqueeze(1), log_alpha, -torch.inf)
    loss = torch.where(valid, loss, torch.nan).to(z.dtype)
    return loss, torch.where(valid[:, None, None], log_alpha, torch.nan)


@torch.compiler.disable(recursive=True)
def gradient(z, y, input_lengths, target_lengths, log_alpha, g, blank):
    valid, frames, log_p, y, input_lengths, target_lengths = prepared(z, y, input_lengths, target_lengths, blank)
    if z.numel() == 0:
        return torch.zeros_like(z)
    # the total of the last forward variables, NaN included
    states, ends = torch.arange(log_alpha.shape[-1], device=z.device), 2 * target_lengths.unsqueeze(-1)
    is_end = (states == ends) | (states == ends - 1)
    loss = -torch.logsumexp(torch.where(is_end, log_alpha[:, -1], -torch.inf), dim=-1)
    log_alpha = log_alpha[..., : 2 * int(target_lengths.max()) + 1].contiguous()
    result = torch.ops.aten._ctc_loss_backward(
        g.to(torch.float64), log_p.transpose(0, 1), y, input_lengths, target_lengths, loss, log_alpha, blank, True
    ).transpose(0, 1)
    possible = (loss != torch.inf).unsqueeze(-1) & frames
    result = torch.where(possible.unsqueeze(-1), result, 0)
    return torch.where(valid[:, None, None], result, torch.nan).to(z.dtype)


@register_kernel(CTC)
def ctc(op, *inputs):
    return losses(*inputs, blank=op.blank)


@register_kernel(CTCGradient)
def ctc_gradient(op, *inputs):
    return gradient(*inputs, blank=op.blank)
