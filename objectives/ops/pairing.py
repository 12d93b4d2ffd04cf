"""Labels and the rows of scores that an index pairs with them, where they need not be equally many."""

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.type import tensor

NO_ITEM = -1


class OverRows(Op):
    """What there is for each label, for each row of scores: (x (M...), scores (N..., C)) to (N...).

    ``by_label`` says of each axis whether the index ``(arange(n), labels)`` counts labels or rows there. Counted
    labels may be fewer than the rows, of which the last are `NO_ITEM` then; of counted rows a single label is for all.
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
        if not all(given <= rows if by_label else given in (1, rows) for by_label, given, rows in lengths):
            raise unpaired(x.shape, scores.shape[:-1])
        return tuple(slice(given if by_label else rows) for by_label, given, rows in lengths)

    def infer_shape(self, *arguments):
        return [arguments[-1][1][:-1]]


class FirstRows(Op):
    """The first rows of x (N...), as many as there are labels (M...): (M...)."""

    __props__ = ()

    def make_node(self, *inputs):
        x, labels = inputs
        return Apply(self, [x, labels], [tensor(dtype=x.dtype, shape=labels.type.shape)])

    def perform(self, node, inputs, outputs):
        x, labels = inputs
        outputs[0][0] = np.array(x[self.place(x, labels)])

    def place(self, x, labels):
        if any(n > m for n, m in zip(labels.shape, x.shape, strict=True)):
            raise unpaired(labels.shape, x.shape)
        return tuple(slice(n) for n in labels.shape)

    def infer_shape(self, *arguments):
        return [arguments[-1][1]]


def unpaired(labels, rows):
    """The error of an index that PyTensor would refuse, too."""
    return IndexError(f"shape mismatch: labels {tuple(labels)} cannot index rows {tuple(rows)}")


first_rows = FirstRows()
