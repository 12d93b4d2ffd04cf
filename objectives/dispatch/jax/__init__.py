from objectives.dispatch.jax import (  # noqa: F401  (imported for their registrations)
    confusion,
    counting,
    ctc,
    labels,
    ranking,
    softplus,
    statistics,
    thresholds,
)
