from objectives.dispatch.mlx import (  # noqa: F401  (imported for their registrations)
    confusion,
    counting,
    ctc,
    labels,
    projection,
    ranking,
    softplus,
    statistics,
    thresholds,
)
