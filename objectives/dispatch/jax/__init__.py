from objectives.dispatch.jax import (  # noqa: F401  (imported for their registrations)
    confusion,
    contingency,
    counting,
    ctc,
    labels,
    pairing,
    ranking,
    softplus,
    sorting,
    statistics,
    thresholds,
    unknown,
)
