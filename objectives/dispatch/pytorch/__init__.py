from objectives.dispatch.pytorch import (  # noqa: F401  (imported for their registrations)
    counting,
    crossentropy,
    ctc,
    labels,
    margin,
    projection,
    ranking,
    softplus,
)
