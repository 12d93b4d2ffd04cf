"""Splitting measures at their statistics: one graph for each batch, and one for the results over all batches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor import function
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import HasInnerGraph
from pytensor.graph.rewriting.basic import MergeOptimizer
from pytensor.graph.traversal import ancestors, walk

from objectives._inputs import as_tensor, floating_scores
from objectives.aggregation import aggregate
from objectives.ops._symbolic import UNCOMPILED
from objectives.ops.marking import NoGradient, has_mask, mask_of
from objectives.ops.selection import where
from objectives.ops.statistics import Rule, Statistic, WhereNothing, accumulator_dtype


@dataclass(frozen=True, eq=False)
class Part:
    """A statistic of a batch, its state, and its place in the result.

    Attributes
    ----------
    name
        The name of the first measure that needs it, and a number.
    rule
        How it is merged with that of other batches.
    of_batch
        The statistic of one batch.
    state
        An input: what has been accumulated.
    empty
        The state before the first batch.
    of_all
        An input that replaces the statistic in the result.
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
    """The result of `split`.

    Attributes
    ----------
    added, kept
        Statistics that are accumulated, and those that keep all items.
    results
        The measures as expressions of the states.
    running
        Which of them need no kept items.
    is_blank
        A boolean scalar input of the results: whether they are NaN where nothing counts.
    """

    added: list[Part]
    kept: list[Part]
    results: list[Any]
    running: list[bool]
    is_blank: Any

    def can_be_computed(self, inputs, batch):
        """Whether NumPy can compute the statistics of a batch; if not, the batch is at fault."""
        statistics = [part.of_batch for part in (*self.added, *self.kept)]
        try:
            function(inputs, statistics, mode=UNCOMPILED)(*map(np.asarray, batch))
        except Exception:
            return False
        return True


def split(inputs, measures, dtype) -> Parts:
    """Split measures of these inputs into statistics of a batch and results of their states, which have this dtype."""
    _check_inputs(inputs)
    if not isinstance(measures, Mapping) or not measures:
        raise ValueError(f"measures must be a dict of at least one measure by its name, not {measures!r}")
    for name in measures:
        if not isinstance(name, str):
            raise TypeError(f"names of measures must be strings, not {name!r}")
    expressions = [_expression(name, value) for name, value in measures.items()]
    graph = FunctionGraph(outputs=expressions, clone=True, copy_inputs=False)
    for node in graph.toposort():  # their data would be needed beside the statistics
        if isinstance(node.op, NoGradient):
            graph.replace(node.outputs[0], node.inputs[0])
    MergeOptimizer().rewrite(graph)  # so that measures share equal parts
    parts: dict[Variable, Part] = {}
    running = []
    for name, output in zip(measures, graph.outputs, strict=True):
        found = _statistics(name, output, inputs)
        for i, statistic in enumerate(s for s in found if s not in parts):
            parts[statistic] = _part(f"{name}.{i}", statistic, dtype)
        running.append(all(parts[s].rule is not Rule.JOIN for s in found))
    results, copies = graph.clone_get_equiv(copy_inputs=False, copy_orphans=False)
    states: list[Any] = [(copies[s], part.of_all) for s, part in parts.items()]
    results.replace_all(states, import_missing=True)
    is_blank = pt.scalar("is_blank", dtype="bool")
    marks = [node for node in results.apply_nodes if isinstance(node.op, WhereNothing)]
    blanks = [(node.outputs[0], where(is_blank, np.nan, node.inputs[0])) for node in marks]
    results.replace_all(blanks, import_missing=True)
    _check_use(inputs, parts)
    added = [part for part in parts.values() if part.rule is not Rule.JOIN]
    kept = [part for part in parts.values() if part.rule is Rule.JOIN]
    return Parts(added, kept, list(results.outputs), running, is_blank)


def _check_inputs(inputs):
    if isinstance(inputs, Variable):
        raise TypeError(f"inputs must be a sequence of symbolic variables: [{inputs}], not {inputs}")
    for variable in inputs:
        if not isinstance(variable, Variable):
            raise TypeError(f"inputs must be a sequence of symbolic variables, not of {type(variable).__name__}")
    if len(set(inputs)) < len(inputs):
        raise ValueError(f"an input is given twice in {list(inputs)}")


