from objectives.dispatch.numba import crossentropy, elementwise, labels, margin, ranking  # noqa: F401  (imported for their registrations)
