from objectives.dispatch.numba import crossentropy, labels, margin, ranking  # noqa: F401  (imported for their registrations)
