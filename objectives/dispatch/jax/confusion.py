import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch.jax.labels import in_range
from objectives.dispatch.jax.summation import table
from objectives.dispatch.jax.unknown import unknown
from objectives.ops.confusion import ConfusionCounts


@jax_funcify.register(ConfusionCounts)
def jax_funcify_confusion_counts(op, **kwargs):
    def confusion_counts(rows, columns, weights):
        rows, columns, weights = jnp.asarray(rows), jnp.asarray(columns), jnp.asarray(weights)
        valid = in_range(rows, op.num_rows) & in_range(columns, op.num_columns)
        index = jnp.where(valid, rows * op.num_columns + columns, 0)
        counts = table(index, weights, op.num_rows * op.num_columns).reshape(op.shape)
        return jnp.where(valid.all(), counts, unknown(counts))

    return confusion_counts
