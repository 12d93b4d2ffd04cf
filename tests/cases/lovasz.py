"""Rows of the Lovasz losses: the algorithm of their paper, one image and class after the other."""

from lazy import jax, jnp

from cases.case import Case, binary, each_item, labels, one_hot, probabilities, reals
from objectives.losses.lovasz import lovasz_hinge_loss, lovasz_softmax_loss


def extension(errors, truth):
    """Of the pixels of one image, by differences of Jaccard losses."""
    if len(errors) == 0:
        return errors.sum()
    order = jax.lax.stop_gradient(jnp.argsort(-errors))
    truth = truth[order]
    jaccard = 1 - (truth.sum() - truth.cumsum()) / (truth.sum() + (1 - truth).cumsum())
    return errors[order] @ jnp.diff(jaccard, prepend=0.0)


def of_image(p, t):
    t = jax.nn.one_hot(t, p.shape[-1]) if t.ndim < p.ndim else 1.0 * t
    return jnp.stack([extension(jnp.abs(t[:, c] - p[:, c]), t[:, c]) for c in range(p.shape[-1])])


def hinge_of_image(z, t):
    return extension(jnp.maximum(0, 1 - (2.0 * t - 1) * z), 1.0 * t)


def each_image(loss):
    def reference(p, t, *, mask=None):
        images = zip(p, t, strict=True) if mask is None else ((a[m], b[m]) for a, b, m in zip(p, t, mask, strict=True))
        return jnp.stack([loss(*image) for image in images])

    return reference


def hot(t):
    return 1.0 * (t[..., None] == range(5)) if t.ndim == 2 else t


def row(function, predictions, targets, loss, pools, best):
    return Case(
        function,
        predictions,
        targets,
        each_image(loss),
        pools=pools,
        leading_dimensions=False,
        axis_moves=False,
        best=best,
    )


CASES = [
    row(lovasz_hinge_loss, each_item(reals), each_item(binary), hinge_of_image, "item", lambda t: 4.0 * t - 2),
    row(lovasz_softmax_loss, probabilities, labels, of_image, "class", hot),
    row(lovasz_softmax_loss, probabilities, one_hot, of_image, "class", hot),
]
