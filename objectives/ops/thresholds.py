"""Counts of items by class above each threshold, from which exact curves and areas under them follow."""

import numpy as np
import pytensor.tensor as pt

from objectives.ops._symbolic import ShapedOp
from objectives.ops.confusion import check_range
from objectives.ops.labels import LabelError
from objectives.ops.selection import equal


class CountsAbove(ShapedOp):
    """Weights of the items of each class that are at or above each score: (scores (N,), labels (N,), weights (N,)) to
    (1 + num_classes, N).

    The first row holds the scores in descending order, the others the weights by class of all items at or above them,
    so that equal scores give the same numbers. Items of weight 0 take part as repetitions of the lowest score of the
    others. With a NaN among the scores all is NaN. A label out of range raises, or makes all NaN where the backend
    cannot raise.
    """

    __props__ = ("num_classes",)
    connected = (False, False, False)

    def __init__(self, *, num_classes, **kwargs):
        self.num_classes = int(num_classes)
        super().__init__(**kwargs)

    def build_inner_graph(self, scores, labels, weights):
        scores, dtype = scores.astype(weights.dtype), weights.dtype
        counted = pt.neq(weights, 0)
        lowest = pt.min(pt.concatenate([pt.switch(counted, scores, np.inf), [np.asarray(np.inf, dtype)]]))
        falling = pt.neg(pt.switch(counted, scores, lowest))
        order = pt.argsort(falling)
        falling = falling[order]
        last = pt.searchsorted(falling, falling, side="right") - 1
        is_class = equal(labels[order], np.arange(self.num_classes)[:, None])
        counts = pt.cumsum((is_class * weights[order]).astype("float64"), axis=1)[:, last]
        bad = pt.isnan(scores).any() | (pt.lt(labels, 0) | pt.ge(labels, self.num_classes)).any()
        rows = pt.concatenate([pt.neg(falling)[None], counts])
        shape = 1 + self.num_classes, scores.type.shape[0]
        return [pt.specify_shape(pt.switch(bad, np.nan, rows).astype(dtype), shape)]

    def perform(self, node, inputs, outputs):
        outputs[0][0] = self.compute(*inputs)

    def compute(self, scores, labels, weights):
        """The same with NumPy."""
        if not scores.shape == labels.shape == weights.shape:
            raise ValueError("shape mismatch: there must be one target and one weight for each score")
        check_range(labels, self.num_classes, LabelError)
        rows = np.full((1 + self.num_classes, scores.size), np.nan, weights.dtype)
        if np.isnan(scores).any():
            return rows
        is_equal = scores.size > 0 and weights[0] != 0 and (weights == weights[0]).all()
        (self._fill_unweighted if is_equal else self._fill)(rows, scores, labels, weights)
        return rows

    def _fill_unweighted(self, rows, scores, labels, weights):
        """Without the order of the items, as sorting alone is much faster than to find it."""
        rising = np.sort(scores)
        rows[0] = rising[::-1]
        for c in range(self.num_classes):
            own = np.sort(scores[labels == c])
            below = np.searchsorted(own, rising)[::-1]
            np.multiply(own.size - below, weights[0], out=rows[1 + c], casting="same_kind")

    def _fill(self, rows, scores, labels, weights):
        counted = weights != 0
        scores = np.where(counted, scores, np.min(scores, where=counted, initial=np.inf))
        order = np.argsort(scores)[::-1]
        falling = scores[order]
        rows[0] = falling
        labels, weights = labels[order], weights[order].astype("float64")
        ends = np.append(np.flatnonzero(falling[1:] != falling[:-1]), max(falling.size - 1, 0))
        sizes = np.diff(ends, prepend=-1)
        for c in range(self.num_classes if scores.size else 0):
            rows[1 + c] = np.repeat(np.cumsum(np.where(labels == c, weights, 0))[ends], sizes)

    def output_shape(self, scores, labels, weights):
        return 1 + self.num_classes, scores[0]


def counts_above(scores, labels, weights, *, num_classes=2):
    """The `CountsAbove` of vectors."""
    return CountsAbove(num_classes=num_classes)(scores, labels, weights)


class PairsInOrder(ShapedOp):
    r"""Weights of the pairs of items whose scores are in order: (scores (N, C), labels (N,), weights (N,)) to (C,).

    .. math:: a_j = \sum_{i: y_i = j} \sum_{k: y_k \ne j} w_i w_k ([s_{ij} > s_{kj}] + \tfrac12 [s_{ij} = s_{kj}])

    ``by_class`` gives them for each class of the other item, (C, C). With a NaN among the scores of a class, its pairs
    are NaN. A label out of range raises, or makes all NaN where the backend cannot raise.
    """

    __props__ = ("by_class", "num_classes")
    connected = (False, False, False)

    def __init__(self, *, num_classes, by_class, **kwargs):
        self.num_classes, self.by_class = int(num_classes), bool(by_class)
        super().__init__(**kwargs)

    def build_inner_graph(self, scores, labels, weights):
        dtype, classes = weights.dtype, np.arange(self.num_classes)
        own = (equal(labels[:, None], classes) * weights[:, None]).astype("float64")
        above, ties = pt.gt(scores, scores[:, None]), equal(scores, scores[:, None])
        in_order = pt.switch(above, 1, pt.switch(ties, 0.5, 0))
        pairs = (own * in_order).sum(axis=1).T @ own
        if not self.by_class:
            pairs = pt.switch(np.eye(self.num_classes, dtype=bool), 0, pairs).sum(axis=1)
        bad = pt.isnan(scores).any(axis=0) | (pt.lt(labels, 0) | pt.ge(labels, self.num_classes)).any()
        bad = bad[:, None] if self.by_class else bad
        return [pt.specify_shape(pt.switch(bad, np.nan, pairs).astype(dtype), self.shape)]

    @property
    def shape(self):
        return (self.num_classes,) * (2 if self.by_class else 1)

    @property
    def num_counted(self):
        """How many classes are counted for the scores of one: all, or it and the rest."""
        return self.num_classes if self.by_class else 2

    def perform(self, node, inputs, outputs):
        outputs[0][0] = self.compute(*inputs)

    def compute(self, scores, labels, weights):
        """The same with NumPy."""
        check_range(labels, self.num_classes, LabelError)
        pairs, weights, dtype = np.zeros(self.shape), weights.astype("float64"), weights.dtype
        counter = CountsAbove(num_classes=self.num_counted)
        for j in range(self.num_classes):
            counted = labels if self.by_class else (labels == j).astype("int8")
            pairs[j] = self.area(j, counter.compute(np.ascontiguousarray(scores[:, j]), counted, weights))
        return pairs.astype(dtype)

    def area(self, j, counts, add_up=None):
        """Of class j and the others, from what the `CountsAbove` of its scores returns, for arrays of any library.

        ``add_up(x, axis)`` is a sum, if that of the library will not do.
        """
        add_up = add_up or (lambda x, axis: x.sum(axis=axis))
        if not counts.shape[1]:
            return counts[1:].sum(axis=1) if self.by_class else counts[1].sum()
        own = counts[1 + j] if self.by_class else counts[2]
        others = counts[1:] if self.by_class else counts[1:2]
        first = others[:, 0] * own[0]
        areas = (first + add_up((others[:, 1:] - others[:, :-1]) * (own[1:] + own[:-1]), 1)) / 2
        return areas if self.by_class else areas[0]

    def output_shape(self, scores, labels, weights):
        return self.shape
