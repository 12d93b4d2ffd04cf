r"""Crossentropy of logits and its gradient, in one pass over the rows.

For a row z with maximum m, the softmax is :math:`p_j = e^{z_j - m} / s` with :math:`s = \sum_k e^{z_k - m}`, and with
the targets t (smoothed and weighted) and their sum T

    loss = sum_j t_j (log s - (z_j - m)) + z_loss l^2,    gradient = a (T + 2 z_loss l) p_j - b t_j,

where l = log s + m. 1. m; 2. the sums over the targets, which read z; 3. the exponentials, which may overwrite z, and
s; 4. the gradient. A row stays in the cache from one step to the next.
"""

import numpy as np
from numba import types
from pytensor.link.numba.dispatch.basic import numba_njit

from objectives.dispatch.numba._memory import empty
from objectives.dispatch.numba._registration import (
    array_type,
    check_label_shapes,
    check_same_shape,
    hashed,
    option,
    register_item_kernels,
)
from objectives.dispatch.numba._rows import (
    check_label_range,
    flat,
    inlined,
    kernel,
    one_per_item,
    row_functions,
    uint64,
)
from objectives.dispatch.numba._separate import caller, separate
from objectives.dispatch.numba._simd import FUNCTIONS, scalar
from objectives.dispatch.numba._threads import in_threads
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.selection import TOLERANCE

SHORT = 48  # shorter rows are grouped, so that the exponentials fill whole vectors
BLOCK = 2048  # entries of a group of short rows
CAPPED = 1 << 14  # logits that are capped at a time


@scalar
def _times(weight, value):
    """The product, where 0 times infinity is 0."""
    return weight * (weight if (weight == 0) & (abs(value) == np.inf) else value)


@scalar
def _minus(x, y):
    """A difference that is not reordered, which would cancel what a small loss is made of."""
    return x - y


@scalar
def _penalty(z_loss, log_partition):
    return _times(z_loss, log_partition * log_partition)


def _row_sums(dtype, dense, weighted, smoothed):
    """Step 2: (sum of the targets, sum of targets times z - m, share of the label) of a row.

    The sum of the targets is NaN where one of them is outside its range, and with it loss and gradient.
    """
    zero, one = np.dtype(dtype).type(0), np.dtype(dtype).type(1)
    nan, tolerance = np.dtype(dtype).type(np.nan), np.dtype(dtype).type(TOLERANCE)

    @inlined
    def target(targets, weights, keep, spread, row, j):
        t = targets[row + j] if dense else zero
        if smoothed:
            t = keep * t + spread
        return t * weights[j] if weighted else t

    @inlined
    def out_of_range(targets, row, num_classes, most):
        outside = False
        for j in range(num_classes):
            outside |= (targets[row + j] < -tolerance) | (targets[row + j] > most)
        return nan if outside else zero

    @inlined
    def row_sums(z, m, targets, i, weights, keep, spread, most, row, num_classes):
        total = dot = own = zero
        size = plain = zero
        if dense or smoothed:
            for j in range(num_classes):
                t = target(targets, weights, keep, spread, row, j)
                total += t
                dot += _times(t, _minus(z[row + j], m))
                if dense:
                    size += abs(targets[row + j])
                    plain += targets[row + j]
        if not dense:
            y = uint64(targets[i])
            own = keep * weights[y] if weighted else keep * one
            total += own
            dot += _times(own, _minus(z[row + y], m))
        # only where these sums leave it open are the targets looked at one by one
        if dense and (size > most) | (size - plain > tolerance):
            total += out_of_range(targets, row, num_classes, most)
        return total, dot, own

    return target, row_sums


def _make_write_gradient(target, *, dense, smoothed):
    """Step 4: a row of the gradient, from the exponentials in ``out``."""

    @inlined
    def write_gradient(out, targets, i, weights, keep, spread, row, num_classes, scale, own, b):
        for j in range(num_classes):
            g = out[row + j] * scale
            if dense or smoothed:
                g -= b * target(targets, weights, keep, spread, row, j)
            out[row + j] = g
        if not dense:
            out[row + uint64(targets[i])] -= b * own

    return write_gradient


