"""Graph to graph: what is registered with PyTensor's rewrites when the package is imported."""

from objectives.rewriting import (  # noqa: F401  (imported for their registrations)
    counting,
    elementwise,
    loops,
    marking,
    merging,
    pairs,
    recognition,
    selection,
    shapes,
    statistics,
    summation,
    unknown,
)