def _check_use(inputs, parts):
    used = set(ancestors([part.of_batch for part in parts.values()]))
    if unused := [variable for variable in inputs if variable not in used]:
        raise ValueError(f"no measure depends on {unused}: leave out such inputs and their arrays in batches")


def _expression(name, value):
    """The measure as an expression of statistics."""
    if isinstance(value, tuple | list):  # PyTensor would join a list into one tensor
        if not isinstance(value, tuple) or len(value) != 2:
            raise TypeError(f"measure {name!r} must be an expression or a pair (loss, weights), not {value!r}")
        loss, weights = as_tensor(value[0]), value[1]
        if _has_statistics(loss):
            raise TypeError(
                f"measure {name!r} is a pair of aggregated numbers, as from aggregate_parts, not of losses and "
                "weights: give their ratio, numerator / denominator"
            )
        return aggregate(_wide(loss), weights, "normalized_sum", mask=mask_of(loss))
    value = as_tensor(value, f"measure {name!r}")
    if _has_statistics(value):
        return value
    if value.ndim == 0:
        raise TypeError(
            f"measure {name!r} is already one number per batch; the value over all batches cannot be recovered from "
            "such numbers. Give the unreduced losses, aggregate(losses) in place of losses.mean(), or a measure of "
            "this package."
        )
    return aggregate(_wide(value), mask=_own_mask(name, value))


def _own_mask(name, loss):
    """The mask that the loss was given; without it, masked entries would count as losses of 0."""
    mask = mask_of(loss)
    if mask is None and has_mask(loss):
        raise TypeError(
            f"measure {name!r} is computed from losses that were given a mask, which does not fit its own entries: "
            "give both, as a pair (losses, mask) or as aggregate(losses, mask=mask)"
        )
    return mask


def _wide(loss):
    """Losses in the dtype in which they are accumulated."""
    loss = floating_scores(loss, "loss")
    return loss.astype(accumulator_dtype(loss.dtype))


def _has_statistics(variable):
    return any(_is_statistic(v) for v in ancestors([variable]))


def _hides_statistics(variable):
    """Whether statistics are computed inside a loop or another inner graph, where they cannot be accumulated."""
    inner = variable.owner is not None and isinstance(variable.owner.op, HasInnerGraph)
    return inner and any(map(_is_statistic, ancestors(variable.owner.op.inner_outputs)))


def _is_statistic(variable):
    return variable.owner is not None and isinstance(variable.owner.op, Statistic)


def _statistics(name, output, inputs):
    """The statistics from which a measure is computed."""
    found = []
    for variable in walk([output], lambda v: None if v.owner is None or _is_statistic(v) else v.owner.inputs):
        if _is_statistic(variable):
            found.append(variable)
        elif variable in inputs:
            raise TypeError(
                f"measure {name!r} depends on the input {variable} of a batch directly, beside aggregated numbers, so "
                "that it has no exact value over several batches: aggregate that part, too"
            )
        elif variable.owner is None:
            _check_is_known(name, variable)
    if any(map(_hides_statistics, ancestors([output]))):
        raise TypeError(
            f"measure {name!r} aggregates inside a loop or another inner graph, where nothing can be accumulated over "
            "batches: aggregate the outputs of the loop"
        )
    for statistic in found:
        _check_statistic(name, statistic, inputs)
    return found


def _check_statistic(name, statistic, inputs):
    for variable in ancestors(statistic.owner.inputs):
        if _is_statistic(variable):
            raise TypeError(
                f"measure {name!r} depends on another aggregate of the same batch, so that it has no exact value over "
                "several batches"
            )
        if variable.owner is None and variable not in inputs:
            _check_is_known(name, variable)


def _check_is_known(name, variable):
    if not isinstance(variable, Constant | SharedVariable):
        raise ValueError(f"measure {name!r} depends on {variable}, which is not among the inputs")


def _part(name, statistic, dtype):
    rule = statistic.owner.op.rule
    empty = rule.empty(statistic, dtype)
    if rule is Rule.JOIN:
        kept = pt.tensor(name, dtype=empty.dtype.name, shape=(None, *statistic.type.shape[1:]))
        return Part(name, rule, statistic, kept, empty, kept)
    shape = (rule.size, *(statistic.type.shape[1:] if rule.is_stacked else statistic.type.shape))
    state = pt.tensor(name, dtype=empty.dtype.name, shape=shape)
    return Part(name, rule, statistic, state, empty, statistic.type(name))
