from objectives.dispatch.pytorch import (  # noqa: F401  (imported for their registrations)
    confusion,
    contingency,
    counting,
    crossentropy,
    ctc,
    labels,
    margin,
    projection,
    ranking,
    softplus,
    sorting,
    thresholds,
)
