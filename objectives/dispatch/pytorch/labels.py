import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.ops.labels import BestClass, BinaryTarget, IsClass, NamedClass, PickClass, PlaceClass, check_shapes
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


@pytorch_funcify.register(BinaryTarget)
def pytorch_funcify_binary_target(op, **kwargs):
    return binary_target


@pytorch_funcify.register(PickClass)
def pytorch_funcify_pick_class(op, **kwargs):
    return pick_class


@pytorch_funcify.register(PlaceClass)
def pytorch_funcify_place_class(op, **kwargs):
    return place_class


@pytorch_funcify.register(IsClass)
def pytorch_funcify_is_class(op, **kwargs):
    return is_class


@pytorch_funcify.register(NamedClass)
def pytorch_funcify_named_class(op, **kwargs):
    return named_class


def best_class(scores):
    return torch.where(torch.isnan(scores).any(dim=-1), -1, torch.argmax(scores, dim=-1))


@pytorch_funcify.register(BestClass)
def pytorch_funcify_best_class(op, **kwargs):
    return best_class
