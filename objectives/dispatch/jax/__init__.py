from objectives.dispatch.jax import counting, labels, ranking, softplus  # noqa: F401  (imported for their registrations)
