import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.dispatch._functions import register_functions
from objectives.ops.labels import (
    BestClass,
    BinaryTarget,
    IsClass,
    KnownClass,
    NamedClass,
    PickClass,
    PlaceClass,
    check_shapes,
)
from objectives.ops.selection import TOLERANCE


def in_range(labels, num_classes):
    return (labels >= 0) & (labels < num_classes)


def nan_where_invalid(values, labels, num_classes):
    return torch.where(in_range(labels, num_classes), values, float("nan"))


def pick_class(x, y):
    check_shapes(x, y)
    num_classes = x.shape[-1]
    index = torch.where(in_range(y, num_classes), y, 0).unsqueeze(-1)
    return nan_where_invalid(torch.gather(x, -1, index).squeeze(-1), y, num_classes)


def place_class(g, y, like):
    check_shapes(like, y)
    num_classes = like.shape[-1]
    g = nan_where_invalid(g, y, num_classes).unsqueeze(-1)
    elsewhere = torch.arange(num_classes, device=y.device) != y.unsqueeze(-1)
    return torch.where(elsewhere & in_range(y, num_classes).unsqueeze(-1), 0.0, g).to(like.dtype)


def is_class(y, like):
    check_shapes(like, y)
    return torch.arange(like.shape[-1], device=y.device) == y.unsqueeze(-1)


def named_class(t):
    inside = ((t >= -TOLERANCE) & (t <= 1 + TOLERANCE)).all(dim=-1)
    return torch.where(inside & (torch.amax(t, dim=-1) > 0), torch.argmax(t.to(torch.float64), dim=-1), -1)


def binary_target(t):
    return torch.where(t == 0, 0, torch.where(t == 1, 1, -1)).to(torch.int8)


def known_class(y, like):
    return torch.where(in_range(y, like.shape[0]), y, -1)


def best_class(scores):
    return torch.where(torch.isnan(scores).any(dim=-1), -1, torch.argmax(scores, dim=-1))


register_functions(
    pytorch_funcify,
    {
        BinaryTarget: binary_target,
        PickClass: pick_class,
        PlaceClass: place_class,
        IsClass: is_class,
        KnownClass: known_class,
        NamedClass: named_class,
        BestClass: best_class,
    },
)
