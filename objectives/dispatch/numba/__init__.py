from objectives.dispatch.numba import labels, ranking  # noqa: F401  (imported for their registrations)
