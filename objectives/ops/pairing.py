"""Labels and the rows of scores that an index pairs with them, where they need not be equally many."""

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.type import tensor

from objectives.ops.shapes import own_shapes

NO_ITEM = -1


class OverRows(Op):
    """What there is for each label, for each row of scores: (x (M...), scores (N..., C)) to (N...).

    ``by_label`` says of each axis whether the index ``(arange(n), labels)`` counts labels or rows there. Counted
    labels may be fewer than the rows, of which the last are `NO_ITEM` then; of counted rows a single label is for all;
    None stands for as many labels as rows.
    """

    __props__ = ("by_label",)

    def __init__(self, by_label):
        self.by_label = by_label

    def make_node(self, *inputs):
        x, scores = inputs
        return Apply(self, [x, scores], [tensor(dtype=x.dtype, shape=scores.type.shape[:-1])])

    def perform(self, node, inputs, outputs):
        x, scores = inputs
        outputs[0][0] = result = np.full(scores.shape[:-1], NO_ITEM, x.dtype)
        result[self.place(x, scores)] = x

    def place(self, x, scores):
        """The slices of the result that are set."""
        lengths = tuple(zip(self.by_label, x.shape, scores.shape[:-1], strict=True))
        if not all(map(_fit, *zip(*lengths, strict=True))):
            raise unpaired(x.shape, scores.shape[:-1])
        return tuple(slice(given if by_label else rows) for by_label, given, rows in lengths)

    def infer_shape(self, *arguments):
        return [own_shapes(arguments)[1][:-1]]


class FirstRows(Op):
    """The rows of x (N...) that have a label: those of counted labels (M...) are the first, see `OverRows`."""

    __props__ = ("by_label",)

    def __init__(self, by_label):
        self.by_label = by_label

    def make_node(self, *inputs):
        x, labels = inputs
        shape = self.lengths(x.type.shape, labels.type.shape)
        return Apply(self, [x, labels], [tensor(dtype=x.dtype, shape=shape)])

    def perform(self, node, inputs, outputs):
        x, labels = inputs
        outputs[0][0] = np.array(x[self.place(x, labels)])

    def place(self, x, labels):
        """The slices of the rows."""
        lengths = self.lengths(x.shape, labels.shape)
        if any(n > m for n, m in zip(lengths, x.shape, strict=True)):
            raise unpaired(labels.shape, x.shape)
        return tuple(map(slice, lengths))

    def lengths(self, rows, labels):
        return tuple(m if by_label else n for by_label, n, m in zip(self.by_label, rows, labels, strict=True))

    def infer_shape(self, *arguments):
        return [self.lengths(*own_shapes(arguments))]


def _fit(by_label, given, rows):
    return given == rows or (given < rows if by_label else by_label is False and given == 1)


def unpaired(labels, rows):
    """The error of an index that PyTensor would refuse, too."""
    return IndexError(f"shape mismatch: labels {tuple(labels)} cannot index rows {tuple(rows)}")
