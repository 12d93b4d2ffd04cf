from objectives.dispatch.pytorch import (  # noqa: F401  (imported for their registrations)
    counting,
    crossentropy,
    labels,
    margin,
    ranking,
    softplus,
)
