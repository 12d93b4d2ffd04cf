import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.dispatch._functions import register_functions
from objectives.ops.softplus import Softplus


def softplus(x):
    return torch.logaddexp(x, torch.zeros_like(x))


register_functions(pytorch_funcify, {Softplus: softplus})
