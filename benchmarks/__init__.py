"""Times of the losses against PyTorch, JAX and a copy of the same bytes: ``python -m benchmarks --help``."""
