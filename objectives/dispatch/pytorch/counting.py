import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.ops.counting import EntryCount


@pytorch_funcify.register(EntryCount)
def pytorch_funcify_entry_count(op, **kwargs):
    axis = op.axis

    def entry_count(x):
        count = 1
        for a in axis:
            count = count * x.shape[a]
        return torch.full((), count, dtype=x.dtype, device=x.device)

    return entry_count
