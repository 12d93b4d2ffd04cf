from objectives.dispatch.jax import counting, ctc, labels, ranking, softplus  # noqa: F401  (imported for their registrations)
