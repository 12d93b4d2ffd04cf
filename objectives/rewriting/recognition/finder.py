"""Softmax crossentropy as users write it becomes `SoftmaxCrossentropy`, its gradient `SoftmaxCrossentropyGradient`.

Both are found by what they compute (see `algebra`), after PyTensor has canonicalized the graph and before it
makes softmax and logarithm stable in ways that hide them.
"""

from functools import partial

import pytensor.scalar as ps
from pytensor.compile.mode import optdb
from pytensor.graph.features import ReplaceValidate
from pytensor.graph.rewriting.basic import GraphRewriter, copy_stack_trace
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import Sum
from pytensor.tensor.special import LogSoftmax, Softmax
from pytensor.tensor.subtensor import AdvancedIncSubtensor, AdvancedSubtensor

from objectives.ops.elementwise import FLOATS
from objectives.ops.marking import mark_as_loss
from objectives.rewriting.recognition.algebra import LogSumExp, P, SoftmaxAlgebra
from objectives.rewriting.recognition.builder import CrossentropyBuilder
from objectives.rewriting.recognition.labels import Labels, is_over_classes, made_by, one_hot, scalar_op
from objectives.rewriting.recognition.polynomials import Unknown
from objectives.rewriting.recognition.symbols import Symbol


class RecognizeCrossentropy(GraphRewriter):
    def add_requirements(self, fgraph):
        fgraph.attach_feature(ReplaceValidate())

    def apply(self, fgraph):
        order = fgraph.toposort()
        ranks = {node.outputs[0].ndim for node in order if _may_name_classes(node)}
        found: dict = {}
        for logits in dict.fromkeys(x for node in order for x in _softmax_logits(node)):
            if ranks & {logits.ndim - 1, logits.ndim}:
                found |= _Finder(fgraph, logits).find(order)
        # the last ones first, which may make earlier ones disappear
        for node in reversed(order):
            if node in fgraph.apply_nodes and node.outputs[0] in found:
                _replace(fgraph, node.outputs[0], found[node.outputs[0]]())
        if found:
            mark_as_loss(fgraph)


def _replace(fgraph, old, new):
    copy_stack_trace(old, new)
    fgraph.replace_all_validate([(old, old.type.filter_variable(new))], reason="recognize_crossentropy")


def _may_name_classes(node) -> bool:
    if isinstance(node.op, (AdvancedSubtensor, AdvancedIncSubtensor)):
        return True
    return isinstance(node.op, Elemwise) and one_hot(node.outputs[0]) is not None


def _softmax_logits(node):
    """The logits (..., C) of a node that is part of a softmax, if any."""
    variable = node.outputs[0]
    if made_by(variable, (Softmax, LogSoftmax, Sum)) or (LogSumExp and made_by(variable, LogSumExp)):
        (logits,) = node.inputs
        if made_by(variable, Sum):
            logits = logits.owner.inputs[0] if scalar_op(logits) is ps.Exp else None
        if logits is not None and logits.ndim > 1 and is_over_classes(node.op.axis, logits.ndim):
            logits = _unshifted(logits)
            if logits.dtype in FLOATS and not logits.type.broadcastable[-1]:
                return [logits]
    return []


def _unshifted(logits):
    """The logits before a number was subtracted from each row, which does not change their softmax."""
    while scalar_op(logits) is ps.Sub and logits.owner.inputs[1].type.broadcastable[-1]:
        logits = logits.owner.inputs[0]
    return logits


class _Finder:
    """Finds the variables that hold a loss, or its gradient, of the softmax of some logits."""

    def __init__(self, fgraph, logits):
        self.algebra = SoftmaxAlgebra(fgraph, logits)
        self.builder = CrossentropyBuilder(logits)

    def find(self, order):
        """Functions that make the replacement, by variable."""
        found, losses = {}, set()
        for node in order:
            variable = node.outputs[0]
            if getattr(variable.type, "dtype", None) not in FLOATS:
                continue
            try:
                if not self.algebra.is_row(variable):
                    found[variable] = self._gradient(variable)
                elif _is_loss(total := self._row(variable)):
                    losses.add(variable)
                    # what is computed from a loss stays
                    if losses.isdisjoint(node.inputs):
                        found[variable] = partial(self._loss, variable, total)
            except Unknown:
                continue
        return found

    def _row(self, variable):
        if self._is_total(variable):
            return self.algebra.value(variable.owner.inputs[0]).sum()
        return self.algebra.value(variable).as_row()

    def _is_total(self, variable):
        """Whether a variable is a sum over classes and over rows."""
        axes = _summed_axes(variable)
        return len(axes) > 1 and variable.owner.inputs[0].ndim == self.algebra.ndim and self.algebra.ndim - 1 in axes

    def _loss(self, variable, total):
        loss = self.builder.row(total).astype(variable.dtype)
        if self._is_total(variable):
            return loss.sum(axis=_summed_axes(variable)[:-1])
        return loss[..., None] if variable.ndim == self.algebra.ndim else loss

    def _gradient(self, variable):
        value = self.algebra.value(variable)
        labels = [basis for basis in value if isinstance(basis, Labels)]
        if len(labels) != 1 or value.keys() != {P, *labels} or variable.dtype != self.algebra.logits.dtype:
            raise Unknown
        a, b = value[P], -value[labels[0]]
        if not {_labels_of(s) for s in a.symbols() | b.symbols()} <= {None, *labels}:
            raise Unknown
        return partial(self.builder.gradient, labels[0], a, b)


def _summed_axes(variable):
    """The axes over which a variable is a sum, in order."""
    if not made_by(variable, Sum):
        return ()
    axes = variable.owner.op.axis
    return tuple(range(variable.owner.inputs[0].ndim)) if axes is None else tuple(sorted(axes))


def _labels_of(s):
    """The labels that a symbol of the polynomials is about, or None."""
    if not isinstance(s, Symbol):
        return None
    of = s.of[0] if s.kind in ("entry", "first", "over") else s.of
    return of if isinstance(of, Labels) else None


def _is_loss(polynomial):
    """Whether a row contains the loss of one class; the difference between two logits is no loss."""
    symbols = {s.of[1] if isinstance(s, Symbol) and s.kind in ("first", "over") else s for s in polynomial.symbols()}
    losses = {s for s in symbols if isinstance(s, Symbol) and s.kind == "loss"}
    return len(losses) == 1 and Symbol("logsumexp") not in symbols


# After "canonicalize" (1) and "mergex" (1.2), before "stabilize" (1.5). The inner graphs of Ops are compiled without
# "symbolic_op_recognition", so that none becomes an Op that it defines.
optdb.register("recognize_crossentropy", RecognizeCrossentropy(), "fast_run", "symbolic_op_recognition", position=1.3)
