from objectives.dispatch.pytorch import (  # noqa: F401  (imported for their registrations)
    confusion,
    counting,
    crossentropy,
    ctc,
    labels,
    margin,
    projection,
    ranking,
    softplus,
    statistics,
    thresholds,
)
