"""PyTorch kernels, one file for each file of `objectives.ops`."""

from objectives.dispatch.pytorch import (  # noqa: F401  (imported for their registrations)
    confusion,
    contingency,
    counting,
    crossentropy,
    ctc,
    labels,
    linear,
    margin,
    pairing,
    projection,
    ranking,
    softplus,
    sorting,
    thresholds,
    triangular,
)
