"""Reducing losses to one number: means, sums and weighted means, with masks."""

from typing import Literal, TypeAlias, get_args

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ratio
from objectives._inputs import align_targets, aligned_mask, as_tensor, fitted, floating_scores, known_axes, matching
from objectives._options import one_of
from objectives._typing import TensorLike
from objectives.lookup import answering
from objectives.mistakes import warn_of_mistake
from objectives.ops.counting import EntryCount
from objectives.ops.marking import has_mask
from objectives.ops.selection import select
from objectives.ops.shapes import own_shape
from objectives.ops.statistics import summed, where_nothing

__all__ = ["aggregate", "aggregate_parts", "align_targets", "labelled"]

Mode: TypeAlias = Literal["mean", "sum", "normalized_sum"]
MODES = get_args(Mode)


@answering
def aggregate(
    loss: TensorLike,
    weights: TensorLike | None = None,
    mode: Mode = "mean",
    *,
    normalizer: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int | tuple[int, ...] | None = None,
) -> TensorVariable:
    r"""Aggregate (reduce) an element-wise or item-wise loss to one number: its mean, sum or weighted mean.

    Every training loss ends here, since ``pytensor.grad`` needs a scalar and the losses themselves are never reduced.
    `aggregate_parts` is for sums that add up over batches. With losses :math:`\ell_i`, weights :math:`w_i` (1 by
    default) and the set M of unmasked entries:

    .. math:: \text{mean} = \frac{\sum_{i \in M} w_i \ell_i}{|M|}, \qquad \text{sum} = \sum_{i \in M} w_i \ell_i, \qquad
              \text{normalized\_sum} = \frac{\sum_{i \in M} w_i \ell_i}{\sum_{i \in M} w_i}

    Parameters
    ----------
    loss : tensor
        Losses of any shape, usually the result of a loss function of this package.
    weights : tensor, optional
        Factors that broadcast to `loss`; booleans select, so that NaN outside does not spread.
    mode : {"mean", "sum", "normalized_sum"}
        "mean" divides by the number of entries, "normalized_sum" by the sum of the weights.
    normalizer : tensor, optional
        Denominator to use instead: the tokens of an accumulated batch, or batch size / data size for an ELBO.
    mask : tensor of bool, optional
        Entries to aggregate, broadcast to `loss`. A mean of a loss that was given a mask warns if it is missing here.
    axis : int or tuple of int, optional
        Axes to reduce, such as ``axis=-1`` for one mean per row; by default all.

    Returns
    -------
    TensorVariable
        A scalar, or with `axis` a tensor of the other axes, of the dtype of the loss (floatX for integers). Where the
        denominator is 0 it is 0 with a gradient of 0, not NaN: there is nothing to learn from.

    Raises
    ------
    TypeError, ValueError
        If `mode` is unknown or lacks its denominator, shapes do not fit, or a scalar has weights, a mask or an axis.

    References
    ----------
    .. [1] ``lasagne.objectives.aggregate``, https://lasagne.readthedocs.io/en/latest/modules/objectives.html

    Examples
    --------
    >>> from objectives import aggregate
    >>> print(aggregate([1.0, 2.0, 6.0], mask=[True, True, False]).eval())
    1.5
    """
    if normalizer is not None and mode == "sum":
        raise ValueError("mode='sum' has no denominator: leave out normalizer or mode")
    if normalizer is None:
        _warn_of_mask(loss, mode, mask)
    total, count, dtype = _sums(loss, weights, mode, mask, axis, needs_count=mode != "sum" and normalizer is None)
    if mode == "sum":
        return total.astype(dtype)
    if normalizer is not None:
        count = matching(as_tensor(normalizer, "normalizer"), total)
        if count.ndim > total.ndim:
            raise TypeError(f"normalizer must be a scalar, not {count.ndim}-d")
    return ratio(total, count, where_nothing(pt.constant(0, dtype=total.dtype))).astype(dtype)


