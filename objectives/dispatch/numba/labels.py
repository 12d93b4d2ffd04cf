import numpy as np

from objectives.dispatch.numba._registration import check_label_shapes, register_kernel, register_kernel_maker
from objectives.dispatch.numba._views import flat, shaped
from objectives.ops.labels import (
    BestClass,
    BinaryTarget,
    BinaryTargetError,
    IsClass,
    KnownClass,
    LabelError,
    NamedClass,
    PickClass,
    PlaceClass,
)
from objectives.ops.selection import TOLERANCE

# The range of dense targets.
LEAST, MOST = -TOLERANCE, 1 + TOLERANCE


@register_kernel(PickClass)
def pick_class(x, y):
    check_label_shapes(x, y)
    num_classes = x.shape[-1]
    picked = np.empty(y.shape, x.dtype)
    for i in np.ndindex(y.shape):
        label = y[i]
        if label < 0 or label >= num_classes:
            raise LabelError(label, i, num_classes)
        picked[i] = x[(*i, label)]
    return picked


@register_kernel(PlaceClass)
def place_class(g, y, like):
    check_label_shapes(like, y)
    check_label_shapes(like, g)
    num_classes = like.shape[-1]
    placed = np.zeros(like.shape, like.dtype)
    for i in np.ndindex(y.shape):
        label = y[i]
        if label < 0 or label >= num_classes:
            raise LabelError(label, i, num_classes)
        placed[(*i, label)] = g[i]
    return placed


@register_kernel(BinaryTarget)
def binary_target(t):
    given = flat(t)
    labels = np.empty(given.size, np.int8)
    bad = False
    for k in range(given.size):  # no early exit, so that the loop is vectorized
        labels[k] = given[k] == 1
        bad |= (given[k] != 0) & (given[k] != 1)
    if bad:
        for i in np.ndindex(t.shape):
            if t[i] != 0 and t[i] != 1:
                raise BinaryTargetError(t[i], i)
    return shaped(labels, t.shape)


@register_kernel(IsClass)
def is_class(y, like):
    check_label_shapes(like, y)
    num_classes = like.shape[-1]
    one_hot = np.zeros(like.shape, np.bool_)
    for i in np.ndindex(y.shape):
        label = y[i]
        if label < 0 or label >= num_classes:
            raise LabelError(label, i, num_classes)
        one_hot[(*i, label)] = True
    return one_hot


@register_kernel_maker(KnownClass)
def make_known_class(op, node):
    error = op.errors[op.of]

    def known_class(y, like):
        given, num_classes = flat(y), like.shape[0]
        known = np.empty(given.size, np.int64)
        bad = False
        for k in range(given.size):  # no early exit, so that the loop is vectorized
            known[k] = given[k]
            bad |= (given[k] < 0) | (given[k] >= num_classes)
        if bad:
            for i in np.ndindex(y.shape):
                if y[i] < 0 or y[i] >= num_classes:
                    raise error(y[i], i, num_classes)
        return shaped(known, y.shape)

    return known_class


@register_kernel(NamedClass)
def named_class(t):
    named = np.empty(t.shape[:-1], np.int64)
    for i in np.ndindex(t.shape[:-1]):
        largest, index = 0.0, -1
        row = t[i]
        for c in range(row.size):
            if not LEAST <= row[c] <= MOST:  # a row with a NaN names no class
                index = -1
                break
            if row[c] > largest:
                largest, index = row[c], c
        named[i] = index
    return named


@register_kernel(BestClass)
def best_class(scores):
    best = np.empty(scores.shape[:-1], np.int64)
    for i in np.ndindex(best.shape):
        row = scores[i]
        greatest, index = -np.inf, 0
        for c in range(row.size):
            if row[c] != row[c]:
                index = -1
                break
            if row[c] > greatest:
                greatest, index = row[c], c
        best[i] = index
    return best
