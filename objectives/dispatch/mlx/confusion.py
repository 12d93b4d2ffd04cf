import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch.mlx.labels import in_range
from objectives.dispatch.mlx.summation import table
from objectives.ops.confusion import ConfusionCounts


@mlx_funcify.register(ConfusionCounts)
def mlx_funcify_confusion_counts(op, *args, **kwargs):
    def confusion_counts(rows, columns, weights):
        valid = mx.logical_and(in_range(rows, op.num_rows), in_range(columns, op.num_columns))
        index = mx.where(valid, rows * op.num_columns + columns, 0)
        counts = table(index, weights, op.num_rows * op.num_columns).reshape(op.shape)
        return mx.where(mx.all(valid), counts, mx.array(float("nan"), weights.dtype))

    return confusion_counts
