from objectives.dispatch.numba import crossentropy, ctc, elementwise, labels, margin, ranking  # noqa: F401  (imported for their registrations)
