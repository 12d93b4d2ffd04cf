"""Systems of linear equations whose matrix is triangular, one for each item or one for all."""

import numpy as np
from pytensor.tensor.linalg import solve_triangular

from objectives.ops._symbolic import ShapedOp


class TriangularSolve(ShapedOp):
    """The solution x (..., D) of C x = b, or that of C' x = b if ``transposed``: (C (..., D, D), b (..., D)) to x.

    C may have no more than its last two axes. It is 0 above the diagonal, which has no 0.
    """

    __props__ = ("transposed",)
    connected = (True, True)

    def __init__(self, *, transposed=False, **kwargs):
        self.transposed = transposed
        super().__init__(**kwargs)

    def build_inner_graph(self, factor, b):
        return [solve_triangular(factor, b, lower=True, trans=int(self.transposed), b_ndim=1, check_finite=False)]

    def perform(self, node, inputs, outputs):
        """Entry after entry, of all items at once; there may be none."""
        factor, b = inputs
        if factor.shape[-2:] != 2 * b.shape[-1:]:
            raise ValueError(
                f"shape mismatch: triangular factors {factor.shape} do not fit vectors {b.shape}: they must be "
                "(..., D, D) for vectors (..., D)"
            )
        if self.transposed:
            factor = np.swapaxes(factor, -1, -2)
        x = np.empty_like(b)
        done = slice(0, 0)
        for d in reversed(range(b.shape[-1])) if self.transposed else range(b.shape[-1]):
            known = np.matmul(factor[..., d : d + 1, done], x[..., done, None])[..., 0, 0]
            x[..., d] = (b[..., d] - known) / factor[..., d, d]
            done = slice(d, None) if self.transposed else slice(0, d + 1)
        outputs[0][0] = x

    def output_shape(self, factor, b):
        return b

    def pullback(self, inputs, outputs, output_grads):
        factor, b = inputs
        by_b = TriangularSolve(transposed=not self.transposed)(factor, output_grads[0])
        rows, columns = (outputs[0], by_b) if self.transposed else (by_b, outputs[0])
        if factor.ndim == b.ndim == 2:  # without an array (N, D, D)
            return [-(rows.T @ columns), by_b]
        by_factor = -(rows[..., :, None] * columns[..., None, :])
        return [by_factor.sum(axis=tuple(range(by_factor.ndim - factor.ndim))), by_b]


triangular_solve = TriangularSolve()
