"""D2 scores: the share of a loss that is explained, compared with the best constant prediction."""

from typing import NamedTuple

import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import power_of
from objectives._inputs import as_labels, classwise, floating, shown
from objectives._options import known_number
from objectives.lookup import CLASSES, NON_NEGATIVE, POSITIVE, REALS, SIMPLEX, described
from objectives.losses._terms import probability
from objectives.losses.categorical import categorical_crossentropy
from objectives.losses.deviance import tweedie_deviance
from objectives.metrics._columns import columns, explained, moments, norm, of_two_or_more
from objectives.metrics._sets import item_weights, selecting
from objectives.ops.labels import is_class
from objectives.ops.selection import where
from objectives.ops.shapes import own_shape
from objectives.ops.sorting import weighted_quantile
from objectives.ops.statistics import accumulator_dtype, joined, total_of, wide_sum

__all__ = ["d2_absolute_error_score", "d2_brier_score", "d2_log_loss_score", "d2_pinball_score", "d2_tweedie_score"]


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def d2_pinball_score(predictions, targets, *, quantile=0.5, multioutput="uniform_average", weights=None, mask=None):
    r"""Share of the pinball loss that is explained, compared with a constant quantile of the targets.

    .. math::
        D^2 = 1 - \frac{\sum_i w_i L_q(p_i, t_i)}{\sum_i w_i L_q(c, t_i)}, \qquad
        L_q(p, t) = \max(q (t - p), (q - 1) (t - p))

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), and the
    weighted quantile :math:`c` of the targets.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    quantile : float
        The quantile q, from 0 to 1.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Score (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `quantile` is no number from 0 to 1, or `multioutput` is unknown.

    Notes
    -----
    It is 1 for predictions without error, and 0 for those of the best constant. Fewer than two items give NaN. Constant
    targets give 1 if they are predicted exactly, else 0. It is exact, at a price: all targets and weights are kept, so
    that memory grows with the data.

    References
    ----------
    .. [1] ``sklearn.metrics.d2_pinball_score``

    Examples
    --------
    >>> from objectives import d2_pinball_score
    >>> print(d2_pinball_score([1.0, 3.0, 3.0], [1.0, 2.0, 3.0], quantile=0.9).eval().round(4))
    0.6667
    """
    q = known_number(quantile)
    if q is None or not 0 <= q <= 1:
        raise ValueError(f"quantile must be a number from 0 to 1, not {quantile!r}")
    given = columns(predictions, targets, mask, weights)
    t, w = joined(given.targets), joined(given.weights)
    constant = wide_sum(w * _pinball(t - weighted_quantile(t, w, q), q), axis=0).astype(t.dtype)
    score = explained(given.total(_pinball(-given.errors, q)), constant)
    return given.result(of_two_or_more(given.number(), score), multioutput)


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def d2_absolute_error_score(predictions, targets, *, multioutput="uniform_average", weights=None, mask=None):
    r"""Share of the absolute error that is explained, compared with the median of the targets.

    .. math:: D^2 = 1 - \frac{\sum_i w_i |p_i - t_i|}{\sum_i w_i |c - t_i|}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), and the
    weighted median :math:`c` of the targets.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Score (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape.
    ValueError
        If `multioutput` is unknown.

    Notes
    -----
    It is 1 for predictions without error, and 0 for those of the best constant. Fewer than two items give NaN. Constant
    targets give 1 if they are predicted exactly, else 0. It is exact, at a price: all targets and weights are kept, so
    that memory grows with the data.

    References
    ----------
    .. [1] ``sklearn.metrics.d2_absolute_error_score``

    Examples
    --------
    >>> from objectives import d2_absolute_error_score
    >>> print(d2_absolute_error_score([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).eval().round(4))
    0.7647
    """
    return d2_pinball_score(predictions, targets, multioutput=multioutput, weights=weights, mask=mask)


