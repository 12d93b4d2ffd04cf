import numpy as np

from objectives.dispatch.numba._registration import check_label_shapes, register_kernel
from objectives.dispatch.numba._rows import check_label_range, flat, inlined, kernel, uint64
from objectives.dispatch.numba._threads import in_threads
from objectives.ops.ranking import EvenMax, LabelRank


@inlined
def _count_not_less(x, start, stop, s):
    count = np.int32(0)
    for j in range(start, stop):
        count += np.int32(not (x[j] < s))
    return count


@inlined
def _count_not_less_or_equal(x, start, stop, s):
    count = np.int32(0)
    for j in range(start, stop):
        count += np.int32(not (x[j] <= s))
    return count


@kernel
def _rank_rows(start, stop, num_classes, scores, labels, ranks):
    num_classes = uint64(num_classes)
    for i in range(uint64(start), uint64(stop)):
        row = i * num_classes
        own = row + uint64(labels[i])
        s = scores[own]
        ranks[i] = _count_not_less(scores, row, own, s) + _count_not_less_or_equal(scores, own, row + num_classes, s)


_rank_in_threads = in_threads(_rank_rows)


@register_kernel(LabelRank)
def label_rank(scores, labels):
    check_label_shapes(scores, labels)
    num_classes = scores.shape[-1]
    check_label_range(labels, np.empty(0, np.bool_), num_classes)
    ranks = np.empty(labels.size, np.int64)
    _rank_in_threads(labels.size, scores.size, (num_classes, flat(scores), flat(labels), ranks))
    return ranks.reshape(labels.shape)


@register_kernel(EvenMax)
def even_max(x):
    largest = np.full(x.shape[:-1], -np.inf, x.dtype)
    for i in np.ndindex(x.shape[:-1]):
        row, m = x[i], largest[i]
        for c in range(row.size):
            if not (row[c] <= m):  # also when row[c] is NaN
                m = row[c]
            if m != m:
                break
        largest[i] = m
    return largest
