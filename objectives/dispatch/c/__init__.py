"""C kernels, for PyTensor's C backend (CVM)."""

from objectives.dispatch.c import (  # noqa: F401  (imported for their registration)
    crossentropy,
    ctc,
    elementwise,
    margin,
    measures,
    rows,
    summation,
    sums,
)
