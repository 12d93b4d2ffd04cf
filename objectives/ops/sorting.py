"""Order statistics of weighted items: quantiles, mid-ranks, and how far two orders agree.

An item of weight 2 counts as two items, one of weight 0 as none. The inner graphs compare all pairs of items; the
kernels sort, in O(N log N). Weights are added up in float64, and the result has their dtype.
"""

from functools import partial
from math import prod

import numpy as np
import pytensor.tensor as pt

from objectives.ops._symbolic import ShapedOp


class WeightedQuantile(ShapedOp):
    """The quantile of each column: (x (N, D), weights (N, D)) to (D,), NaN where the weights add up to 0.

    It is half way between the least entry up to which there is a share q of the weights, and the least up to which
    there is more. For q = 1/2 and equal weights that is the median. An entry of NaN makes it NaN, unless its weight is
    0.
    """

    __props__ = ("q",)
    connected = (False, False)

    def __init__(self, *, q, **kwargs):
        self.q = float(q)
        super().__init__(**kwargs)

    def build_inner_graph(self, x, weights):
        counts, weights = pt.neq(weights, 0), weights.astype("float64")
        nan = (pt.isnan(x) & counts).any(axis=0) | pt.invert(pt.gt(weights.sum(axis=0), 0))
        up_to = (pt.le(x[None], x[:, None]) * weights[None]).sum(axis=1)
        share, slack = self.q * weights.sum(axis=0), 2 * np.finfo(weights.dtype).eps * weights.sum(axis=0)
        # An infinity at the end, so that there is an entry if there are no items.
        x = pt.concatenate([pt.switch(counts, x, np.inf), pt.full((1, x.shape[1]), np.inf, dtype=x.dtype)])
        up_to = pt.concatenate([up_to, pt.full((1, x.shape[1]), np.inf)])
        largest = pt.max(pt.switch(pt.isinf(x), -np.inf, x), axis=0)
        low, high = (
            pt.min(pt.switch(enough, x, np.inf), axis=0) for enough in (up_to >= share - slack, up_to > share + slack)
        )
        return [pt.switch(nan, np.nan, low / 2 + pt.minimum(high, largest) / 2).astype(x.dtype)]

    def perform(self, node, inputs, outputs):
        x, weights = inputs
        found = quantile(np, np.take_along_axis, x, weights.astype("float64"), self.q)
        outputs[0][0] = np.asarray(found, dtype=x.dtype)

    def output_shape(self, x, weights):
        return x[1:]


def quantile(xp, take_along_axis, x, weights, q, cumsum=None):
    """The same with the functions of a module: NumPy's, or another's of the same names, and a cumulated sum."""
    cumsum = cumsum or xp.cumsum
    if x.shape[0] == 0:
        return x.sum(0) + np.nan
    counts = weights != 0
    nan = (xp.isnan(x) & counts).any(0)
    x = xp.where(counts, x, np.inf)
    order = xp.argsort(x, 0)
    x, cumulated = take_along_axis(x, order, 0), cumsum(take_along_axis(weights, order, 0), 0)
    total, last = cumulated[-1], counts.sum(0) - 1
    slack = 2 * xp.finfo(weights.dtype).eps * total
    ends = []
    for below in (cumulated < q * total - slack, cumulated <= q * total + slack):
        index = below.sum(0)
        index = xp.where(index > last, last, index)
        index = xp.where(index < 0, 0, index)
        ends.append(take_along_axis(x, index[None], 0)[0])
    return xp.where(nan | ~(total > 0), np.nan, ends[0] / 2 + ends[1] / 2)


