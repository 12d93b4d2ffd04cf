"""Adding up float32 in blocks, since MLX has no float64 on the GPU and adds one by one on the CPU."""

import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.ops.summation import BlockSum, WideByName

BLOCK = 1 << 8  # numbers that are added one by one
MOST_CELLS = 1 << 22  # of all lanes of a table together


def in_blocks(x, axis):
    """The axis split into two, the second of BLOCK entries, with zeros at the end."""
    count = -(-x.shape[axis] // BLOCK)
    missing = [(0, count * BLOCK - n if i == axis else 0) for i, n in enumerate(x.shape)]
    return mx.pad(x, missing).reshape(*x.shape[:axis], count, BLOCK, *x.shape[axis + 1 :])


def add_up(x, axis):
    """The sum along an axis."""
    while x.shape[axis] > BLOCK and x.size:
        x = mx.sum(in_blocks(x, axis), axis=axis + 1)
    return mx.sum(x, axis=axis)


def cumulate(x, axis=0):
    """The cumulated sum along an axis: within blocks, and of the sums of the blocks before."""
    length = x.shape[axis]
    if length <= BLOCK or not x.size:
        return mx.cumsum(x, axis=axis)
    x = mx.moveaxis(x, axis, -1)
    within = mx.cumsum(in_blocks(x, x.ndim - 1), axis=-1)
    ends = within[..., -1]
    result = within + mx.expand_dims(cumulate(ends, ends.ndim - 1) - ends, -1)
    return mx.moveaxis(result.reshape(*x.shape[:-1], -1)[..., :length], -1, axis)


def table(index, weights, cells):
    """The weights of each index in ``[0, cells)``."""
    lanes = max(1, min(index.size // BLOCK, MOST_CELLS // cells))
    index = mx.arange(index.size) % lanes * cells + index
    return add_up(mx.zeros(lanes * cells, weights.dtype).at[index].add(weights).reshape(lanes, cells), 0)


@mlx_funcify.register(BlockSum)
def mlx_funcify_block_sum(op, **kwargs):
    def block_sum(x):
        if len(op.axis) == x.ndim:
            return add_up(x.reshape(-1), 0)
        for axis in sorted(op.axis, reverse=True):
            x = add_up(x, axis)
        return x

    return block_sum


@mlx_funcify.register(WideByName)
def mlx_funcify_wide_by_name(op, **kwargs):
    return lambda x: x
