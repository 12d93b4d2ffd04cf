from objectives.dispatch.mlx import (  # noqa: F401  (imported for their registrations)
    counting,
    ctc,
    labels,
    projection,
    ranking,
    softplus,
)
