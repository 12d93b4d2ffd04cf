"""D2 scores: the share of a loss that predictions explain, compared with the best constant prediction."""

from typing import NamedTuple

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import power_of
from objectives._inputs import as_labels, classwise, shown
from objectives._logits import probabilities_of
from objectives._options import known_number, known_share
from objectives._typing import MultiOutput, TensorLike
from objectives.lookup import CLASSES, NON_NEGATIVE, POSITIVE, REALS, SIMPLEX, described
from objectives.losses._terms import probability
from objectives.losses.categorical import categorical_crossentropy
from objectives.losses.deviance import tweedie_deviance
from objectives.metrics._columns import columns, moments, norm, of_two_or_more, one_minus_ratio
from objectives.metrics._sets import item_weights, selecting
from objectives.ops.labels import is_class
from objectives.ops.selection import where
from objectives.ops.shapes import own_shape
from objectives.ops.sorting import weighted_quantile
from objectives.ops.statistics import accumulator_dtype, joined, total_of, wide_sum

__all__ = ["d2_absolute_error_score", "d2_brier_score", "d2_log_loss_score", "d2_pinball_score", "d2_tweedie_score"]


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def d2_pinball_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    quantile: float = 0.5,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""D2 score of the pinball loss: the share of the loss that predictions of a quantile explain.

    Choose it over the mean of `quantile_loss` to compare quantile regressions of different targets; the median has
    `d2_absolute_error_score`. 1 is best, and predicting the weighted quantile c of the targets gives 0. All targets are
    kept across batches.

    .. math::
        D^2 = 1 - \frac{\sum_i w_i L_q(p_i, t_i)}{\sum_i w_i L_q(c, t_i)}, \qquad
        L_q(p, t) = \max(q (t - p), (q - 1) (t - p))

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    quantile : float
        The quantile q, from 0 to 1.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar, or (D,) for raw values; NaN for fewer than two items. Constant targets give 1 if exact, else 0.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    References
    ----------
    .. [1] ``sklearn.metrics.d2_pinball_score``

    Examples
    --------
    >>> from objectives import d2_pinball_score
    >>> print(d2_pinball_score([1.0, 3.0, 3.0], [1.0, 2.0, 3.0], quantile=0.9).eval().round(4))
    0.6667
    """
    q = known_share(quantile, "quantile")
    given = columns(predictions, targets, mask, weights)
    t, w = joined(given.targets), joined(given.weights)
    constant = wide_sum(w * _pinball(t - weighted_quantile(t, w, q), q), axis=0).astype(t.dtype)
    score = one_minus_ratio(given.total(_pinball(-given.errors, q)), constant)
    return given.result(of_two_or_more(given.number(), score), multioutput)


@described(per="set", differentiable=False, predictions=REALS, targets=REALS)
def d2_absolute_error_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""D2 score of the absolute error: the share of the absolute error that predictions explain.

    Choose it over `r2_score` if outliers must not dominate. 1 is best, and predicting the weighted median c of the
    targets gives 0. All targets are kept across batches.

    .. math:: D^2 = 1 - \frac{\sum_i w_i |p_i - t_i|}{\sum_i w_i |c - t_i|}

    Parameters
    ----------
    predictions, targets : tensor
        Numbers p and t (N,), or (N, D) for D columns.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar, or (D,) for raw values; NaN for fewer than two items. Constant targets give 1 if exact, else 0.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

    See Also
    --------
    d2_pinball_score, r2_score, absolute_error

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
def d2_tweedie_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    power: float = 0.0,
    multioutput: MultiOutput = "uniform_average",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""D2 score of the Tweedie deviance (explained deviance): the share of the deviance that predictions explain.

    Choose it over `r2_score` for counts (power 1), positive targets (2) or targets with zeros (between). 1 is best, and
    predicting the weighted mean of the targets gives 0. Powers other than 0 lose about 2 log10(mean / deviation)
    digits.

    .. math:: D^2 = 1 - \frac{\sum_i w_i L_k(p_i, t_i)}{\sum_i w_i L_k(\bar t, t_i)}

    Parameters
    ----------
    predictions : tensor
        Numbers p (N,), or (N, D) for D columns, in the range that `tweedie_deviance` has for the power.
    targets : tensor
        Numbers t of the same shape.
    power : float
        The power k of `tweedie_deviance` :math:`L_k`: 0 or less, or 1 or more.
    multioutput : {"uniform_average", "raw_values"}
        Mean over the columns, or one value per column.
    weights, mask : tensor, optional
        Weight w of each item (N,) or entry (N, D), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar, or (D,) for raw values; NaN for fewer than two items. Constant targets give NaN if exact, else -inf.

    Raises
    ------
    TypeError, ValueError
        If predictions and targets are not vectors or matrices of the same shape, or if options do not fit.

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
    # Masked entries have weight 0, and become 1, which is in the range of every power.
    counts = pt.neq(given.weights, 0)
    p, t = where(counts, given.predictions, 1), where(counts, given.targets, 1)
    of_targets = moments(t, given.weights)
    total, mean, variation = of_targets[0], of_targets[1], of_targets[2]
    if k == 0:
        score = one_minus_ratio(norm(p - t, given.weights), variation, force_finite=False, power=2)
    else:
        model = given.total(tweedie_deviance(p, t, power=power))
        constant = 2 * (given.total(_potential(t, k)) - total * _potential(mean, k))
        score = 1 - model / where(pt.neq(variation, 0), constant, 0)
    return given.result(of_two_or_more(given.number(), score), multioutput)


@described(per="set", differentiable=False, predictions=SIMPLEX, targets=CLASSES)
def d2_log_loss_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""D2 score of the log loss: the share of the crossentropy that class probabilities explain.

    Choose it over `perplexity` to compare problems with different class frequencies. 1 is best, and predicting the
    weighted frequencies f of the classes gives 0. For two classes stack ``[1 - p, p]``.

    .. math:: D^2 = 1 - \frac{\sum_i w_i \log p_{i, y_i}}{\sum_i w_i \log f_{y_i}}

    Parameters
    ----------
    predictions : tensor of float
        Class probabilities p (..., C).
    targets : tensor
        Class indices y (...) from 0 to C - 1, or one-hot rows (..., C).
    weights, mask : tensor, optional
        Weight w of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of one-hot targets.

    Returns
    -------
    TensorVariable
        Scalar; NaN for fewer than two items. Targets of one class give NaN if its probabilities are 1, else -inf. A
        probability of 0 for a target class is not clipped: it gives -inf.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or dtypes do not fit, for a log-softmax, or an index outside [0, C); NaN where a backend cannot raise.

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
def d2_brier_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""D2 score of the Brier score (Brier skill score): the share of the score that class probabilities explain.

    Choose it over `d2_log_loss_score` if a single confident mistake must not dominate, and over `brier_score` to
    compare problems. 1 is best, and predicting the weighted frequencies f of the classes gives 0. For two classes stack
    ``[1 - p, p]``.

    .. math:: D^2 = 1 - \frac{\sum_i w_i \sum_c (p_{ic} - [y_i = c])^2}{\sum_i w_i \sum_c (f_c - [y_i = c])^2}

    Parameters
    ----------
    predictions : tensor of float
        Class probabilities p (..., C).
    targets : tensor
        Class indices y (...) from 0 to C - 1, or one-hot rows (..., C).
    weights, mask : tensor, optional
        Weight w of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of one-hot targets.

    Returns
    -------
    TensorVariable
        Scalar; NaN for fewer than two items. Targets of one class give NaN if its probabilities are 1, else -inf.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or dtypes do not fit, for a log-softmax, or an index outside [0, C); NaN where a backend cannot raise.

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
    """The convex function whose Bregman divergence is half the deviance of power k."""
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
        """The share of the loss that is explained, given the summed loss of a constant prediction."""
        number = total_of(pt.neq(self.weights, 0).astype(self.weights.dtype))
        return of_two_or_more(number, 1 - total_of(self.weights * loss) / constant)


def _classes(predictions, targets, weights, mask, axis):
    predictions = probabilities_of(predictions, axis=axis)
    mask, weights = selecting(mask, weights)
    scores, targets, mask = classwise(predictions, targets, mask, axis=axis, fill=1)
    if scores.ndim < 2:
        raise TypeError(
            f"predictions {shown(scores.type.shape)} must be rows of class probabilities (..., C): for "
            "probabilities p of the second of two classes, stack [1 - p, p]"
        )
    scores = scores.astype(accumulator_dtype(scores.dtype))
    labels = as_labels(targets, scores, mask)
    weights = item_weights(labels, mask, weights, scores.dtype)
    one_hot = is_class(labels, scores).astype(scores.dtype)
    rows = (x.reshape((-1, own_shape(scores).shape[-1])) if x.ndim != 2 else x for x in (scores, one_hot))
    scores, one_hot = rows
    return _Classes(scores, labels.ravel(), one_hot, weights.ravel())
