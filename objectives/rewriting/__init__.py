"""Graph to graph: what is registered with PyTensor's rewrites when the package is imported."""

from objectives.rewriting import selection  # noqa: F401  (imported for its registration)
