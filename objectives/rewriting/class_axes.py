"""Losses over an axis that is not the last one are computed in place, rather than from a transposed copy.

A loss moves its class axis to the end (`objectives._inputs.classwise`), which is free for a graph and a copy for a
kernel. On Numba and on C, which have loops over any axis (`rows`), what computes from moved arrays is written down for
the arrays as they are: element-wise expressions, sums and maxima, and the Ops over classes, as expressions of those.
"""

import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.graph.basic import Constant
from pytensor.graph.rewriting.basic import MergeOptimizer, copy_stack_trace, node_rewriter
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Max, Sum
from pytensor.tensor.special import LogSoftmax, Softmax

from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient
from objectives.ops.labels import PickClass, PlaceClass, is_class


def permutation(variable):
    """The order in which a variable has the axes of another; None if it isn't another whose axes were moved."""
    if variable.owner is None or not isinstance(variable.owner.op, DimShuffle):
        return None
    order = variable.owner.op.new_order
    return order if "x" not in order and tuple(sorted(order)) != tuple(order) else None


def order_within(variable):
    """The first permutation of an array of which a variable is an element-wise expression."""
    todo, seen = [variable], set()
    while todo:
        v = todo.pop()
        if v.ndim != variable.ndim or v in seen:
            continue
        seen.add(v)
        if order := permutation(v):
            return order
        if v.owner is not None and isinstance(v.owner.op, Elemwise | Softmax | LogSoftmax):
            todo.extend(v.owner.inputs)
    return None


# Ops over classes as expressions


def spell_out_classes(fgraph, node):
    """Crossentropy of logits, and entries of arrays at labels, where the class axis has been moved to the end."""
    order = order_within(node.inputs[2 if isinstance(node.op, PlaceClass) else 0])
    if order is None or order[-1] == len(order) - 1:
        return None
    if isinstance(node.op, PickClass):
        scores, labels = node.inputs
        new = [pt.switch(is_class(labels, scores), scores, 0).sum(axis=-1)]
    elif isinstance(node.op, PlaceClass):
        entries, labels, like = node.inputs
        new = [pt.switch(is_class(labels, like), entries[..., None], 0)]
    else:
        new = node.op.build_inner_graph(*node.inputs)
    new = [
        old.type.filter_variable(v.astype(old.dtype), allow_convert=True)
        for old, v in zip(node.outputs, new, strict=True)
    ]
    copy_stack_trace(node.outputs, new)
    return new


# Expressions of moved arrays as moved expressions


def keep_axes(fgraph):
    """Reduce arrays, and move the axes of results back, in the order that the arrays have."""
    known: dict = {}
    replaced = False
    for node in fgraph.toposort():
        (old, *_) = node.outputs
        if type(node.op) in (Sum, Max) and (order := order_within(node.inputs[0])):
            new = _reduced(node, order, known)
        elif order := permutation(old):
            new = _in_order_of(node.inputs[0], _inverse(order), known)
        else:
            continue
        if new is not None:
            new = old.type.filter_variable(new, allow_convert=True)
            copy_stack_trace(old, new)
            fgraph.replace_all_validate([(old, new)], reason="keep_axes")
            replaced = True
    if replaced:
        MergeOptimizer().apply(fgraph)


def _reduced(node, order, known):
    """A reduction in the order that the arrays have, in which what remains must be the same."""
    new = _in_order_of(node.inputs[0], order, known)
    axes = node.op.axis
    if new is None or axes is None:
        return None
    left = [order[axis] for axis in range(len(order)) if axis not in axes]
    if left != sorted(left):
        return None
    return node.op.clone(axis=tuple(sorted(order[axis] for axis in axes)))(new)


def _in_order_of(variable, order, known):
    """A variable before its axes were moved to this order, if that takes no copy; else None."""
    key = variable, order
    if key not in known:
        known[key] = _moved_back(variable, order, known)
    return known[key]


def _moved_back(variable, order, known):
    if all(variable.type.broadcastable):
        return variable
    if permutation(variable) == order:
        return variable.owner.inputs[0]
    if variable.owner is not None and isinstance(variable.owner.op, Elemwise) and len(variable.owner.outputs) == 1:
        inputs = [_in_order_of(v, order, known) for v in variable.owner.inputs]
        return None if None in inputs else variable.owner.op(*inputs)
    return _shuffled(variable, _inverse(order)) if any(variable.type.broadcastable) else None


def _shuffled(variable, order):
    """An array with its axes in another order, from where it got those that it has."""
    if isinstance(variable, Constant):
        return pt.constant(variable.data.transpose(order))
    if variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        order = [variable.owner.op.new_order[axis] for axis in order]
        (variable,) = variable.owner.inputs
    return variable.dimshuffle(*order)


def _inverse(order):
    return tuple(sorted(range(len(order)), key=order.__getitem__))


# in "specialize", which simplifies the expressions; a rewriter for each set of tags, as those of `one_hot`
for name, tags in (("classes", ("numba",)), ("classes_on_c", ("fast_run", "cxx_only"))):
    rewriter = node_rewriter([SoftmaxCrossentropy, SoftmaxCrossentropyGradient, PickClass, PlaceClass])(
        spell_out_classes
    )
    optdb["specialize"].register(f"local_spell_out_{name}", rewriter, *tags)
