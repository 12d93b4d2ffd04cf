"""Rows of the likelihoods of real targets: their densities are those of JAX."""

import numpy as np
from lazy import jax, jnp, stats

from cases.case import Case, positives, reals, with_torch
from objectives.losses.likelihood import (
    beta_nll_loss,
    gaussian_nll_loss,
    laplace_nll_loss,
    robust_squared_error,
    student_t_nll_loss,
)
from objectives.losses.multivariate import multivariate_gaussian_nll_loss

stop_gradient = jax.lax.stop_gradient
laplace, norm, t = stats.laplace, stats.norm, stats.t


def gaussian(mean, x, *, variance):
    return -norm.logpdf(x, mean, jnp.sqrt(variance))


def without_constant(loss, constant):
    return lambda *arrays, **extras: loss(*arrays, **extras) - jnp.log(constant)


def beta_nll(beta):
    def reference(mean, x, *, variance):
        return stop_gradient(variance) ** beta * without_constant(gaussian, (2 * np.pi) ** 0.5)(
            mean, x, variance=variance
        )

    return reference


def torch_gaussian(mean, x, variance):
    return with_torch("gaussian_nll_loss", full=False)(mean, x, variance)


def torch_full_gaussian(mean, x, variance):
    return with_torch("gaussian_nll_loss", full=True)(mean, x, variance)


def robust(mean, x, *, log_variance, label_errors=0.0):
    """The density of a sum of two errors."""
    total = jnp.sqrt(jnp.exp(log_variance) + label_errors**2)
    return -norm.logpdf(x, mean, total) + norm.logpdf(0.0)


def laplacian(median, x, *, scale):
    return -laplace.logpdf(x, median, scale)


def student(location, x, *, scale, degrees_of_freedom=3.0):
    return -t.logpdf(x, degrees_of_freedom, location, scale)


def factors(rng, shape):
    """Of covariances; what is above the diagonal is not read."""
    return rng.normal(size=(*shape, shape[-1])) + 3 * np.eye(shape[-1])


def shared_factor(rng, shape):
    return factors(rng, shape[-1:])


def multivariate(mean, x, *, scale_tril):
    factor = jnp.tril(scale_tril)
    return -stats.multivariate_normal.logpdf(x, mean, factor @ jnp.swapaxes(factor, -1, -2))


def torch_multivariate(mean, x, scale_tril):
    from torch.distributions import MultivariateNormal

    return -MultivariateNormal(mean, scale_tril=scale_tril.tril()).log_prob(x)


def at_targets(x, **_):
    return x


def row(function, reference, options=None, *, more=None, spread="scale", torch=None):
    return Case(
        function,
        reals,
        reals,
        reference,
        options or {},
        extras={spread: reals if spread == "log_variance" else positives, **(more or {})},
        torch=torch,
        target_gradient=True,
        best=at_targets,
    )


NORMALIZER = (2 * np.pi) ** 0.5

CASES = [
    row(beta_nll_loss, beta_nll(0.5), spread="variance"),
    row(beta_nll_loss, beta_nll(0.9), {"beta": 0.9}, spread="variance"),
    row(gaussian_nll_loss, without_constant(gaussian, NORMALIZER), spread="variance", torch=torch_gaussian),
    row(gaussian_nll_loss, gaussian, {"full": True}, spread="variance", torch=torch_full_gaussian),
    row(laplace_nll_loss, without_constant(laplacian, 2)),
    row(laplace_nll_loss, laplacian, {"full": True}),
    row(robust_squared_error, robust, spread="log_variance"),
    row(robust_squared_error, robust, more={"label_errors": positives}, spread="log_variance"),
    row(student_t_nll_loss, student, {"degrees_of_freedom": 3.0}),
    row(student_t_nll_loss, student, more={"degrees_of_freedom": positives}),
] + [
    Case(
        multivariate_gaussian_nll_loss,
        reals,
        reals,
        reference,
        options,
        extras={"scale_tril": draw},
        torch=torch,
        target_gradient=True,
        axis_moves=False,
        best=at_targets,
    )
    for reference, options, draw, torch in (
        (without_constant(multivariate, NORMALIZER**5), {}, factors, None),
        (multivariate, {"full": True}, factors, torch_multivariate),
        (multivariate, {"full": True}, shared_factor, None),
    )
]
