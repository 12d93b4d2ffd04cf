import numpy as np

from objectives.dispatch.numba._registration import register_kernel_maker
from objectives.ops.confusion import ConfusionCounts
from objectives.ops.labels import LabelError, PredictedLabelError


@register_kernel_maker(ConfusionCounts)
def make_confusion_counts(op, node):
    num_rows, num_columns = op.num_rows, op.num_columns

    def confusion_counts(rows, columns, weights):
        if rows.size != columns.size or rows.size != weights.size:
            raise ValueError("shape mismatch: there must be one prediction and one weight for each target")
        counts = np.zeros((num_rows, num_columns))
        for i in range(rows.size):
            row, column = rows[i], columns[i]
            if row < 0 or row >= num_rows:
                raise LabelError(row, i, num_rows)
            if column < 0 or column >= num_columns:
                raise PredictedLabelError(column, i, num_columns)
            counts[row, column] += weights[i]
        return counts

    return confusion_counts