@answering
def aggregate_parts(
    loss: TensorLike,
    weights: TensorLike | None = None,
    mode: Literal["mean", "normalized_sum"] = "mean",
    *,
    mask: TensorLike | None = None,
    axis: int | tuple[int, ...] | None = None,
) -> tuple[TensorVariable, TensorVariable]:
    r"""Numerator and denominator of a mean loss, which add up exactly over batches.

    Use it to accumulate gradients, and for means over batches of different sizes, where the mean of the means is wrong.
    In the notation of `aggregate`, which is the quotient, it returns for ``mode="mean"`` and ``mode="normalized_sum"``:

    .. math:: \Bigl(\sum_M w_i \ell_i,\ |M|\Bigr) \text{ or } \Bigl(\sum_M w_i \ell_i,\ \sum_M w_i\Bigr)

    Parameters
    ----------
    loss : tensor
        Losses of any shape.
    weights : tensor, optional
        Factors that broadcast to `loss`; booleans select.
    mode : {"mean", "normalized_sum"}
        Whether the denominator is the number of entries or the sum of the weights.
    mask : tensor of bool, optional
        Entries to aggregate, broadcast to `loss`; the rest are left out of every sum and count.
    axis : int or tuple of int, optional
        Axes to reduce; by default all.

    Returns
    -------
    numerator, denominator : TensorVariable
        Scalars, or with `axis` tensors of the other axes, of the dtype of the loss; float32 for float16.

    Raises
    ------
    TypeError, ValueError
        As `aggregate`, and for ``mode="sum"``, which has no denominator.

    References
    ----------
    .. [1] "Bugs in LLM training: gradient accumulation fix", https://unsloth.ai/blog/gradient

    Examples
    --------
    >>> from objectives import aggregate_parts
    >>> (n1, d1), (n2, d2) = aggregate_parts([1.0, 2.0, 6.0]), aggregate_parts([7.0])
    >>> print(((n1 + n2) / (d1 + d2)).eval())
    4.0
    """
    if mode == "sum":
        raise ValueError(
            "mode='sum' has no denominator: use aggregate(mode='sum'), whose results can be added as they are"
        )
    _warn_of_mask(loss, mode, mask)
    total, count, _ = _sums(loss, weights, mode, mask, axis, needs_count=True)
    return total, count


def labelled(targets: TensorLike, missing_value: float = np.nan) -> TensorVariable:
    r"""Mask of missing labels: True where there is a label, False where it is NaN or a sentinel.

    It takes the place of ``ignore_index=``: give the result as ``mask=`` to the loss and to `aggregate`.

    .. math:: M_i = [t_i \ne m], \quad \text{for NaN whether } t_i \text{ is a number}

    Parameters
    ----------
    targets : tensor
        Targets t of any shape and dtype.
    missing_value : float or int
        What stands for a missing label, m: NaN or a sentinel such as -1, -100 or astroNN's -9999.

    Returns
    -------
    TensorVariable
        A boolean tensor of the shape of `targets`.

    Raises
    ------
    TypeError, ValueError
        If `missing_value` is not a number, or the dtype of `targets` cannot hold it.

    Notes
    -----
    If NaN and a sentinel both occur, combine two masks: ``labelled(t) & labelled(t, -9999)``. Class indices with
    missing labels often come as floats with NaN; ``pt.switch(mask, targets, 0).astype("int64")`` makes them integers.

    References
    ----------
    .. [1] Leung, H. W. and Bovy, J. (2019), "Deep learning of multi-element abundances", arXiv:1808.04428 (astroNN)

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import labelled
    >>> print(labelled([1.5, np.nan, 0.0]).eval(), labelled([3, -1, 0], missing_value=-1).eval())
    [ True False  True] [ True False  True]
    """
    targets = as_tensor(targets, "targets")
    if isinstance(missing_value, bool) or not isinstance(missing_value, int | float | np.number):
        raise TypeError(f"missing_value must be one number, such as NaN or -9999, not {missing_value!r}")
    if np.isnan(missing_value):
        _check_can_hold(targets, missing_value, targets.dtype.startswith("float"))
        return pt.invert(pt.isnan(targets))
    with np.errstate(all="ignore"):
        held = np.asarray(missing_value).astype(targets.dtype)
    is_float = targets.dtype.startswith("float")
    _check_can_hold(
        targets, missing_value, np.isinf(held) == np.isinf(missing_value) if is_float else held == missing_value
    )
    return pt.neq(targets, held)


