"""Multi-class hinge loss and its gradient, in one pass over the rows.

1. The best score of the other classes; 2. the loss; 3. if there is a gradient, the number of classes that share the
best score; 4. the gradient. A row stays in the cache from one step to the next.
"""

import numpy as np
from numba import types
from pytensor.link.numba.dispatch.basic import numba_njit

from objectives.dispatch.numba._memory import empty
from objectives.dispatch.numba._registration import (
    array_type,
    check_label_shapes,
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
from objectives.dispatch.numba._separate import separate
from objectives.dispatch.numba._simd import maximum
from objectives.dispatch.numba._threads import in_threads
from objectives.ops.margin import MulticlassHinge


def _make_rows(dtype):
    """The kernel over the rows from ``start`` to ``stop``. Arrays are empty if they are not given or not wanted."""
    number = np.dtype(dtype).type
    zero, one = number(0), number(1)
    largest, _, _, fill = row_functions(dtype)

    @inlined
    def write_gradient(z, out, row, own, num_classes, best, g):
        tied = zero  # 3.
        for j in range(num_classes):
            tied += one if z[row + j] == best else zero
        tied -= one if z[own] == best else zero
        share = g / tied  # 4.
        rest = zero * share
        for j in range(num_classes):
            out[row + j] = share if z[row + j] == best else rest
        out[own] = -g

    @kernel
    def rows(start, stop, num_classes, z, labels, g, delta, mask, loss, gradient):
        num_classes = uint64(num_classes)
        masked, with_loss, with_gradient = mask.size > 0, loss.size > 0, gradient.size > 0
        for i in range(uint64(start), uint64(stop)):
            row = i * num_classes
            if masked and not mask[i]:
                if with_loss:
                    loss[i] = zero
                if with_gradient:
                    fill(gradient, row, num_classes, zero)
                continue
            own = row + uint64(labels[i])
            best = largest(z, row, own - row)  # 1.
            best = maximum(best, largest(z, own + uint64(1), row + num_classes - own - uint64(1)))
            hinge = best - z[own] + delta[i]  # 2.
            if with_loss:
                loss[i] = zero if hinge <= zero else hinge
            if with_gradient:
                if hinge <= zero:
                    fill(gradient, row, num_classes, zero)
                else:
                    weight = g[i] if hinge == hinge else hinge  # NaN stays visible
                    write_gradient(z, gradient, row, own, num_classes, best, weight)

    return rows


def _rows(dtype, labels_dtype):
    floats, labels, mask = (array_type(of, 1) for of in (dtype, labels_dtype, "bool"))
    types_ = [*[types.int64] * 3, floats, labels, floats, floats, mask, floats, floats]
    return separate(lambda: _make_rows(dtype), types_, hashed("rows of hinge", dtype, labels_dtype))


def _make_compute(op, node, *, with_loss, with_gradient, inplace):
    """A function from the tuple of the Op's inputs to flat losses and gradients, empty if not wanted."""
    dtype, masked = node.inputs[0].dtype, "mask" in op.options
    over_rows = in_threads(_rows(dtype, node.inputs[1].dtype))
    mask = option(op, "mask", np.empty(0, "bool"))
    delta = option(op, "delta", np.empty(0, dtype))

    @numba_njit
    def compute(inputs):
        z, labels = inputs[0], inputs[1]
        items, num_classes = z.shape[:-1], z.shape[-1]
        check_label_shapes(z, labels)
        flat_mask = one_per_item(mask(inputs), items) if masked else mask(inputs)
        check_label_range(labels, flat_mask, num_classes)
        flat_z = flat(z)
        g = one_per_item(inputs[2], items) if with_gradient else flat_z[:0]
        margins = one_per_item(delta(inputs), items)
        loss = np.empty(labels.size if with_loss else 0, z.dtype)
        gradient = flat_z if inplace else empty(z.size if with_gradient else 0, z.dtype)
        shared = (num_classes, flat_z, flat(labels), g, margins, flat_mask, loss, gradient)
        over_rows(labels.size, z.size, shared)
        return loss, gradient

    return compute


register_item_kernels(MulticlassHinge, _make_compute)
