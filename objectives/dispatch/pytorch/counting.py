import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.ops.counting import EntryCount


@register_kernel(EntryCount)
def entry_count(op, x):
    count = 1
    for a in op.axis:
        count = count * x.shape[a]
    return torch.full((), count, dtype=x.dtype, device=x.device)
