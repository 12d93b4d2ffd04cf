import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.dispatch._functions import register_functions
from objectives.dispatch.pytorch.labels import in_range
from objectives.ops.labels import check_shapes
from objectives.ops.ranking import EvenMax, LabelRank


def label_rank(scores, labels):
    check_shapes(scores, labels)
    num_classes = scores.shape[-1]
    valid = in_range(labels, num_classes)
    y = torch.where(valid, labels, 0).unsqueeze(-1)
    s = torch.gather(scores, -1, y)
    classes = torch.arange(num_classes, device=y.device)
    behind = torch.where(classes < y, scores < s, scores <= s)
    return torch.where(valid, (~behind).sum(dim=-1), -1)


def even_max(x):
    return torch.amax(torch.nn.functional.pad(x, (1, 0), value=float("-inf")), dim=-1)


register_functions(pytorch_funcify, {LabelRank: label_rank, EvenMax: even_max})
