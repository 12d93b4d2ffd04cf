import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.dispatch.pytorch.labels import in_range
from objectives.ops.thresholds import CountsAbove, PairsInOrder


def count(scores, labels, weights, num_classes):
    scores = scores.to(weights.dtype)
    infinite = torch.full((1,), torch.inf, dtype=weights.dtype, device=weights.device)
    counted = weights != 0
    lowest = torch.cat([torch.where(counted, scores, torch.inf), infinite]).amin()
    falling, order = torch.sort(-torch.where(counted, scores, lowest))
    last = torch.searchsorted(falling, falling, right=True) - 1
    last = last.clamp(0, max(scores.shape[0] - 1, 0))  # searchsorted finds no place for NaN
    classes = torch.arange(num_classes, device=labels.device)
    own = torch.where(labels[order] == classes[:, None], weights[order], 0)
    counts = torch.cumsum(own, dim=1, dtype=torch.float64).to(weights.dtype)[:, last]
    valid = ~torch.isnan(scores).any() & in_range(labels, num_classes).all()
    return torch.where(valid, torch.cat([-falling[None], counts]), torch.nan)


@register_kernel(CountsAbove)
def counts_above(op, scores, labels, weights):
    return count(scores, labels, weights, op.num_classes)


@register_kernel(PairsInOrder)
@torch.compiler.disable  # which would unroll the loop
def pairs_in_order(op, scores, labels, weights):
    def of_class(j):
        counted = labels if op.by_class else torch.where(in_range(labels, op.num_classes), labels == j, -1)
        return op.area(j, count(scores[:, j].contiguous(), counted, weights.double(), op.num_counted))

    return torch.stack([of_class(j) for j in range(op.num_classes)]).to(weights.dtype)
