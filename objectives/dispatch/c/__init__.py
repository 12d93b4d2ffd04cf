"""C kernels, for PyTensor's C backend (CVM)."""

from objectives.dispatch.c import crossentropy, elementwise, margin, ranking, summation  # noqa: F401  (imported for their registration)
