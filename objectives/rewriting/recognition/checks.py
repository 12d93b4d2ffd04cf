"""Reduces checks that a softmax or sigmoid holds probabilities, which PyMC's distributions make, to what can fail.

A softmax over the last axis is NaN in rows that have a NaN or inf, or are all -inf; all others are in [0, 1] and add up
to 1, or to 0 over no classes. A sigmoid is NaN where its argument is. So the checks do not need the probabilities,
which a loss of logits and its gradient do not compute. A graph that has such a check computes a log-likelihood: it
`holds_loss`.
"""

import numpy as np
import pytensor.scalar as ps
import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.graph.features import ReplaceValidate
from pytensor.graph.rewriting.basic import GraphRewriter, copy_stack_trace
from pytensor.scalar.math import Sigmoid
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import All, Sum
from pytensor.tensor.special import Softmax

from objectives.ops.elementwise import FLOATS
from objectives.ops.marking import mark_as_loss
from objectives.rewriting.recognition.labels import constant, is_over_classes, made_by, scalar_op


class RecognizeChecks(GraphRewriter):
    def add_requirements(self, fgraph):
        fgraph.attach_feature(ReplaceValidate())

    def apply(self, fgraph):
        checks = [(node, p) for node in fgraph.apply_nodes if (p := _checked(node)) is not None]
        for node, p in checks:
            _replace(fgraph, node, pt.all(_are_probabilities(p)))
        if checks:
            mark_as_loss(fgraph)
        for p in {p for _, p in checks if made_by(p, Softmax)}:
            for node, _ in list(fgraph.clients.get(p, ())):
                if node.op != "output" and isinstance(node.op, Sum) and is_over_classes(node.op.axis, p.ndim):
                    if node.outputs[0].dtype not in FLOATS:
                        continue
                    zero, one = (np.asarray(x, node.outputs[0].dtype) for x in (0, 1))
                    total = pt.switch(_has_no_classes(p), zero, one)
                    _replace(fgraph, node, pt.switch(_are_probabilities(p), total, one * np.nan))


def _replace(fgraph, node, new):
    (old,) = node.outputs
    copy_stack_trace(old, new)
    fgraph.replace_all_validate([(old, old.type.filter_variable(new))], reason="recognize_checks")


def _checked(node):
    """The probabilities p of ``all(p >= 0)`` or ``all(p <= 1)``, if they are a softmax or sigmoid of floats."""
    if not isinstance(node.op, All) or node.outputs[0].ndim or not made_by(node.inputs[0], Elemwise):
        return None
    compare, (p, *bounds) = node.inputs[0].owner.op.scalar_op, node.inputs[0].owner.inputs
    is_softmax = made_by(p, Softmax) and is_over_classes(p.owner.op.axis, p.ndim)
    if not (is_softmax or scalar_op(p) is Sigmoid) or p.owner.inputs[0].dtype not in FLOATS:
        return None
    bound = constant(bounds[0]) if len(bounds) == 1 else None
    if bound is None:
        return None
    holds = bound <= 0 if isinstance(compare, ps.GE) else isinstance(compare, ps.LE) and bound >= 1
    return p if holds else None


def _are_probabilities(p):
    """For each row of a softmax, or each entry of a sigmoid, whether it is not NaN."""
    (logits,) = p.owner.inputs
    if made_by(p, Softmax):
        # not by the maximum, which misses NaN on Numba (PyTensor 3.0)
        return pt.all(logits < np.inf, axis=-1) & (pt.any(logits > -np.inf, axis=-1) | _has_no_classes(p))
    return ~pt.isnan(logits)


def _has_no_classes(p):
    """For each row, whether its length is 0; not from the shape, which is a Python number on PyTorch."""
    return pt.all(p.owner.inputs[0] < -np.inf, axis=-1)


# After crossentropies are recognized, before "stabilize" (1.5). The inner graphs of Ops are compiled without the tag
# "symbolic_op_recognition".
optdb.register("recognize_checks", RecognizeChecks(), "fast_run", "symbolic_op_recognition", position=1.31)
