"""MLX kernels, one file for each file of `objectives.ops`."""

from objectives.dispatch.mlx import (  # noqa: F401  (imported for their registrations)
    confusion,
    contingency,
    counting,
    ctc,
    labels,
    linear,
    pairing,
    projection,
    ranking,
    softplus,
    sorting,
    statistics,
    summation,
    thresholds,
)
