"""Splitting the graph of measures at their statistics: what is computed of each batch, and what of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import HasInnerGraph
from pytensor.graph.rewriting.basic import MergeOptimizer
from pytensor.graph.traversal import ancestors, walk

from objectives._inputs import floating_scores
from objectives.aggregation import aggregate
from objectives.ops.statistics import Rule, Statistic, accumulator_dtype


@dataclass(frozen=True, eq=False)
class Part:
    """A statistic, and what stands for it in the result.

    Attributes
    ----------
    name
        Of the first measure that needs it, and a number.
    rule
        How it joins that of other batches.
    of_batch
        The statistic of one batch.
    state
        An input for what has been accumulated.
    empty
        The state before the first batch.
    of_all
        An input for what the state says, which stands for the statistic in the result.
    """

    name: str
    rule: Rule
    of_batch: Any
    state: Any
    empty: np.ndarray
    of_all: Any

    def settled(self, state):
        """The value of `of_all` for a state."""
        return self.rule.settled(state, self.of_all.dtype)


@dataclass(frozen=True)
class Parts:
    """What `split` makes of measures.

    Attributes
    ----------
    added, kept
        Statistics that are accumulated, and those of which all items are kept.
    results
        The measures as expressions of what the states say.
    running
        Which of them need nothing that is kept.
    """

    added: list[Part]
    kept: list[Part]
    results: list[Any]
    running: list[bool]


def split(inputs, measures, dtype) -> Parts:
    """Statistics of a batch of these inputs, and the measures as expressions of what they accumulate in this dtype."""
    _check_inputs(inputs)
    if not isinstance(measures, Mapping) or not measures:
        raise ValueError(f"measures must be a dict of at least one measure by its name, not {measures!r}")
    expressions = [_expression(name, value) for name, value in measures.items()]
    graph = FunctionGraph(outputs=expressions, clone=True, copy_inputs=False)
    MergeOptimizer().rewrite(graph)  # measures share what is equal
    parts: dict[Variable, Part] = {}
    running = []
    for name, output in zip(measures, graph.outputs, strict=True):
        found = _statistics(name, output, inputs)
        for i, statistic in enumerate(s for s in found if s not in parts):
            parts[statistic] = _part(f"{name}.{i}", statistic, dtype)
        running.append(all(parts[s].rule is not Rule.JOIN for s in found))
    replacements = [(s, part.of_all) for s, part in parts.items()]
    graph.replace_all(replacements, import_missing=True)
    added = [part for part in parts.values() if part.rule is not Rule.JOIN]
    kept = [part for part in parts.values() if part.rule is Rule.JOIN]
    return Parts(added, kept, list(graph.outputs), running)


def _check_inputs(inputs):
    if isinstance(inputs, Variable):
        raise TypeError(f"inputs must be a sequence of symbolic variables: [{inputs}], not {inputs}")
    for variable in inputs:
        if not isinstance(variable, Variable):
            raise TypeError(f"inputs must be a sequence of symbolic variables, not of {type(variable).__name__}")
    if len(set(inputs)) < len(inputs):
        raise ValueError(f"an input is given twice in {list(inputs)}")


def _expression(name, value):
    """The measure as an expression of statistics."""
    if isinstance(value, tuple | list):  # of a list PyTensor would make one tensor
        if not isinstance(value, tuple) or len(value) != 2:
            raise TypeError(f"measure {name!r} must be an expression or a pair (loss, weights), not {value!r}")
        loss, weights = value
        return aggregate(_wide(loss), weights, "normalized_sum")
    value = pt.as_tensor_variable(value)
    if _has_statistics(value):
        return value
    if value.ndim == 0:
        raise TypeError(
            f"measure {name!r} is one number of a batch, from which that of all batches cannot be had. Give the losses "
            "of the items or elements themselves, or aggregate(losses) in place of losses.mean(), or a measure of this "
            "package."
        )
    return aggregate(_wide(value))


def _wide(loss):
    """Losses in the dtype in which they are accumulated."""
    loss = floating_scores(loss)
    return loss.astype(accumulator_dtype(loss.dtype))


def _has_statistics(variable):
    return any(_is_statistic(v) for v in ancestors([variable]))


def _hides_statistics(variable):
    """Whether something is aggregated within a loop or another graph of its own, where it cannot be accumulated."""
    inner = variable.owner is not None and isinstance(variable.owner.op, HasInnerGraph)
    return inner and any(map(_is_statistic, ancestors(variable.owner.op.inner_outputs)))


def _is_statistic(variable):
    return variable.owner is not None and isinstance(variable.owner.op, Statistic)


def _statistics(name, output, inputs):
    """The statistics that a measure is an expression of."""
    found = []
    for variable in walk([output], lambda v: None if v.owner is None or _is_statistic(v) else v.owner.inputs):
        if _is_statistic(variable):
            found.append(variable)
        elif variable in inputs:
            raise TypeError(
                f"measure {name!r} is not an expression of aggregated numbers alone: it depends on the input {variable}"
                " of a batch directly, so that its value over all batches cannot be had"
            )
        elif variable.owner is None:
            _check_is_known(name, variable)
    if any(map(_hides_statistics, ancestors([output]))):
        raise TypeError(
            f"measure {name!r} aggregates within a loop or a graph of its own, from which the value over all batches "
            "cannot be had: aggregate what comes out of it"
        )
    for statistic in found:
        _check_statistic(name, statistic, inputs)
    return found


def _check_statistic(name, statistic, inputs):
    for variable in ancestors(statistic.owner.inputs):
        if _is_statistic(variable):
            raise TypeError(
                f"measure {name!r} aggregates what was computed from an aggregate of the same batch, so that its value "
                "over all batches cannot be had"
            )
        if variable.owner is None and variable not in inputs:
            _check_is_known(name, variable)


def _check_is_known(name, variable):
    if not isinstance(variable, Constant | SharedVariable):
        raise ValueError(f"measure {name!r} depends on {variable}, which is not among the inputs")


def _part(name, statistic, dtype):
    rule, of_batch = statistic.owner.op.rule, statistic.owner.inputs[0]
    empty = rule.empty(statistic, dtype)
    if rule is Rule.JOIN:
        kept = pt.tensor(name, dtype=empty.dtype.name, shape=(None, *statistic.type.shape[1:]))
        return Part(name, rule, of_batch, kept, empty, kept)
    shape = (rule.size, *(statistic.type.shape[1:] if rule.is_stacked else statistic.type.shape))
    state = pt.tensor(name, dtype=empty.dtype.name, shape=shape)
    return Part(name, rule, of_batch, state, empty, statistic.type(name))
