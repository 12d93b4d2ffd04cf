"""Graph to graph: what is registered with PyTensor's rewrites when the package is imported."""

from objectives.rewriting import elementwise, loops, marking, merging, recognition, selection  # noqa: F401  (imported for their registrations)
