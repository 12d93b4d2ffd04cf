"""Checks of the inputs of variational losses, and the terms that these losses share."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import length
from objectives._inputs import aligned_mask, check_broadcast, check_same_shape, fitted, floating, matching, shown
from objectives.ops.selection import nan_where, where

EVERYTHING = np.array(True)  # the mask where none is given


def observation(reconstruction, targets, log_variance, mask):
    """The negative log-likelihood of the targets (...), and the mask of items."""
    reconstruction = floating(reconstruction, "reconstruction")
    if reconstruction.ndim == 0:
        raise TypeError("reconstruction needs an axis of features, (..., D), but has no dimensions")
    targets = matching(targets, reconstruction, "targets")
    shapes = "targets", targets.type.shape, "reconstruction", reconstruction.type.shape
    if targets.ndim != reconstruction.ndim:
        check_broadcast(*shapes)
        raise TypeError(f"targets must have the shape of the reconstruction, {shown(reconstruction.type.shape)}")
    check_same_shape(*shapes)
    if mask is not None:
        mask = aligned_mask(mask, "items of the reconstruction", reconstruction.type.shape[:-1])
        reconstruction, targets = where(mask[..., None], reconstruction, 0), where(mask[..., None], targets, 0)
    log_variance = per_feature(log_variance, "observation_log_variance", reconstruction, mask)
    return gaussian_error(reconstruction, targets, log_variance), mask


def per_item(x, name, axes, items, mask, *, clean=lambda x, counts: x):
    """An input (items, axes), 0 where masked; ``clean`` checks the entries that count."""
    x = matching(x, items, name)
    if x.ndim != items.ndim + len(axes):
        raise TypeError(
            f"{name} {shown(x.type.shape)} must have the leading dimensions of the reconstruction, "
            f"{shown(items.type.shape)}, and then {len(axes)} of its own, {_letters(axes)}"
        )
    check_same_shape(f"leading dimensions of {name}", x.type.shape[: items.ndim], "items", items.type.shape)
    if mask is None:
        return clean(x, EVERYTHING)
    counts = _expanded(mask, len(axes))
    return clean(where(counts, x, 0), counts)


def per_feature(x, name, like, mask):
    """A parameter of features: a number, a vector (K,), or one for each item (..., K)."""
    x = matching(x, like, name)
    if x.ndim == 1:
        check_same_shape(name, x.type.shape, "features", like.type.shape[-1:])
    else:
        x = fitted(x, name, like.type.shape, "features")
    return where(mask[..., None], x, 0) if mask is not None and x.ndim == like.ndim else x


def shared(x, name, axes, like):
    """A parameter with these axes, shared by all items."""
    x = matching(x, like, name)
    if x.ndim != len(axes):
        raise TypeError(f"{name} must have the shape {_letters(axes)}, without item axes, not {shown(x.type.shape)}")
    return x


def agree(**named):
    """Raise if axes of the same letter differ in length: name=(variable, letters of its last axes)."""
    known: dict[str, tuple[str, int]] = {}
    for name, (x, axes) in named.items():
        for axis, size in zip(axes, x.type.shape[-len(axes) :], strict=True):
            other, expected = known.setdefault(axis, (name, size)) if size is not None else (name, None)
            if size != expected:
                raise TypeError(f"{name} has a length of {size} along its axis {axis} where {other} has {expected}")


def distribution(log_p, counts=EVERYTHING):
    """Log-probabilities, NaN where they count and their sum differs from 1 by more than 1 %."""
    total = pt.exp(log_p).sum(axis=-1, keepdims=True)
    return nan_where((pt.abs(total - 1) > 0.01) & counts, log_p)


def log_probability(log_p, counts=EVERYTHING):
    """Log-probabilities; where they count and are NaN, or positive by more than rounding, NaN in value and gradient."""
    return nan_where(pt.invert(log_p <= 0.001) & counts, log_p)


def log_complement(log_p):
    """``log(1 - p)``, exact for p near 0 and 1.

    Not ``log(-expm1(log_p))``: PyTensor rewrites it to an Op that PyTorch lacks.
    """
    certain = log_p >= 0
    return where(certain, -np.inf, pt.log(pt.abs(pt.expm1(where(certain, -1, log_p)))))


def gaussian_error(mean, x, log_variance):
    """Minus the logarithm of a normal density, over the last axis."""
    distance = (pt.square(x - mean) * pt.exp(-log_variance)).sum(axis=-1)
    return distance / 2 + log_norm(log_variance, x)


def log_norm(log_variance, like):
    """The log-denominator of a normal density, over the last axis of ``like``.

    It sums variances before they are broadcast: PyTensor 3.0 cannot differentiate a sum of broadcast values on PyTorch.
    """
    terms = (log_variance + np.asarray(np.log(2 * np.pi), like.dtype)) / 2
    if terms.ndim and not terms.type.broadcastable[-1]:
        return terms.sum(axis=-1)
    return (terms[..., 0] if terms.ndim else terms) * length(like, -1)


def gaussian_divergence(mean, log_variance, prior_mean, prior_log_variance):
    """The divergence from one normal distribution to another, over the last axis."""
    excess = log_variance - prior_log_variance
    distance = pt.square(mean - prior_mean) * pt.exp(-prior_log_variance)
    return ((distance + (pt.expm1(excess) - excess)) / 2).sum(axis=-1)


def gaussian_entropy(log_variance):
    """The entropy of a normal distribution, over the last axis."""
    return log_norm(log_variance + 1, log_variance)


def discrete_divergence(log_p, log_q):
    """Terms ``p (log p - log q)``, 0 where p is 0, in value and gradient."""
    p = pt.exp(log_p)
    possible = pt.neq(p, 0)
    return p * (where(possible, log_p, 0) - where(possible | pt.isnan(log_q), log_q, 0))


def variance_of_sum(weights, cluster_mean, active, mean, precision, *, independent):
    """The variance of the sum of the means of active factors, in time linear in the number of factors."""
    shared = precision if precision.ndim < 2 else precision[..., None, None, :]
    squares = (weights * (pt.square(cluster_mean) * shared).sum(axis=-1)).sum(axis=(-2, -1))
    # variances of independent factors add up; if one factor excludes the others there is a single variance
    center = pt.square(active).sum(axis=-2) if independent else pt.square(mean)
    return squares - (center * precision).sum(axis=-1)


def _expanded(mask, axes):
    return mask[(..., *[None] * axes)]


def _letters(axes):
    return "(" + ", ".join(axes) + ("," if len(axes) == 1 else "") + ")"