def _check_can_hold(targets, missing_value, can_hold):
    if not can_hold:
        raise ValueError(
            f"targets of dtype {targets.dtype} cannot hold missing_value={missing_value}, so that no label would "
            "ever count as missing: give the value that marks missing labels, or convert the targets"
        )


def _warn_of_mask(loss, mode, mask):
    if mode == "mean" and mask is None and isinstance(loss, TensorVariable) and has_mask(loss):
        warn_of_mistake(
            "the loss was given a mask, but its mean is taken over all entries, masked ones as 0: give the mask here, "
            "too, aggregate(loss, mask=mask), or mode='sum', or the normalizer you mean"
        )


def _sums(loss, weights, mode, mask, axis, *, needs_count):
    """The sum of weighted losses, the denominator of their mean, and the dtype of the result."""
    one_of(mode, "mode", MODES)
    if mode == "normalized_sum" and weights is None and mask is None:
        raise ValueError("mode='normalized_sum' requires weights or a mask: give one, or use mode='mean'")
    loss = floating_scores(loss, "loss")
    _check_not_aggregated(loss, weights, mask, axis)
    axis = None if axis is None else known_axes(axis, loss, "the loss")
    dtype = loss.dtype
    loss = loss.astype("float32") if dtype == "float16" else loss
    if mask is not None:
        mask = aligned_mask(mask, "loss", loss.type.shape)
    counted = None
    loss = select(mask, loss)
    if weights is not None:
        loss, counted = _weighted(loss, as_tensor(weights, "weights"), mask)
    total = loss.sum(axis=axis)
    count = _count(loss, counted if mode == "normalized_sum" else None, mask, axis) if needs_count else None
    if total.ndim == 0 or 0 in axis:  # a sum over items adds up over batches: mark it for validation functions
        total, count = summed(total), None if count is None else summed(count)
    return total, count, dtype


def _count(loss, weights, mask, axis):
    """The denominator of a mean: the sum of the weights, or the number of entries."""
    if weights is not None:
        return _spread(weights, loss).sum(axis=axis)
    return _number_of_entries(loss, mask, axis)


def _weighted(loss, weights, mask):
    """The loss times its weights, and the weights as numbers, 0 where masked."""
    selected = weights.dtype == "bool"
    weights = fitted(weights, "weights", loss.type.shape, "loss")
    factors = select(mask, matching(weights, loss))
    return (select(weights, loss) if selected else loss * factors), factors


def _number_of_entries(loss, mask, axis):
    if mask is not None:
        return _spread(mask.astype(loss.dtype), loss).sum(axis=axis)
    return EntryCount(axis=range(loss.ndim) if axis is None else axis)(loss)


def _spread(x, loss):
    """``x``, broadcast to the shape of the loss if its static shape is smaller."""
    smaller = x.ndim < loss.ndim or any(m == 1 != n for m, n in zip(x.type.shape, loss.type.shape, strict=True))
    return pt.second(own_shape(loss), x) if smaller else x


def _check_not_aggregated(loss, weights, mask, axis):
    if loss.ndim == 0 and not (weights is None and mask is None and axis is None):
        raise TypeError(
            "weights, mask and axis need unreduced losses, but this loss is a scalar: it is aggregated already. Give "
            "them to the first call of aggregate, in place of the mean taken before"
        )
