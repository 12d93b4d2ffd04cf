"""Negative log-likelihood of vectors whose entries are correlated."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import length
from objectives._inputs import check_same_shape, matching, shown, vectors
from objectives._typing import TensorLike
from objectives.lookup import REALS, described
from objectives.losses._terms import finished
from objectives.ops.selection import equal, nan_where, where
from objectives.ops.shapes import own_shape
from objectives.ops.triangular import triangular_solve

__all__ = ["multivariate_gaussian_nll_loss"]


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="mean",
    predictions=REALS,
    targets=REALS,
    scale_tril=REALS,
)
def multivariate_gaussian_nll_loss(
    predictions: TensorLike,
    targets: TensorLike,
    scale_tril: TensorLike,
    *,
    full: bool = False,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Multivariate normal negative log-likelihood with full covariance, by its Cholesky factor; one number per item.

    Choose it if the entries of a vector have correlated errors, and `gaussian_nll_loss` if they are independent.

    .. math:: L = \frac{1}{2} \|C^{-1} (t - p)\|^2 + \sum_d \log C_{dd} \; \bigl[+ \tfrac{D}{2} \log 2 \pi\bigr]

    Parameters
    ----------
    predictions, targets : tensor of float
        Means p and targets t (..., D), any real numbers.
    scale_tril : tensor
        Lower triangular factor C of the covariance :math:`C C^\top`: (..., D, D), or (D, D) for all items. Its diagonal
        is positive; what is above it is not read. From a covariance it is ``pt.linalg.cholesky(covariance)``, from what
        a network returns, a (..., D, D), ``pt.switch(np.eye(D), pt.softplus(a), a)``.
    full : bool
        Whether to add :math:`\frac{D}{2} \log 2 \pi`, which makes the loss exactly -log of the density.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), one per item; NaN if the diagonal of its factor is not positive.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Dorta, G. et al. (2018), "Structured uncertainty prediction networks", arXiv:1802.07079

    Examples
    --------
    >>> from objectives import multivariate_gaussian_nll_loss
    >>> means, factor = [[0.0, 0.0], [0.0, 0.0]], [[2.0, 0.0], [1.0, 1.0]]
    >>> print(multivariate_gaussian_nll_loss(means, [[2.0, 1.0], [2.0, 2.0]], factor).eval().round(4))
    [1.1931 1.6931]
    """
    p, t, items = vectors(mask, predictions=predictions, targets=targets)
    factor, dtype = _factor(scale_tril, p), p.dtype
    if dtype == "float16":
        p, t, factor = (x.astype("float32") for x in (p, t, factor))
    # not arange: MLX must know its length beforehand
    index = pt.cumsum(pt.ones((own_shape(factor).shape[-1],), dtype="float32"))
    row, column = index[:, None], index
    if items is not None and factor.ndim > p.ndim:
        factor = where(items[..., None, None], factor, equal(row, column).astype(p.dtype))
    factor = where(row < column, 0, factor)
    diagonal = where(equal(row, column), factor, 0).sum(axis=-1)
    wrong = pt.invert(pt.all(diagonal > 0, axis=-1))
    factor, diagonal = nan_where(wrong[..., None, None], factor), nan_where(wrong[..., None], diagonal)
    loss = pt.square(triangular_solve(factor, t - p)).sum(axis=-1) / 2 + pt.log(diagonal).sum(axis=-1)
    if full:
        loss += length(p, -1) * np.asarray(np.log(2 * np.pi) / 2, p.dtype)
    return finished(loss.astype(dtype), items)


def _factor(scale_tril, p):
    """The factors (..., D, D) of items, or a single one."""
    factor = matching(scale_tril, p, "scale_tril")
    shapes = f"scale_tril {shown(factor.type.shape)} and predictions {shown(p.type.shape)}"
    if factor.ndim not in (2, p.ndim + 1):
        raise TypeError(
            f"rank mismatch between {shapes}: give a lower triangular matrix for each item, (..., D, D), or one (D, D) "
            "for all. For variances alone, (..., D), use gaussian_nll_loss"
        )
    expected = (*(p.type.shape[:-1] if factor.ndim > 2 else ()), *2 * p.type.shape[-1:])
    check_same_shape("scale_tril", factor.type.shape, "covariances of the predictions", expected)
    return factor
