from objectives.dispatch.numba._registration import register_kernel_maker
from objectives.dispatch.numba._views import flat, shaped
from objectives.ops.triangular import TriangularSolve


@register_kernel_maker(TriangularSolve)
def make_triangular_solve(op, node):
    """Not PyTensor's solve by LAPACK, which takes a minute to compile."""
    transposed, shared = op.transposed, node.inputs[0].type.ndim == 2

    def triangular_solve(factor, b):
        d = b.shape[-1]
        fits = factor.shape[-2] == d and factor.shape[-1] == d
        if not fits or (not shared and factor.shape[:-2] != b.shape[:-1]):
            raise ValueError("shape mismatch: triangular factors must be (..., D, D) for vectors (..., D)")
        c, x = flat(factor), flat(b).copy()
        for i in range(x.size // max(d, 1)):
            first, corner = i * d, 0 if shared else i * d * d
            for k in range(d):
                row = d - 1 - k if transposed else k
                for j in range(k):
                    known = d - 1 - j if transposed else j
                    entry = known * d + row if transposed else row * d + known
                    x[first + row] -= c[corner + entry] * x[first + known]
                x[first + row] /= c[corner + row * d + row]
        return shaped(x, b.shape)

    return triangular_solve
