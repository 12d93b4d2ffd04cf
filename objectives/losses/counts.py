"""Losses of counts: Poisson negative log-likelihoods."""

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import elementwise
from objectives._typing import TensorLike
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.losses._terms import finished
from objectives.ops.selection import nan_where, scaled, where

__all__ = ["poisson_nll_loss", "poisson_nll_loss_with_log_rate"]


@described(convex=True, smooth=True, minimizer="mean", predictions=NON_NEGATIVE, targets=NON_NEGATIVE)
def poisson_nll_loss(
    predictions: TensorLike, targets: TensorLike, *, full: bool = False, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Poisson loss: the negative log-likelihood of counts, given their predicted rates, element by element.

    Choose it for counts and event rates, and `poisson_nll_loss_with_log_rate` for a model that predicts log-rates.

    .. math:: L = p - t \log p \; [+ \log t!], \qquad 0 \log 0 = 0

    Parameters
    ----------
    predictions : tensor of float
        Rates p (...), not negative.
    targets : tensor
        Counts t (...), not negative; they need not be whole numbers.
    full : bool
        Whether to add :math:`\log t!`, which makes the loss exactly -log of the probability.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    Notes
    -----
    A rate of 0 costs infinity where something was counted. Negative rates and counts give NaN.

    References
    ----------
    .. [1] McCullagh, P. and Nelder, J. A. (1989), "Generalized linear models", doi:10.1201/9780203753736

    Examples
    --------
    >>> from objectives import poisson_nll_loss
    >>> print(poisson_nll_loss([0.0, 2.0], [0, 3], full=True).eval().round(4))
    [0.     1.7123]
    """
    p, t, mask = elementwise(predictions, targets, mask, fill=1)
    p, t = nan_where(p < 0, p), nan_where(t < 0, t)
    # 0 log 0: a rate of 1 goes into the logarithm, since no selection afterwards removes 0 / 0 from its gradient
    return finished(_with_factorial(p - scaled(t, pt.log(where(pt.neq(t, 0) | pt.neq(p, 0), p, 1))), t, full), mask)


@described(convex=True, smooth=True, minimizer="log mean", log_rate=REALS, targets=NON_NEGATIVE)
def poisson_nll_loss_with_log_rate(
    log_rate: TensorLike, targets: TensorLike, *, full: bool = False, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Poisson loss of log-rates: the negative log-likelihood of counts, element by element.

    The `poisson_nll_loss` of :math:`e^z`, for models whose output may be negative. For an exposure m, add
    :math:`\log m` to the log-rates.

    .. math:: L = e^z - t z \; [+ \log t!]

    Parameters
    ----------
    log_rate : tensor of float
        Logarithms z (...) of rates, any real numbers; -inf is fine where nothing was counted.
    targets : tensor
        Counts t (...), not negative, or they give NaN; they need not be whole numbers.
    full : bool
        Whether to add :math:`\log t!`, which makes the loss exactly -log of the probability.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] McCullagh, P. and Nelder, J. A. (1989), "Generalized linear models", doi:10.1201/9780203753736

    Examples
    --------
    >>> from objectives import poisson_nll_loss_with_log_rate
    >>> print(poisson_nll_loss_with_log_rate([0.0, 1.0], [0, 3]).eval().round(4))
    [ 1.     -0.2817]
    """
    z, t, mask = elementwise(log_rate, targets, mask, names=("log_rate", "targets"))
    t = nan_where(t < 0, t)
    return finished(_with_factorial(pt.exp(z) - scaled(t, z), t, full), mask)


def _with_factorial(loss, t, full):
    return loss + pt.gammaln(t + 1) if full else loss
