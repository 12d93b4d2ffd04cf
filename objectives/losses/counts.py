"""Losses of counts."""

import pytensor.tensor as pt

from objectives._inputs import elementwise
from objectives.lookup import NON_NEGATIVE, REALS, described
from objectives.losses._terms import finished
from objectives.ops.selection import nan_where, scaled, where

__all__ = ["poisson_nll_loss", "poisson_nll_loss_with_log_rate"]


@described(convex=True, smooth=True, minimizer="mean", predictions=NON_NEGATIVE, targets=NON_NEGATIVE)
def poisson_nll_loss(predictions, targets, *, full=False, mask=None):
    r"""Negative log-likelihood of counts under Poisson distributions, element by element.

    .. math:: L = p - t \log p \; [+ \log t!], \qquad 0 \log 0 = 0

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Rates (...), not negative.
    targets : tensor
        Counts (...), not negative; they need not be whole. A vector is aligned with a column of predictions, see
        `align_targets`.
    full : bool
        Whether :math:`\log t!` is added, which makes the loss that of the probability.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.

    Notes
    -----
    Nothing is added inside the logarithm: a rate of 0 costs infinitely much where something was counted. Negative
    rates and counts give NaN. PyTorch's ``full`` approximates the factorial, for counts above 1 only; here it is exact.

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
    # 0 log 0: the rate is replaced before the logarithm, since 0 / 0 in its gradient could not be undone
    return finished(_normalised(p - scaled(t, pt.log(where(pt.neq(t, 0) | pt.neq(p, 0), p, 1))), t, full), mask)


@described(convex=True, smooth=True, minimizer="log mean", log_rate=REALS, targets=NON_NEGATIVE)
def poisson_nll_loss_with_log_rate(log_rate, targets, *, full=False, mask=None):
    r"""Negative log-likelihood of counts under Poisson distributions of given log-rates, element by element.

    .. math:: L = e^z - t z \; [+ \log t!]

    with the log-rates :math:`z` and the targets :math:`t`: the `poisson_nll_loss` of :math:`e^z`.

    Parameters
    ----------
    log_rate : tensor of float
        Logarithms (...) of rates, any real numbers; -inf is fine where nothing was counted.
    targets : tensor
        Counts (...), not negative; they need not be whole. A vector is aligned with a column of log-rates, see
        `align_targets`.
    full : bool
        Whether :math:`\log t!` is added, which makes the loss that of the probability.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `log_rate`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the log-rates.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the log-rates are integers.

    Notes
    -----
    Negative counts give NaN. For an exposure m, add :math:`\log m` to the log-rates.

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
    return finished(_normalised(pt.exp(z) - scaled(t, z), t, full), mask)


def _normalised(loss, t, full):
    return loss + pt.gammaln(t + 1) if full else loss