def _make_long_rows(dtype, row_sums, write_gradient):
    """Row by row, each of which fills whole vectors."""
    log, zero, two = FUNCTIONS[dtype]["log"], np.dtype(dtype).type(0), np.dtype(dtype).type(2)
    largest, sum_of_exp, store_exp, fill = row_functions(dtype)

    @inlined
    def long_rows(
        start, stop, num_classes, z, targets, a, b, weights, keep, spread, most, z_loss, mask, loss, gradient
    ):
        masked, with_loss, with_gradient = mask.size > 0, loss.size > 0, gradient.size > 0
        for i in range(start, stop):
            row = i * num_classes
            if masked and not mask[i]:
                if with_loss:
                    loss[i] = zero
                if with_gradient:
                    fill(gradient, row, num_classes, zero)
                continue
            m = largest(z, row, num_classes)  # 1.
            # 2.
            total, dot, own = row_sums(z, m, targets, i, weights, keep, spread, most, row, num_classes)
            if with_gradient:
                s = store_exp(z, row, num_classes, m, gradient, row)  # 3.
            else:
                s = sum_of_exp(z, row, num_classes, m)
            log_s = log(s)
            if with_gradient:  # 4.
                scale = a[i] * (total + two * z_loss * (log_s + m)) / s
                write_gradient(gradient, targets, i, weights, keep, spread, row, num_classes, scale, own, b[i])
            if with_loss:
                loss[i] = _minus(_times(total, log_s), dot) + _penalty(z_loss, log_s + m)

    return long_rows


def _make_short_rows(dtype, row_sums, write_gradient):
    """A block of rows at a time, each step one pass over it: together, the exponentials of short rows fill vectors."""
    exp, log = FUNCTIONS[dtype]["exp"], FUNCTIONS[dtype]["log"]
    zero, two = np.dtype(dtype).type(0), np.dtype(dtype).type(2)
    largest, _, _, fill = row_functions(dtype)

    @inlined
    def short_rows(
        start, stop, num_classes, z, targets, a, b, weights, keep, spread, most, z_loss, mask, loss, gradient
    ):
        masked, with_loss, with_gradient = mask.size > 0, loss.size > 0, gradient.size > 0
        height = uint64(BLOCK) // num_classes
        totals, dots = np.empty(height, z.dtype), np.empty(height, z.dtype)
        owns, maxima = np.empty(height, z.dtype), np.empty(height, z.dtype)
        sums, logs = np.empty(height, z.dtype), np.empty(height, z.dtype)
        scratch = np.empty(uint64(0) if with_gradient else height * num_classes, z.dtype)
        for first in range(start, stop, height):
            count = min(height, stop - first)
            begin = first * num_classes if with_gradient else uint64(0)
            out = gradient if with_gradient else scratch
            for r in range(count):  # 1., 2., and z - m for the exponentials
                i = first + r
                row = i * num_classes
                if masked and not mask[i]:
                    fill(out, begin + r * num_classes, num_classes, zero)
                    continue
                m = maxima[r] = largest(z, row, num_classes)
                totals[r], dots[r], owns[r] = row_sums(z, m, targets, i, weights, keep, spread, most, row, num_classes)
                for j in range(num_classes):
                    out[begin + r * num_classes + j] = z[row + j] - m
            for j in range(count * num_classes):  # 3.
                out[begin + j] = exp(out[begin + j])
            for r in range(count):
                s = zero
                for j in range(num_classes):
                    s += out[begin + r * num_classes + j]
                sums[r] = s
            for r in range(count):
                logs[r] = log(sums[r])
            if with_gradient:  # 4.
                for r in range(count):
                    i = first + r
                    row = i * num_classes
                    if masked and not mask[i]:
                        fill(out, row, num_classes, zero)
                        continue
                    scale = a[i] * (totals[r] + two * z_loss * (logs[r] + maxima[r])) / sums[r]
                    write_gradient(out, targets, i, weights, keep, spread, row, num_classes, scale, owns[r], b[i])
            if with_loss:
                for r in range(count):
                    i = first + r
                    loss[i] = _minus(_times(totals[r], logs[r]), dots[r]) + _penalty(z_loss, logs[r] + maxima[r])
                    if masked and not mask[i]:
                        loss[i] = zero

    return short_rows


def _make_rows(dtype, *, dense, weighted, smoothed):
    """The kernel over the rows from ``start`` to ``stop``. Arrays are empty if they are not given or not wanted.

    It is one kernel for the loss, the gradient, and both, masked or not, so that it is compiled once. ``cap`` is
    unused; `_make_capped_rows` has the same arguments.
    """
    number = np.dtype(dtype).type
    one = number(1)
    target, row_sums = _row_sums(dtype, dense, weighted, smoothed)
    write_gradient = _make_write_gradient(target, dense=dense, smoothed=smoothed)
    long_rows = _make_long_rows(dtype, row_sums, write_gradient)
    short_rows = _make_short_rows(dtype, row_sums, write_gradient)

    @kernel
    def rows(start, stop, num_classes, z, targets, a, b, weights, share, highest, cap, z_loss, mask, loss, gradient):
        start, stop, num_classes = uint64(start), uint64(stop), uint64(num_classes)
        keep = one - share
        spread = share / number(num_classes)
        most = highest + number(TOLERANCE)
        if num_classes < SHORT:
            short_rows(
                start, stop, num_classes, z, targets, a, b, weights, keep, spread, most, z_loss, mask, loss, gradient
            )
        else:
            long_rows(
                start, stop, num_classes, z, targets, a, b, weights, keep, spread, most, z_loss, mask, loss, gradient
            )

    return rows