class WeightedRank(ShapedOp):
    """The weight of the entries before each in the ascending order of its list: (x (..., L), weights (..., L)) to
    (..., L). The last ``list_ndim`` axes are those of a list, of pixels for example, in their order in memory.

    Entries that are equal to it, itself included, count as ``ties`` says:

    - ``"half"``: half; for weights of 1 that is the mid-rank less 1/2,
    - ``"all"``: wholly,
    - ``"only"``: they alone, and not those before it,
    - ``"order"``: where they come earlier in the list.

    NaN is neither less than anything nor equal to it: it has rank 0, and its weight is not counted.
    """

    __props__ = ("ties", "list_ndim")
    connected = (False, False)

    def __init__(self, *, ties, list_ndim=1, **kwargs):
        self.ties, self.list_ndim = ties, list_ndim
        super().__init__(**kwargs)

    def build_inner_graph(self, x, weights):
        n = self.list_ndim
        after, before = tuple(range(-n, 0)), tuple(range(-2 * n, -n))
        own, other, weights = pt.expand_dims(x, after), pt.expand_dims(x, before), pt.expand_dims(weights, before)
        less, up_to = pt.lt(other, own), pt.le(other, own)
        equal, place = up_to & pt.ge(other, own), pt.arange(pt.prod(x.shape[-n:])).reshape(x.shape[-n:], ndim=n)
        counted = {
            "half": (less.astype(weights.dtype) + up_to) / 2,
            "all": up_to,
            "only": equal,
            "order": less | (equal & (place < pt.expand_dims(place, after))),
        }[self.ties]
        return [pt.switch(counted, counted * weights, 0).sum(axis=after).astype(weights.dtype)]

    def perform(self, node, inputs, outputs):
        outputs[0][0] = self.compute(*inputs)

    def compute(self, x, weights):
        """The same with NumPy."""
        found = rank_lists(np, self, x, weights.astype("float64"), argsort=_argsort, add_at=_add_at)
        return np.asarray(found, dtype=weights.dtype)

    def output_shape(self, x, weights):
        return x


def _argsort(x, stable):
    """The ascending order of rows; of float32 by whole numbers, which NumPy sorts faster, each with its place."""
    if x.dtype != "float32":
        return np.argsort(x, axis=-1, kind="stable" if stable else None)
    bits = (x + np.float32(0)).view("int32")  # turns -0 into 0
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    keys = bits.astype("int64") << 32 | np.arange(x.shape[1])
    keys.sort(axis=-1)
    return keys & 0xFFFFFFFF


def _add_at(index, values):
    rows = np.arange(len(index))[:, None] * index.shape[1]
    return np.bincount((rows + index).ravel(), values.ravel(), values.size).reshape(values.shape).astype(values.dtype)


def rank_lists(xp, op, x, weights, *, argsort, add_at, take=None, cumsum=None):
    """The `WeightedRank` by a sort, with the functions of a module, which work along the last axis.

    ``argsort(x, stable)`` orders, and ``add_at(index, values)`` adds values (R, L) to zeros, at an index of each row;
    ``take`` and ``cumsum`` are those of the module, if it has them by NumPy's names.
    """
    if 0 in x.shape:
        return weights
    take, cumsum = take or partial(_take, xp), cumsum or partial(xp.cumsum, axis=-1)
    ties, shape, counts = op.ties, x.shape, ~xp.isnan(x)
    length = prod(shape[-op.list_ndim :])
    x, weights = xp.where(counts, x, np.inf), xp.where(counts, weights, xp.zeros_like(weights))
    x, weights = x.reshape(-1, length), weights.reshape(-1, length)
    order = argsort(x, ties == "order")
    if ties == "order":
        given = take(weights, order)
        ranks = add_at(order, cumsum(given) - given)
    else:
        x = take(x, order)
        is_new = x != xp.concatenate([x[:, :1], x[:, :-1]], 1)
        group = add_at(order, cumsum(is_new * 1))  # equal for equal entries, from 0
        equal = add_at(group, weights)
        up_to = cumsum(equal)
        ranks = take({"half": up_to - equal / 2, "all": up_to, "only": equal}[ties], group)
    return xp.where(counts, ranks.reshape(shape), 0)


def _take(xp, x, index):
    return xp.take_along_axis(x, index, axis=-1)


