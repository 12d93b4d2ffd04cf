import numpy as np

from objectives.dispatch.numba._registration import check_label_shapes, register_kernel
from objectives.ops.labels import LabelError
from objectives.ops.ranking import EvenMax, LabelRank


@register_kernel(LabelRank)
def label_rank(scores, labels):
    check_label_shapes(scores, labels)
    num_classes = scores.shape[-1]
    ranks = np.empty(labels.shape, np.int64)
    for i in np.ndindex(labels.shape):
        label = labels[i]
        if label < 0 or label >= num_classes:
            raise LabelError(label, i, num_classes)
        row = scores[i]
        s = row[label]
        rank = 0
        for c in range(label):
            rank += not (row[c] < s)
        for c in range(label, num_classes):
            rank += not (row[c] <= s)
        ranks[i] = rank
    return ranks


@register_kernel(EvenMax)
def even_max(x):
    if x.shape[-1] == 0:
        raise ValueError("the class axis has length 0")
    largest = np.empty(x.shape[:-1], x.dtype)
    for i in np.ndindex(x.shape[:-1]):
        row = x[i]
        m = row[0]
        for c in range(1, row.size):
            if not (row[c] <= m):  # also when row[c] is NaN
                m = row[c]
            if m != m:
                break
        largest[i] = m
    return largest