def _make_capped_rows(dtype, rows, *, dense):
    """The kernel ``rows`` over capped logits, in blocks that stay in the cache."""
    zero, one = np.dtype(dtype).type(0), np.dtype(dtype).type(1)
    tanh, compute, origin = FUNCTIONS[dtype]["tanh"], caller(rows), np.int64(0)

    @scalar
    def times_slope(g, capped, cap, inverse):
        """g times 1 - (capped / cap)^2; where g is 0, as in masked rows, it is 0 even if the logit is NaN."""
        return g if g == zero else g * ((cap - capped) * inverse) * ((cap + capped) * inverse)

    @kernel
    def capped_rows(
        start, stop, num_classes, z, targets, a, b, weights, share, highest, cap, z_loss, mask, loss, gradient
    ):
        height = max(1, CAPPED // num_classes)
        capped = np.empty(height * num_classes, z.dtype)
        inverse = one / cap
        for first in range(start, stop, height):
            last = min(first + height, stop)
            begin, end = first * num_classes, last * num_classes
            x, few_targets = z[begin:end], targets[begin:end] if dense else targets[first:last]
            few_a, few_b, few_mask = a[first:last], b[first:last], mask[first:last]
            few_losses, g = loss[first:last], gradient[begin:end]
            size = uint64(end - begin)
            for j in range(size):
                capped[j] = cap * tanh(x[j] * inverse)
            count = last - first
            compute(
                origin, count, num_classes, capped, few_targets, few_a, few_b, weights, share, highest, cap, z_loss,
                few_mask, few_losses, g,
            )  # fmt: skip
            if g.size > 0:
                for j in range(size):
                    g[j] = times_slope(g[j], capped[j], cap, inverse)

    return capped_rows


def _rows(dtype, targets_dtype, *, capped, **flags):
    floats, targets, mask = (array_type(of, 1) for of in (dtype, targets_dtype, "bool"))
    types_ = [*[types.int64] * 3, floats, targets, *[floats] * 3, *[floats.dtype] * 4, mask, floats, floats]
    key = hashed("rows of crossentropy", dtype, targets_dtype, flags)
    rows = separate(lambda: _make_rows(dtype, **flags), types_, key)
    if not capped:
        return rows
    return separate(lambda: _make_capped_rows(dtype, rows, dense=flags["dense"]), types_, hashed("capped", key))


def _make_compute(op, node, *, with_loss, with_gradient, inplace):
    """A function from the tuple of the Op's inputs to flat losses and gradients, empty if not wanted."""
    logits, targets, *_ = node.inputs
    dtype, dense = logits.dtype, targets.ndim == logits.ndim
    names = ("mask", "class_weights", "label_smoothing", "logit_softcap")
    masked, weighted, smoothed, capped = (name in op.options for name in names)
    flags = {"dense": dense, "weighted": weighted, "smoothed": smoothed, "capped": capped}
    over_rows = in_threads(_rows(dtype, targets.dtype, **flags))
    mask = option(op, "mask", np.empty(0, "bool"))
    class_weights = option(op, "class_weights", np.empty(0, dtype))
    label_smoothing = option(op, "label_smoothing", np.zeros((), dtype))
    largest = option(op, "largest", np.ones((), dtype))
    cap = option(op, "logit_softcap", np.ones((), dtype))
    z_loss = option(op, "z_loss", np.zeros((), dtype))

    @numba_njit(inline="always")
    def compute(inputs):
        z, targets = inputs[0], inputs[1]
        items, num_classes = z.shape[:-1], z.shape[-1]
        if num_classes == 0:
            raise ValueError("the class axis has length 0: there must be at least one class")
        if dense:
            check_same_shape(z, targets)
        else:
            check_label_shapes(z, targets)
        flat_mask = one_per_item(mask(inputs), items) if masked else mask(inputs)
        if not dense:
            check_label_range(targets, flat_mask, num_classes)
        flat_z = flat(z)
        nothing = flat_z[:0]
        num_items = z.size // num_classes
        a = one_per_item(inputs[2], items) if with_gradient else nothing
        b = one_per_item(inputs[3], items) if with_gradient else nothing
        weights = one_per_item(class_weights(inputs), (num_classes,)) if weighted else nothing
        numbers = label_smoothing(inputs).item(), largest(inputs).item(), cap(inputs).item(), z_loss(inputs).item()
        loss = np.empty(num_items if with_loss else 0, z.dtype)
        gradient = flat_z if inplace else empty(z.size if with_gradient else 0, z.dtype)
        shared = (num_classes, flat_z, flat(targets), a, b, weights, *numbers, flat_mask, loss, gradient)
        over_rows(num_items, z.size, shared)
        return loss, gradient

    return compute


register_item_kernels(SoftmaxCrossentropy, _make_compute)
