from objectives.dispatch.mlx import counting, labels, ranking, softplus  # noqa: F401  (imported for their registrations)
