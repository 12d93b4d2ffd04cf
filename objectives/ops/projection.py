"""The projection on the simplex of probabilities."""

import numpy as np
import pytensor.tensor as pt

from objectives.ops._symbolic import ShapedOp


class SimplexThreshold(ShapedOp):
    r"""The number to subtract from each row before negative entries become 0, so that it adds up to 1.

    (z (..., C)) to :math:`\tau` (...) with :math:`\sum_c \max(0, z_c - \tau) = 1`: the mean of the k greatest entries,
    less 1/k, for the k at which that is greatest. It has no gradient here: given the entries that are left, it is their
    mean, less 1 over their number.
    """

    connected = (False,)

    def build_inner_graph(self, z):
        ranks = pt.cumsum(pt.ones_like(z), axis=-1)
        return [pt.max((pt.cumsum(-pt.sort(-z, axis=-1), axis=-1) - 1) / ranks, axis=-1)]

    def perform(self, node, inputs, outputs):
        (z,) = inputs
        ranks = np.arange(1, z.shape[-1] + 1, dtype=z.dtype)
        outputs[0][0] = np.asarray(((np.cumsum(-np.sort(-z, axis=-1), axis=-1) - 1) / ranks).max(axis=-1))

    def output_shape(self, z):
        return z[:-1]


simplex_threshold = SimplexThreshold()
