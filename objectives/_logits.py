"""Arguments that hold logits or probabilities, and finding the logits under probabilities when a loss is built.

A loss of probabilities is unstable where they saturate, in its gradient even where PyTensor's rewrites fix its value.
So a loss that is given the output of a softmax or sigmoid, through any operations that only move data, is built from
the logits instead. Nothing is guessed from values.
"""

import pytensor.tensor as pt
import pytensor.tensor.subtensor
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar.basic import Add, Cast, Identity
from pytensor.scalar.math import Sigmoid
from pytensor.tensor.basic import TensorVariable
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax
from pytensor.tensor.subtensor import Subtensor

from objectives._inputs import OF_LOGITS, floating
from objectives.mistakes import warn_of_mistake

# Operations whose output holds entries of their first input and nothing else. (PyTensor 3.0 has one more of them.)
INDEXING = tuple(
    getattr(pytensor.tensor.subtensor, name)
    for name in ("Subtensor", "AdvancedSubtensor", "AdvancedSubtensor1")
    if hasattr(pytensor.tensor.subtensor, name)
)
MOVES = (*INDEXING, CheckAndRaise, DimShuffle, Reshape, SpecifyShape)


def sigmoid_logits(predictions) -> TensorVariable | None:
    """The logits of predictions that are the output of a sigmoid, or None."""
    source, moves = _trace(predictions)
    if not _is_elemwise(source, Sigmoid):
        return None
    return _replay(moves, source.owner.inputs[0].astype(source.dtype))


def log_softmax_of(predictions) -> TensorVariable | None:
    """The log-probabilities of predictions that are the output of a softmax, or None."""
    source, moves = _trace(predictions)
    if not _made_by(source, Softmax):
        return None
    return _replay(moves, pt.special.log_softmax(source.owner.inputs[0], axis=source.owner.op.axis))


def softmax_logits(predictions, axis) -> TensorVariable | None:
    """The logits of predictions that are the output of a softmax over ``axis``, or None.

    Only where each move keeps the class axis whole; `log_softmax_of` covers the others.
    """
    source, moves = _trace(predictions)
    if not _made_by(source, Softmax) or source.owner.op.axis is None or len(source.owner.op.axis) != 1:
        return None
    class_axis = source.owner.op.axis[0] % source.ndim
    for node in moves:
        class_axis = _moved_axis(node, class_axis)
        if class_axis is None:
            return None
    if class_axis != axis % predictions.ndim:
        return None
    return _replay(moves, source.owner.inputs[0].astype(source.dtype))


def logits_of(x, instead=None, *, names=OF_LOGITS) -> TensorVariable:
    """An argument that holds logits; ``instead`` names the function for probabilities, ``names`` the arguments."""
    logits = floating(x, names[0], names)
    refuse_probabilities(logits, instead, names[0])
    return logits


def probabilities_of(predictions, instead=None, *, axis) -> TensorVariable:
    """An argument that holds the probabilities of classes; ``instead`` names the function for logits."""
    predictions = floating(predictions, "predictions")
    refuse_log_probabilities(predictions, instead)
    warn_of_a_bare_layer(predictions, "softmax", instead)
    _warn_of_other_activation(predictions, axis)
    return predictions


def warn_of_a_bare_layer(predictions, activation, instead=None):
    """Warn if probabilities are the output of a layer, ``x @ W + b``, to which no activation was applied."""
    source, _ = _trace(predictions)
    if _is_elemwise(source, Add) and any(_is_product(x) for x in source.owner.inputs):
        warn_of_mistake(
            f"predictions are the output of a linear layer, x @ W + b, not probabilities: give their {activation}"
            + (f", or give them to {instead}" if instead else "")
        )


