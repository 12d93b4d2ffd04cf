"""Counts of items by class above each threshold, from which exact curves and areas under them follow."""

import numpy as np
import pytensor.tensor as pt

from objectives.ops._symbolic import ShapedOp
from objectives.ops.confusion import check_range
from objectives.ops.labels import LabelError


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
        is_class = pt.invert(pt.neq(labels[order], np.arange(self.num_classes)[:, None]))
        counts = pt.cumsum(is_class * weights[order], axis=1)[:, last]
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
