from objectives.dispatch.pytorch import counting, labels, ranking, softplus  # noqa: F401  (imported for their registrations)
