import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.dispatch._functions import register_functions
from objectives.ops.projection import SimplexThreshold


def simplex_threshold(z):
    ordered = torch.sort(z, dim=-1, descending=True).values
    ranks = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype, device=z.device)
    return torch.amax((torch.cumsum(ordered, dim=-1) - 1) / ranks, dim=-1)


register_functions(pytorch_funcify, {SimplexThreshold: simplex_threshold})
