"""Numba kernels, one file for each file of `objectives.ops`."""

from objectives.dispatch.numba import (  # noqa: F401  (imported for their registrations)
    confusion,
    contingency,
    counting,
    crossentropy,
    ctc,
    elementwise,
    labels,
    linear,
    margin,
    pairing,
    ranking,
    rows,
    sorting,
    thresholds,
    triangular,
)
