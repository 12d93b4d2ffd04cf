from objectives.dispatch.numba import (  # noqa: F401  (imported for their registrations)
    confusion,
    contingency,
    counting,
    crossentropy,
    ctc,
    elementwise,
    labels,
    margin,
    pairing,
    ranking,
    sorting,
    thresholds,
)
