import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.ops.triangular import TriangularSolve


@register_kernel(TriangularSolve)
def triangular_solve(op, factor, b):
    factor = factor.mT if op.transposed else factor
    return torch.linalg.solve_triangular(factor, b[..., None], upper=op.transposed)[..., 0]