def _warn_of_other_activation(predictions, axis):
    """Warn if the probabilities of classes are a sigmoid, or a softmax over something else than the class axis."""
    source, moves = _trace(predictions)
    if _is_elemwise(source, Sigmoid):
        warn_of_mistake(
            "predictions are the output of a sigmoid, and do not add up to 1 over the classes: give a softmax, or use "
            "a binary function where an item may have several labels"
        )
    if not _made_by(source, Softmax):
        return
    axes = source.owner.op.axis
    axes = range(source.ndim) if axes is None else [a % source.ndim for a in axes]  # PyTensor 3.3 has no None
    is_over_all = len(axes) == source.ndim
    for node in moves:
        axes = [a if a is None else _moved_axis(node, a) for a in axes]
    lengths = predictions.type.shape
    if None not in axes and any(a != axis % predictions.ndim and lengths[a] != 1 for a in axes):
        over = "all entries" if is_over_all else f"axis {', '.join(map(str, axes))}"
        warn_of_mistake(
            f"predictions are the output of a softmax over {over}, and do not add up to 1 over the classes, which are "
            f"on axis {axis}: give softmax(..., axis={axis})"
        )


def refuse_probabilities(logits, instead=None, name="logits"):
    """Raise if what is given for logits is the output of a softmax or sigmoid; ``instead`` is a function for that."""
    source, _ = _trace(logits)
    if _made_by(source, Softmax) or _is_elemwise(source, Sigmoid):
        raise ValueError(
            f"{name} are the output of a softmax or sigmoid, which would be applied twice: give its input"
            + (f", or give the probabilities to {instead}" if instead else "")
        )


def refuse_log_probabilities(predictions, instead=None):
    """Raise if what is given for probabilities is the output of a log-softmax; ``instead`` is a function for that."""
    source, _ = _trace(predictions)
    if _made_by(source, LogSoftmax):
        raise ValueError(
            "predictions are the output of a log-softmax, not probabilities: "
            + (
                f"give the probabilities, or better the logits, to {instead}"
                if instead
                else "give pt.exp(predictions), or a softmax"
            )
        )


def _trace(variable):
    """Where the entries of a variable come from, and the nodes that moved them, first move first."""
    moves = []
    while variable.owner is not None and _is_move(variable.owner):
        moves.append(variable.owner)
        variable = variable.owner.inputs[0]
    return variable, moves[::-1]


def _is_move(node) -> bool:
    moved = node.outputs[0]
    return moved.dtype.startswith("float") and (isinstance(node.op, MOVES) or _is_elemwise(moved, (Cast, Identity)))


def _is_elemwise(variable, scalar_ops) -> bool:
    return _made_by(variable, Elemwise) and isinstance(variable.owner.op.scalar_op, scalar_ops)


def _is_product(variable) -> bool:
    op = getattr(variable.owner, "op", None)
    return isinstance(getattr(op, "core_op", op), Dot)


def _made_by(variable, op_type) -> bool:
    return variable.owner is not None and isinstance(variable.owner.op, op_type)


def _replay(moves, variable):
    """The moves applied to another variable, except casts: logits in lower precision would lose their differences."""
    for node in moves:
        if not _is_elemwise(node.outputs[0], Cast):
            variable = node.op(variable, *node.inputs[1:])
    return variable


def _moved_axis(node, axis):
    """Where a move puts an axis; None if it is not kept whole, or if that cannot be known."""
    before, after = node.inputs[0].type, node.outputs[0].type
    if isinstance(node.op, DimShuffle):
        return node.op.new_order.index(axis) if axis in node.op.new_order else None
    if isinstance(node.op, Reshape):
        whole = before.shape[-1] is not None and before.shape[-1] == after.shape[-1]
        return after.ndim - 1 if axis == before.ndim - 1 and whole else None
    if isinstance(node.op, Subtensor):
        return _sliced_axis(node.op.idx_list, axis)
    return None if isinstance(node.op, INDEXING) else axis


def _sliced_axis(idx_list, axis):
    if axis < len(idx_list) and idx_list[axis] != slice(None):
        return None
    return axis - sum(not isinstance(index, slice) for index in idx_list[:axis])
