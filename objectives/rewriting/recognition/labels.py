"""Finds class labels in users' graphs: as an index into each row, and as one-hot rows.

A row is a variable that is the same for all classes: of fewer dimensions than the scores (..., C), or with a last axis
of length 1.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import pytensor.scalar as ps
from pytensor.graph.basic import Constant, Variable, equal_computations
from pytensor.tensor.basic import ARange, Eye
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Shape_i
from pytensor.tensor.subtensor import AdvancedIncSubtensor, AdvancedSubtensor

LABEL_DTYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")


class Labels(NamedTuple):
    """Labels as they were written, what negative ones mean, and how many there are.

    If it ``wraps``, a negative label counts from the last class, else it is not a class. ``by_label`` tells for each
    axis of an index whether it runs over the labels, which may be fewer than the rows, or over the rows, which may all
    have one label; None where there are as many labels as rows, or PyTensor raises.
    """

    variable: Variable
    wraps: bool
    by_label: tuple[bool | None, ...] | None = None

    def as_many_as_rows(self):
        """The same labels, given that an index that runs over them runs over the rows."""
        by_label = tuple(None if counted else counted for counted in self.by_label or ())
        return self._replace(by_label=by_label if False in by_label else None)

    @property
    def are_few(self) -> bool:
        """Whether there may be rows without a label."""
        return self.by_label is not None and any(self.by_label)

    @property
    def all_name_classes(self) -> bool:
        return self.wraps and not self.are_few


def made_by(variable, op_type) -> bool:
    return variable.owner is not None and isinstance(variable.owner.op, op_type)


def scalar_op(variable):
    """The type of the scalar Op that makes each entry, or None."""
    return type(variable.owner.op.scalar_op) if made_by(variable, Elemwise) else None


def is_over_classes(axis, ndim) -> bool:
    """Whether a reduction runs over the last axis and no other."""
    return ndim == 1 if axis is None else tuple(axis) == (ndim - 1,)


def constant(variable):
    """The number that all entries of a constant equal, or None."""
    if not isinstance(variable, Constant) or np.size(variable.data) == 0:
        return None
    entries = np.ravel(variable.data)
    return entries[0].item() if (entries == entries[0]).all() else None


def picked(fgraph, variable, logits):
    """(scores, labels) if a variable holds, for each row of scores, the entry of its label, or None.

    The scores have the rows of the logits.
    """
    if not made_by(variable, AdvancedSubtensor):
        return None
    scores, *index = variable.owner.inputs
    labels = _labels_of_index(fgraph, variable, index, logits)
    return None if labels is None else (scores, labels)


def placed(fgraph, variable, logits):
    """(base, values, labels) if a variable is base with values set at, or added to, such entries, or None."""
    if not made_by(variable, AdvancedIncSubtensor):
        return None
    base, values, *index = variable.owner.inputs
    labels = _labels_of_index(fgraph, variable, index, logits)
    fits = labels is not None and (values.ndim == 0 or values.ndim == max(i.ndim for i in index))
    return (base, values, labels) if fits else None


def _labels_of_index(fgraph, variable, index, logits):
    """The labels y of an index (0.., 0.., ..., y) that names one class for each row of scores."""
    scores = variable.owner.inputs[0]
    if scores.ndim != logits.ndim or tuple(variable.owner.op.idx_list) != tuple(range(scores.ndim)):
        return None
    *grid, y = index
    if y.dtype not in LABEL_DTYPES or y.ndim < max(i.ndim for i in grid):
        return None
    if y.ndim != scores.ndim - 1 and not (y.ndim == scores.ndim and y.type.broadcastable[-1]):
        return None
    if not has_rows_of(y, logits) or scores.type.broadcastable != logits.type.broadcastable:
        return None
    counted = [_counted(fgraph, i, axis, y, scores, logits) for axis, i in enumerate(grid)]
    if not all(any(of) for of in counted):
        return None
    are_equal = all(of_labels and of_rows for of_labels, of_rows in counted)
    by_label = None if are_equal else tuple(not of_rows for _, of_rows in counted)
    return Labels(_without_class_axis(y, scores.ndim), wraps=True, by_label=by_label)


def has_rows_of(y, scores) -> bool:
    """Whether the types of labels and scores allow as many labels as rows."""
    both = zip(y.type.shape[: scores.ndim - 1], scores.type.shape[:-1], strict=True)
    return all(n == m or (None in (n, m) and 1 not in (n, m)) for n, m in both)


def _counted(fgraph, index, axis, y, *scores):
    """Whether an index runs from 0 to the length of an axis, along that axis: of the labels, and of the scores."""
    order: list = list(range(index.ndim))
    if made_by(index, DimShuffle):
        order = list(index.owner.op.new_order)
        (index,) = index.owner.inputs
    elif isinstance(index, Constant) and index.type.shape.count(1) == index.type.ndim - 1 > 0:
        # PyTensor has folded the DimShuffle of a constant
        order = ["x" if n == 1 else 0 for n in index.type.shape]
    order = ["x"] * (y.ndim - len(order)) + order
    if order != ["x"] * axis + [0] + ["x"] * (y.ndim - axis - 1):
        return False, False
    return tuple(_is_arange(index, partial(_is_length, fgraph, axis, *of)) for of in ((y,), scores))


def _is_arange(variable, is_length) -> bool:
    if isinstance(variable, Constant):
        entries = np.ravel(variable.data)
        return np.array_equal(entries, np.arange(entries.size)) and is_length(stop=entries.size)
    if not made_by(variable, ARange):
        return False
    start, stop, step = variable.owner.inputs
    return constant(start) == 0 and constant(step) == 1 and is_length(stop=stop)


def _is_length(fgraph, axis, *variables, stop):
    """Whether a number, or a scalar variable, is the length of an axis of one of the variables."""
    value = stop if isinstance(stop, int) else constant(stop)
    if value is not None:
        return any(v.type.shape[axis] == value for v in variables)
    return any(_is_length_of(fgraph, stop, axis, v) for v in variables)


def _is_length_of(fgraph, stop, axis, variable):
    if made_by(stop, Shape_i) and stop.owner.op.i == axis and stop.owner.inputs[0] is variable:
        return True
    shapes = getattr(fgraph, "shape_feature", None)
    return shapes is not None and equal_computations([shapes.get_shape(variable, axis)], [stop])


def one_hot(variable):
    """The labels of a matrix of 0 and 1 that has a 1 at each label, or None."""
    if variable.ndim < 2 or variable.type.broadcastable[-1]:
        return None
    if scalar_op(variable) is ps.Cast:
        variable = variable.owner.inputs[0]
    if scalar_op(variable) is ps.EQ:
        a, b = variable.owner.inputs
        return _compared(a, b) or _compared(b, a)
    if made_by(variable, AdvancedSubtensor):
        return _row_of_identity(variable)
    return None


def _compared(y, classes):
    """The labels y of ``y[..., None] == arange(C)``, where a label outside of [0, C) makes a row of zeros."""
    if y.dtype not in LABEL_DTYPES or not y.type.broadcastable[-1] or not all(classes.type.broadcastable[:-1]):
        return None
    while made_by(classes, DimShuffle):
        (classes,) = classes.owner.inputs
    if isinstance(classes, Constant):
        is_count = np.array_equal(np.ravel(classes.data), np.arange(classes.data.size))
    else:
        # any other length could not be broadcast with the matrix
        is_count = _is_arange(classes, lambda stop: True)
    return Labels(_without_class_axis(y, y.ndim), wraps=False) if is_count else None


def _row_of_identity(variable):
    """The labels y of ``eye(C)[y]``."""
    identity, *index = variable.owner.inputs
    if tuple(variable.owner.op.idx_list) != (0,) or identity.ndim != 2 or index[0].dtype not in LABEL_DTYPES:
        return None
    if scalar_op(identity) is ps.Cast:
        identity = identity.owner.inputs[0]
    return Labels(index[0], wraps=True) if _is_identity(identity) else None


def _is_identity(variable):
    if isinstance(variable, Constant):
        n, m = variable.data.shape
        return n == m and np.array_equal(variable.data, np.eye(n))
    if not made_by(variable, Eye):
        return False
    n, m, k = variable.owner.inputs
    return constant(k) == 0 and equal_computations([n], [m])


def _without_class_axis(y, ndim):
    """Labels without the axis of length 1, if a DimShuffle has just given them one."""
    if y.ndim == ndim and made_by(y, DimShuffle) and list(y.owner.op.new_order) == [*range(ndim - 1), "x"]:
        return y.owner.inputs[0]
    return y
