from objectives.dispatch.numba import (  # noqa: F401  (imported for their registrations)
    confusion,
    crossentropy,
    ctc,
    elementwise,
    labels,
    margin,
    ranking,
    statistics,
    thresholds,
)
