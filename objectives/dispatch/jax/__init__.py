"""JAX kernels, one file for each file of `objectives.ops`."""

from objectives.dispatch.jax import (  # noqa: F401  (imported for their registrations)
    confusion,
    contingency,
    counting,
    ctc,
    labels,
    linear,
    pairing,
    ranking,
    softplus,
    sorting,
    statistics,
    thresholds,
    unknown,
)
