import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch._functions import register_functions
from objectives.ops.labels import BestClass, IsClass, KnownClass, NamedClass, PickClass, PlaceClass, check_shapes
from objectives.ops.selection import TOLERANCE


def in_range(labels, num_classes):
    return mx.logical_and(labels >= 0, labels < num_classes)


def nan_where_invalid(values, labels, num_classes):
    return mx.where(in_range(labels, num_classes), values, mx.array(float("nan"), values.dtype))


def pick_class(x, y):
    check_shapes(x, y)
    num_classes = x.shape[-1]
    index = mx.expand_dims(mx.where(in_range(y, num_classes), y, 0), -1)
    return nan_where_invalid(mx.squeeze(mx.take_along_axis(x, index, axis=-1), -1), y, num_classes)


def place_class(g, y, like):
    check_shapes(like, y)
    num_classes = like.shape[-1]
    g = mx.expand_dims(nan_where_invalid(g.astype(like.dtype), y, num_classes), -1)
    elsewhere = mx.arange(num_classes) != mx.expand_dims(y, -1)
    valid = mx.expand_dims(in_range(y, num_classes), -1)
    return mx.where(mx.logical_and(elsewhere, valid), mx.array(0, like.dtype), g)


def is_class(y, like):
    check_shapes(like, y)
    return mx.arange(like.shape[-1]) == mx.expand_dims(y, -1)


def largest(x):
    """The positions of the largest entries; MLX refuses to look for them where there are no items."""
    return mx.argmax(x, axis=-1).astype(mx.int64) if x.size else mx.zeros(x.shape[:-1], mx.int64)


def named_class(t):
    inside = mx.all((t >= -TOLERANCE) & (t <= 1 + TOLERANCE), axis=-1)
    return mx.where(inside & mx.any(t > 0, axis=-1), largest(t), -1)


def best_class(scores):
    return mx.where(mx.any(mx.isnan(scores), axis=-1), -1, largest(scores))


register_functions(
    mlx_funcify,
    {PickClass: pick_class, PlaceClass: place_class, IsClass: is_class, NamedClass: named_class, BestClass: best_class},
)


@mlx_funcify.register(KnownClass)
def mlx_funcify_known_class(op, **kwargs):
    if op.of == "samples":
        raise NotImplementedError(
            "losses of sampled classes are not for MLX, where PyTensor adds only one of several gradients of a row of "
            "the weights (docs/sharp_edges.rst): take linear_crossentropy, or another backend"
        )
    return lambda y, like: mx.where((y >= 0) & (y < like.shape[0]), y, -1)
