import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch._functions import register_functions
from objectives.dispatch.mlx.labels import in_range
from objectives.ops.labels import check_shapes
from objectives.ops.ranking import EvenMax, LabelRank


def label_rank(scores, labels):
    check_shapes(scores, labels)
    num_classes = scores.shape[-1]
    valid = in_range(labels, num_classes)
    y = mx.expand_dims(mx.where(valid, labels, 0), -1)
    s = mx.take_along_axis(scores, y, axis=-1)
    behind = mx.where(mx.arange(num_classes) < y, scores < s, scores <= s)
    return mx.where(valid, mx.sum(mx.logical_not(behind), axis=-1).astype(mx.int64), -1)


def even_max(x):
    nothing = mx.full((*x.shape[:-1], 1), float("-inf"), x.dtype)
    return mx.max(mx.concatenate([nothing, x], axis=-1), axis=-1)


register_functions(mlx_funcify, {LabelRank: label_rank, EvenMax: even_max})
