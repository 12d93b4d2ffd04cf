import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.ops.counting import EntryCount


@mlx_funcify.register(EntryCount)
def mlx_funcify_entry_count(op, **kwargs):
    def entry_count(x):
        return mx.array(op.count(x), dtype=x.dtype)

    return entry_count
