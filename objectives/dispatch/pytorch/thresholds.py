import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.dispatch.pytorch.labels import in_range
from objectives.ops.thresholds import CountsAbove


@pytorch_funcify.register(CountsAbove)
def pytorch_funcify_counts_above(op, **kwargs):
    num_classes = op.num_classes

    def counts_above(scores, labels, weights):
        scores = scores.to(weights.dtype)
        infinite = torch.full((1,), torch.inf, dtype=weights.dtype, device=weights.device)
        counted = weights != 0
        lowest = torch.cat([torch.where(counted, scores, torch.inf), infinite]).amin()
        falling, order = torch.sort(-torch.where(counted, scores, lowest))
        last = torch.searchsorted(falling, falling, right=True) - 1
        last = last.clamp(0, max(scores.shape[0] - 1, 0))  # NaN has no place in the order
        classes = torch.arange(num_classes, device=labels.device)
        own = torch.where(labels[order] == classes[:, None], weights[order], 0)
        counts = torch.cumsum(own, dim=1)[:, last]
        valid = ~torch.isnan(scores).any() & in_range(labels, num_classes).all()
        return torch.where(valid, torch.cat([-falling[None], counts]), torch.nan)

    return counts_above
