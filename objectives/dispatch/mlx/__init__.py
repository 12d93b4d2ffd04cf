from objectives.dispatch.mlx import (  # noqa: F401  (imported for their registrations)
    confusion,
    contingency,
    counting,
    ctc,
    labels,
    projection,
    ranking,
    softplus,
    sorting,
    statistics,
    summation,
    thresholds,
)
