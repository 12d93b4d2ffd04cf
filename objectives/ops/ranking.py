"""Ranks by comparison, without a sort, and the maximum with a gradient that is right at ties."""

import numpy as np
import pytensor.tensor as pt

from objectives.ops._symbolic import ShapedOp
from objectives.ops.labels import check_labels, check_shapes
from objectives.ops.selection import equal


class LabelRank(ShapedOp):
    """How many classes come before the label's: (scores (..., C), labels (...)) to int64 (...), 0 is the best.

    The order is that of a stable descending sort: greater scores first, equal scores by class index, so that rank 0
    is the class that ``argmax`` names. NaN scores come before all others, and a NaN score of the label itself gives
    rank C: it is in no top k. A label outside ``[0, C)`` raises, or has rank -1 where the backend cannot raise.
    """

    connected = (False, False)

    def build_inner_graph(self, scores, labels):
        num_classes = scores.shape[-1]
        valid = pt.ge(labels, 0) & pt.lt(labels, num_classes)
        y = pt.switch(valid, labels, 0)[..., None]
        s = pt.take_along_axis(scores, y, axis=-1)
        classes = pt.arange(np.int64(0), num_classes, np.int64(1), dtype="int64")
        # "not less" rather than "greater or equal", so that NaN counts as ahead
        behind = pt.switch(pt.lt(classes, y), pt.lt(scores, s), pt.le(scores, s))
        rank = pt.sum(pt.invert(behind), axis=-1, dtype="int64")
        return [pt.switch(valid, rank, -1).astype("int64")]

    def perform(self, node, inputs, outputs):
        scores, labels = inputs
        check_shapes(scores, labels)
        check_labels(labels, scores.shape[-1])
        y = labels[..., None]
        s = np.take_along_axis(scores, y, axis=-1)
        behind = np.where(np.arange(scores.shape[-1]) < y, scores < s, scores <= s)
        outputs[0][0] = np.asarray((~behind).sum(axis=-1, dtype="int64"))

    def output_shape(self, scores, labels):
        return labels


class EvenMax(ShapedOp):
    """The maximum over the last axis, whose gradient is shared evenly by equal maxima: a convex subgradient.

    PyTensor's own maximum gives every tied entry the full gradient. The maximum of no entries is -inf.
    """

    connected = (True,)

    def build_inner_graph(self, x):
        return [pt.max(x, axis=-1)]

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.asarray(np.max(inputs[0], axis=-1, initial=-np.inf))

    def output_shape(self, x):
        return x[:-1]

    def pullback(self, inputs, outputs, output_grads):
        (x,), (largest,), (g,) = inputs, outputs, output_grads
        tied = equal(x, largest[..., None]).astype(x.dtype)
        # a row with a NaN has no entry equal to its maximum: 0 / 0 keeps the NaN visible
        return [tied * (g / tied.sum(axis=-1))[..., None]]


label_rank = LabelRank()
even_max = EvenMax()