@described(per="set", differentiable=False, predictions=POSITIVE, targets=NON_NEGATIVE)
def d2_tweedie_score(predictions, targets, *, power=0.0, multioutput="uniform_average", weights=None, mask=None):
    r"""Share of the Tweedie deviance that is explained, compared with the mean of the targets.

    .. math:: D^2 = 1 - \frac{\sum_i w_i L_k(p_i, t_i)}{\sum_i w_i L_k(\bar t, t_i)}

    with the predictions :math:`p_i`, the targets :math:`t_i` and the weights :math:`w_i` (1 if not given), their
    weighted mean :math:`\bar t` and the deviance :math:`L_k` of `tweedie_deviance`.

    Parameters
    ----------
    predictions : tensor
        Predictions (N,), or (N, D) for D columns, any real numbers.
    targets : tensor
        Targets of the same shape.
    power : float
        The power k, 0 or less or 1 or more.
    multioutput : {"uniform_average", "raw_values"}
        The mean over the columns, or one number for each.
    weights : tensor, optional
        How much each item (N,) or entry (N, D) counts; booleans choose.
    mask : tensor of bool, optional
        Items (N,) or entries (N, D) that count.

    Returns
    -------
    TensorVariable
        Score (), or (D,) as raw values; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If predictions and targets are not vectors or matrices of the same shape, or the power is no number.
    ValueError
        If there is no distribution of this power, or `multioutput` is unknown.

    Notes
    -----
    It is 1 for predictions without error, and 0 for those of the best constant. Fewer than two items give NaN. Constant
    targets give NaN if they are predicted exactly, else -inf.

    For other powers than 0 the deviance of the mean is a difference of sums. It loses digits where the targets vary
    little: about as many as the logarithm of (mean / standard deviation) squared has.

    References
    ----------
    .. [1] ``sklearn.metrics.d2_tweedie_score``

    Examples
    --------
    >>> from objectives import d2_tweedie_score
    >>> print(d2_tweedie_score([1.0, 1.0, 5.0, 3.5], [0.5, 1.0, 2.5, 7.0], power=1).eval().round(4))
    0.4879
    """
    k = known_number(power)
    given = columns(predictions, targets, mask, weights)
    # what is masked has weight 0, and becomes 1, which is in the range of every power
    counts = pt.neq(given.weights, 0)
    p, t = where(counts, given.predictions, 1), where(counts, given.targets, 1)
    of_targets = moments(t, given.weights)
    total, mean, variation = of_targets[0], of_targets[1], of_targets[2]
    if k == 0:
        score = explained(norm(p - t, given.weights), variation, force_finite=False, power=2)
    else:
        model = given.total(tweedie_deviance(p, t, power=power))
        constant = 2 * (given.total(_potential(t, k)) - total * _potential(mean, k))
        score = 1 - model / where(pt.neq(variation, 0), constant, 0)
    return given.result(of_two_or_more(given.number(), score), multioutput)


@described(per="set", differentiable=False, predictions=SIMPLEX, targets=CLASSES)
def d2_log_loss_score(predictions, targets, *, weights=None, mask=None, axis=-1):
    r"""Share of the log loss that is explained, compared with the frequencies of the classes.

    .. math:: D^2 = 1 - \frac{\sum_i w_i \log p_{i, y_i}}{\sum_i w_i \log f_{y_i}}

    with the probabilities :math:`p`, the classes :math:`y_i`, the weights :math:`w_i` (1 if not given) and the weighted
    frequencies :math:`f` of the classes.

    Parameters
    ----------
    predictions : tensor of float
        Class probabilities (..., C).
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot rows (..., C).
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of predictions and of one-hot targets.

    Returns
    -------
    TensorVariable
        Score (), in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, predictions are no rows of probabilities, or class indices are no integers.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX the score is NaN.

    Notes
    -----
    It is 1 for predictions without error, and 0 for those of the best constant. Fewer than two items give NaN. If there
    is one class only, it is NaN where its probabilities are 1, and -inf otherwise. Nothing is clipped: a probability of
    0 for the right class gives -inf. For two classes stack ``[1 - p, p]``.

    References
    ----------
    .. [1] ``sklearn.metrics.d2_log_loss_score``

    Examples
    --------
    >>> from objectives import d2_log_loss_score
    >>> print(d2_log_loss_score([[0.8, 0.2], [0.4, 0.6], [0.3, 0.7]], [0, 1, 1]).eval().round(4))
    0.4288
    """
    given = _classes(predictions, targets, weights, mask, axis)
    loss = categorical_crossentropy(given.scores, given.labels)
    counts = total_of(given.rows, axis=0)
    some = counts > 0
    constant = where(some, counts * pt.log(counts.sum() / where(some, counts, 1)), 0).sum()
    return given.score(loss, constant)


