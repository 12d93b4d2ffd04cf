"""Class labels as indices: reading, writing and finding the entry of the class axis that a label names.

A label outside ``[0, num_classes)`` never touches memory outside its row. Where the backend can raise (Numba, C) it
is a `LabelError`; where it cannot (JAX, PyTorch, MLX) the item becomes NaN, in value and gradient.
"""

from typing import ClassVar

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type

from objectives.ops._symbolic import ShapedOp
from objectives.ops.selection import TOLERANCE, equal, outside, where
from objectives.ops.shapes import own_shape


class LabelError(IndexError):
    """A class label lies outside ``[0, num_classes)``.

    Takes the label, its position and the number of classes, so that compiled code need not format text; or, as
    PyTensor does when it adds the failing node to an error, the finished message.
    """

    what = "class label {} at position {} of the targets"
    fix = (
        "targets must be integers from 0 to the number of classes - 1. Leave out missing labels with a mask, "
        "for example mask=pt.neq(targets, -100). (Dense targets that name no class, or are outside [0, 1], count as "
        "label -1.)"
    )

    def __init__(self, label, position=None, num_classes=None):
        if position is None:
            super().__init__(label)
            return
        super().__init__(f"{self.what.format(label, position)} is outside [0, {num_classes}): {self.fix}")


class BinaryTargetError(LabelError):
    """A target of two classes is neither 0 nor 1."""

    def __init__(self, target, position=None):
        if position is not None:
            is_fraction = 0 < target < 1
            target = int(target) if float(target).is_integer() else float(target)
            target = (
                f"target {target} at position {position} is neither 0 nor 1. "
                + ("Are predictions and targets swapped? The order is (predictions, targets). " if is_fraction else "")
                + "Leave out missing labels with a mask, for example mask=labelled(targets); of targets -1 and 1 give "
                "targets > 0"
            )
        super().__init__(target)


class SampledLabelError(LabelError):
    """A sampled class lies outside ``[0, num_classes)``."""

    what = "sampled class {} at position {} of the samples"
    fix = "samples must be integers from 0 to the number of classes - 1, the number of rows of the weights."


class PredictedLabelError(LabelError):
    """A predicted class index lies outside ``[0, num_classes)``."""

    what = "predicted class {} at position {}"
    fix = (
        "predictions of integers are indices from 0 to num_classes - 1, of clusters to num_clusters - 1. Give a "
        "larger number, or leave items out with a mask."
    )


def check_labels(labels, num_classes, error=LabelError):
    """Raise an error for the first label outside ``[0, num_classes)``."""
    bad = (labels < 0) | (labels >= num_classes)
    if bad.any():
        position = tuple(int(i) for i in np.argwhere(bad)[0])
        raise error(int(labels[position]), position, num_classes)


def check_shapes(scores, labels):
    """Raise unless there is one label for each row of the last axis of ``scores``."""
    if scores.shape[:-1] != labels.shape:
        raise ValueError(
            f"shape mismatch between targets {labels.shape} and predictions {scores.shape}: "
            "integer targets have the shape of the predictions without the class axis"
        )


def check_binary(targets):
    """Raise `BinaryTargetError` for the first target that is neither 0 nor 1."""
    bad = (targets != 0) & (targets != 1)
    if bad.any():
        position = tuple(int(i) for i in np.argwhere(bad)[0])
        raise BinaryTargetError(targets[position], position)


def _in_range(labels, num_classes):
    return pt.ge(labels, 0) & pt.lt(labels, num_classes)


class PickClass(ShapedOp):
    r"""The entry of each row that its label names: (x (..., C), y (...)) to :math:`x_{i, y_i}` (...)."""

    connected = (True, False)

    def build_inner_graph(self, x, y):
        valid = _in_range(y, x.shape[-1])
        picked = pt.take_along_axis(x, pt.switch(valid, y, 0)[..., None], axis=-1)[..., 0]
        return [pt.switch(valid, picked, np.nan).astype(x.dtype)]

    def perform(self, node, inputs, outputs):
        x, y = inputs
        check_shapes(x, y)
        check_labels(y, x.shape[-1])
        outputs[0][0] = np.asarray(np.take_along_axis(x, y[..., None], axis=-1)[..., 0])

    def output_shape(self, x, y):
        return y

    def pullback(self, inputs, outputs, output_grads):
        x, y = inputs
        return [place_class(output_grads[0], y, x), disconnected_type()]


