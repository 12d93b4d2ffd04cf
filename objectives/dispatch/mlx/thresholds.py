import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch.mlx.labels import in_range
from objectives.dispatch.mlx.summation import add_up, cumulate
from objectives.ops.thresholds import CountsAbove, PairsInOrder


def count(scores, labels, weights, num_classes):
    if not scores.size:
        return mx.zeros((1 + num_classes, 0), weights.dtype)
    scores = scores.astype(weights.dtype)
    lowest = mx.min(mx.where(weights != 0, scores, mx.array(float("inf"), weights.dtype)))
    falling = -mx.where(weights != 0, scores, lowest)
    order = mx.argsort(falling)
    falling, labels, weights = falling[order], labels[order], weights[order]
    # The last of equal scores is the next position whose following score differs.
    position = mx.arange(falling.size)
    is_last = mx.concatenate([falling[1:] != falling[:-1], mx.array([True])])
    last = mx.cummin(mx.where(is_last, position, falling.size - 1), reverse=True)
    is_class = labels == mx.expand_dims(mx.arange(num_classes), 1)
    counts = cumulate(mx.where(is_class, weights, mx.array(0, weights.dtype)), axis=1)[:, last]
    valid = mx.logical_not(mx.any(mx.isnan(scores)))
    valid = mx.logical_and(valid, mx.all(in_range(labels, num_classes)))
    rows = mx.concatenate([mx.expand_dims(-falling, 0), counts])
    return mx.where(valid, rows, mx.array(float("nan"), rows.dtype))


@mlx_funcify.register(CountsAbove)
def mlx_funcify_counts_above(op, *args, **kwargs):
    def counts_above(scores, labels, weights):
        return count(scores, labels, weights, op.num_classes)

    return counts_above


@mlx_funcify.register(PairsInOrder)
def mlx_funcify_pairs_in_order(op, **kwargs):
    def pairs_in_order(scores, labels, weights):
        def of_class(j):
            counted = labels if op.by_class else mx.where(in_range(labels, op.num_classes), labels == j, -1)
            return op.area(j, count(scores[:, j], counted, weights, op.num_counted), add_up)

        return mx.stack([of_class(j) for j in range(op.num_classes)])

    return pairs_in_order