@described(per="set", differentiable=False, predictions=SIMPLEX, targets=CLASSES)
def d2_brier_score(predictions, targets, *, weights=None, mask=None, axis=-1):
    r"""Share of the Brier score that is explained, compared with the frequencies of the classes.

    .. math:: D^2 = 1 - \frac{\sum_i w_i \sum_c (p_{ic} - [y_i = c])^2}{\sum_i w_i \sum_c (f_c - [y_i = c])^2}

    with the probabilities :math:`p`, the classes :math:`y_i`, the weights :math:`w_i` (1 if not given) and the weighted
    frequencies :math:`f` of the classes.

    Parameters
    ----------
    predictions : tensor of float
        Class probabilities (..., C).
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot rows (..., C).
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of predictions and of one-hot targets.

    Returns
    -------
    TensorVariable
        Score (), in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, predictions are no rows of probabilities, or class indices are no integers.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX the score is NaN.

    Notes
    -----
    It is 1 for predictions without error, and 0 for those of the best constant. Fewer than two items give NaN. If there
    is one class only, it is NaN where its probabilities are 1, and -inf otherwise. For two classes stack ``[1 - p,
    p]``.

    References
    ----------
    .. [1] ``sklearn.metrics.d2_brier_score``

    Examples
    --------
    >>> from objectives import d2_brier_score
    >>> print(d2_brier_score([[0.8, 0.2], [0.4, 0.6], [0.3, 0.7]], [0, 1, 1]).eval().round(4))
    0.565
    """
    given = _classes(predictions, targets, weights, mask, axis)
    loss = pt.square(probability(given.scores) - given.one_hot).sum(axis=-1)
    counts = total_of(given.rows, axis=0)
    total = counts.sum()
    return given.score(loss, (counts * (total - counts)).sum() / total)


def _pinball(error, q):
    return where(error > 0, q * error, (q - 1) * error)


def _potential(t, k):
    """The convex function of which half the deviance of power k is the Bregman divergence."""
    some = t > 0
    log = pt.log(where(some, t, 1))
    if k == 1:
        return t * log
    if k == 2:
        return -log
    return power_of(where(some, t, 0), 2 - k) / ((1 - k) * (2 - k))


class _Classes(NamedTuple):
    """Scores (N, C), class indices (N,), one-hot rows, and weights (N,)."""

    scores: TensorVariable
    labels: TensorVariable
    one_hot: TensorVariable
    weights: TensorVariable

    @property
    def rows(self):
        return self.one_hot * self.weights[:, None]

    def score(self, loss, constant):
        """The share of the loss of items that is explained, compared with the sum of that of a constant."""
        number = total_of(pt.neq(self.weights, 0).astype(self.weights.dtype))
        return of_two_or_more(number, 1 - total_of(self.weights * loss) / constant)


def _classes(predictions, targets, weights, mask, axis):
    mask, weights = selecting(mask, weights)
    scores, targets, mask = classwise(floating(predictions, "predictions"), targets, mask, axis=axis, fill=1)
    if scores.ndim < 2:
        raise TypeError(
            f"predictions {shown(scores.type.shape)} must be rows of class probabilities (..., C): of "
            "probabilities p of one of two classes stack [1 - p, p]"
        )
    scores = scores.astype(accumulator_dtype(scores.dtype))
    labels = as_labels(targets, scores, mask)
    weights = item_weights(labels, mask, weights, scores.dtype)
    one_hot = is_class(labels, scores).astype(scores.dtype)
    rows = (x.reshape((-1, own_shape(scores).shape[-1])) if x.ndim != 2 else x for x in (scores, one_hot))
    scores, one_hot = rows
    return _Classes(scores, labels.ravel(), one_hot, weights.ravel())
