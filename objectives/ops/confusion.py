"""Counts of pairs of class indices, such as the confusion matrix."""

import numpy as np
import pytensor.tensor as pt

from objectives.ops._symbolic import ShapedOp
from objectives.ops.labels import LabelError, PredictedLabelError
from objectives.ops.selection import equal


class ConfusionCounts(ShapedOp):
    """Weights of items by row and column: (rows (N,), columns (N,), weights (N,)) to (num_rows, num_columns).

    Rows are class indices of targets, columns those of predictions. One that is out of range raises, or makes all
    counts NaN where the backend cannot raise. Counts are float64, whatever the weights are.
    """

    __props__ = ("num_columns", "num_rows")
    connected = (False, False, False)

    def __init__(self, *, num_rows, num_columns, **kwargs):
        self.num_rows, self.num_columns = int(num_rows), int(num_columns)
        super().__init__(**kwargs)

    def build_inner_graph(self, rows, columns, weights):
        def one_hot(labels, number):
            return equal(labels[:, None], np.arange(number)).astype("float64")

        def out_of_range(labels, number):
            return (pt.lt(labels, 0) | pt.ge(labels, number)).any()

        counts = (one_hot(rows, self.num_rows) * weights[:, None]).T @ one_hot(columns, self.num_columns)
        bad = out_of_range(rows, self.num_rows) | out_of_range(columns, self.num_columns)
        return [pt.specify_shape(pt.switch(bad, np.nan, counts), self.shape)]

    @property
    def shape(self):
        return self.num_rows, self.num_columns

    def perform(self, node, inputs, outputs):
        rows, columns, weights = inputs
        check_pairs(rows, columns, weights, self.num_rows, self.num_columns)
        counts = np.bincount(rows * self.num_columns + columns, weights, minlength=self.num_rows * self.num_columns)
        outputs[0][0] = counts.reshape(self.shape).astype("float64")  # NumPy gives integers if there are no items

    def output_shape(self, rows, columns, weights):
        return tuple(pt.constant(n, dtype="int64") for n in self.shape)


def check_pairs(rows, columns, weights, num_rows, num_columns):
    """Raise for what cannot be counted."""
    if not rows.shape == columns.shape == weights.shape:
        raise ValueError(
            f"shape mismatch between {rows.size} targets, {columns.size} predictions and {weights.size} weights: "
            "there must be one of each for each item"
        )
    check_range(rows, num_rows, LabelError)
    check_range(columns, num_columns, PredictedLabelError)


def check_range(labels, number, error):
    """Raise for the first label outside ``[0, number)``."""
    bad = (labels < 0) | (labels >= number)
    if bad.any():
        position = int(bad.argmax())
        raise error(int(labels[position]), position, number)


def confusion_counts(rows, columns, weights, *, num_rows, num_columns):
    """The `ConfusionCounts` of vectors."""
    return ConfusionCounts(num_rows=num_rows, num_columns=num_columns)(rows, columns, weights)