class PlaceClass(ShapedOp):
    r"""The transpose of `PickClass`: (g (...), y (...), like (..., C)) to zeros with :math:`g_i` at :math:`(i, y_i)`.

    Only the shape of ``like`` is read.
    """

    connected = (True, False, False)

    def build_inner_graph(self, g, y, like):
        num_classes = like.shape[-1]
        # int64 constants: the int8 ones that arange takes by default overflow on JAX
        classes = pt.arange(np.int64(0), num_classes, np.int64(1), dtype="int64")
        g = pt.switch(_in_range(y, num_classes), g, np.nan)[..., None]
        unnamed = _in_range(y, num_classes)[..., None] & pt.neq(classes, y[..., None])
        return [pt.switch(unnamed, 0, g).astype(like.dtype)]

    def perform(self, node, inputs, outputs):
        g, y, like = inputs
        check_shapes(like, y)
        check_labels(y, like.shape[-1])
        placed = np.zeros(like.shape, dtype=node.outputs[0].dtype)
        np.put_along_axis(placed, y[..., None], np.asarray(g)[..., None], axis=-1)
        outputs[0][0] = placed

    def output_shape(self, g, y, like):
        return like

    def pullback(self, inputs, outputs, output_grads):
        _, y, _ = inputs
        return [pick_class(output_grads[0], y), disconnected_type(), disconnected_type()]


class IsClass(ShapedOp):
    """Which class each label names: (y (...), like (..., C)) to one-hot rows of bool (..., C).

    Only the shape of ``like`` is read. The row of an invalid label is all False where the backend cannot raise.
    """

    connected = (False, False)

    def build_inner_graph(self, y, like):
        classes = pt.arange(np.int64(0), like.shape[-1], np.int64(1), dtype="int64")
        return [equal(classes, y[..., None])]

    def perform(self, node, inputs, outputs):
        y, like = inputs
        check_shapes(like, y)
        check_labels(y, like.shape[-1])
        outputs[0][0] = np.arange(like.shape[-1]) == y[..., None]

    def output_shape(self, y, like):
        return like


class NamedClass(ShapedOp):
    """The class that each dense row names: the first index of its maximum.

    It is -1 where no entry is positive, and where one is outside [0, 1], apart from rounding.
    """

    connected = (False,)

    def build_inner_graph(self, t):
        greatest = where(outside(t, 0, 1), np.nan, t).max(axis=-1)
        return [pt.switch(pt.gt(greatest, 0), pt.argmax(t, axis=-1), -1).astype("int64")]

    def perform(self, node, inputs, outputs):
        (t,) = inputs
        outside = (t < -TOLERANCE) | (t > 1 + TOLERANCE)
        names = (t.max(axis=-1) > 0) & ~outside.any(axis=-1)
        outputs[0][0] = np.asarray(np.where(names, t.argmax(axis=-1), -1), dtype="int64")

    def output_shape(self, t):
        return t[:-1]


class KnownClass(ShapedOp):
    """Labels, checked: (y (...), like (C, ...)) to y as int64; another raises, or is -1 where a backend cannot raise.

    Only the length of ``like`` is read. The property says whose labels they are.
    """

    __props__ = ("of",)
    connected = (False, False)
    errors: ClassVar = {"targets": LabelError, "samples": SampledLabelError}

    def __init__(self, *, of, **kwargs):
        self.of = of
        super().__init__(**kwargs)

    def build_inner_graph(self, y, like):
        return [pt.switch(_in_range(y, like.shape[0]), y, -1).astype("int64")]

    def perform(self, node, inputs, outputs):
        y, like = inputs
        check_labels(y, len(like), self.errors[self.of])
        outputs[0][0] = np.array(y, dtype="int64")  # a copy: its reader may write into it

    def output_shape(self, y, like):
        return y


class BestClass(ShapedOp):
    """The class of the greatest score, the first of equal ones; -1 where a score is NaN: (..., C) to int64 (...)."""

    connected = (False,)

    def build_inner_graph(self, scores):
        is_valid = pt.invert(pt.isnan(scores).any(axis=-1))
        return [pt.switch(is_valid, pt.argmax(scores, axis=-1), -1).astype("int64")]

    def perform(self, node, inputs, outputs):
        (scores,) = inputs
        best = scores.argmax(axis=-1)  # the first NaN, if there is one
        greatest = np.take_along_axis(scores, best[..., None], axis=-1)[..., 0]
        outputs[0][0] = np.asarray(np.where(np.isnan(greatest), -1, best), dtype="int64")

    def output_shape(self, scores):
        return scores[:-1]


class BinaryTarget(ShapedOp):
    """Targets (...) in {0, 1} of any dtype as int8; another raises, or becomes -1 where the backend cannot raise."""

    connected = (False,)

    def build_inner_graph(self, t):
        return [pt.switch(pt.neq(t, 0), pt.switch(pt.neq(t, 1), -1, 1), 0).astype("int8")]

    def perform(self, node, inputs, outputs):
        (t,) = inputs
        check_binary(t)
        outputs[0][0] = np.asarray(t, dtype="int8")

    def output_shape(self, t):
        return t


binary_target = BinaryTarget()
pick_class = PickClass()
place_class = PlaceClass()
is_class = IsClass()
named_class = NamedClass()
known_target, known_sample = KnownClass(of="targets"), KnownClass(of="samples")
best_class = BestClass()


def one_hot(labels, like):
    """One-hot rows in the dtype of ``like`` (..., C), NaN for an invalid label where the backend cannot raise."""
    valid = _in_range(labels, own_shape(like).shape[-1])
    return where(valid[..., None], is_class(labels, like).astype(like.dtype), np.nan)