class PairOrder(ShapedOp):
    """How two orders agree: (x (N,), y (N,), weights (N,)) to (3,).

    The weight of pairs in the same order less that of those in the opposite one, and the weights of pairs that differ
    in x, and in y. The weight of a pair is the product of those of its items.
    """

    connected = (False, False, False)

    def build_inner_graph(self, x, y, weights):
        wide = weights.astype("float64")
        sign_x, sign_y = pt.sign(x[:, None] - x[None, :]), pt.sign(y[:, None] - y[None, :])
        pairs = wide[:, None] * wide[None, :] / 2
        sums = [(pairs * s).sum() for s in (sign_x * sign_y, pt.abs(sign_x), pt.abs(sign_y))]
        return [pt.stack(sums).astype(weights.dtype)]

    def perform(self, node, inputs, outputs):
        x, y, weights = inputs
        compute = make_pair_order(np, partial(np.argsort, kind="stable"))
        outputs[0][0] = np.asarray(compute(x, y, weights.astype("float64")), dtype=weights.dtype)

    def output_shape(self, x, y, weights):
        return (pt.constant(3, dtype="int64"),)


def make_pair_order(xp, stable_argsort, cumsum=None, compiled=lambda function: function):
    """What computes the `PairOrder` by sorts, as three numbers, with the functions of a module.

    ``cumsum`` is that of the module, if it has one by NumPy's name; ``compiled`` compiles what this one calls.

    Nothing is ordered by the product of a rank and the number of items, which would leave 32 bits from 46342 items on.

    1. Ranks of x and y, equal for equal numbers, and the items in ascending order of x, descending y where x is equal:
       a pair is in the same order if and only if the later item has the greater rank of y.
    2. Of two ranks the greater has 1 in the first binary digit that differs. For each digit the items are grouped by
       the digits before it; what has 1 is in the same order with all of its group that has 0 and came earlier.
    3. Every other pair that differs in both is in the opposite order.
    """

    cumsum = cumsum or xp.cumsum

    @compiled
    def ranks(x):
        ordered = x[xp.argsort(x)]
        return xp.searchsorted(ordered, x, side="left")

    @compiled
    def squares(rank, weights):
        """The sum of the squares of the weights of groups of equal rank, in ascending order."""
        cumulated = cumsum(weights)
        start = xp.searchsorted(rank, rank, side="left")
        stop = xp.searchsorted(rank, rank, side="right")
        return (weights * (cumulated[stop - 1] - cumulated[start] + weights[start])).sum()

    def pair_order(x, y, weights):
        n = x.shape[0]
        if n == 0:
            return weights.sum(), weights.sum(), weights.sum()
        rank_x, rank_y = ranks(x), ranks(y)
        falling = stable_argsort(-rank_y)
        order = falling[stable_argsort(rank_x[falling])]
        rank, given = rank_y[order], weights[order]
        same = 0 * weights.sum()
        digit = 0
        while n >> digit > 0:
            grouped = stable_argsort(rank >> (digit + 1))
            group, weight = rank[grouped] >> (digit + 1), given[grouped]
            has_one = (rank[grouped] >> digit) % 2 == 1
            zeros = xp.where(has_one, xp.zeros_like(weight), weight)
            before = cumsum(zeros) - zeros
            earlier = before - before[xp.searchsorted(group, group, side="left")]
            same = same + xp.where(has_one, weight * earlier, xp.zeros_like(weight)).sum()
            digit += 1
        rising, rank_x, one = stable_argsort(rank), rank_x[order], xp.ones_like(rank)
        position = cumsum(one) - 1
        before = xp.where(position > 0, position - 1, position)
        is_new = (rank_x != rank_x[before]) | (rank != rank[before])
        equal_x, equal_y = squares(rank_x, given), squares(rank[rising], given[rising])
        total, equal_both = weights.sum() ** 2, squares(cumsum(xp.where(is_new, one, 0 * one)), given)
        both = total - equal_x - equal_y + equal_both
        return 2 * same - both / 2, (total - equal_x) / 2, (total - equal_y) / 2

    return pair_order


def weighted_quantile(x, weights, q):
    """The `WeightedQuantile` of columns."""
    return WeightedQuantile(q=q)(x, weights)


def weighted_rank(x, weights, ties="half", list_ndim=1):
    """The `WeightedRank` of lists, or of a vector."""
    return WeightedRank(ties=ties, list_ndim=list_ndim)(x, weights)


pair_order = PairOrder()
