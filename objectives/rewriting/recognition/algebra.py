"""Writes the variables of a graph as linear combinations of a softmax and of one-hot rows.

Each value (..., C) is a sum over a basis: 1, the probabilities p, their logarithms, the one-hot rows of some labels y.
The coefficients are polynomials in rows (values that are the same for all classes) and in symbols for quantities of the
softmax: p_y, the loss -log p_y, the log-sum-exp of the logits. A graph that divides by p_y and multiplies by it again
is NaN where p_y is 0; in the polynomial both cancel.
"""

import math
import operator
from collections import defaultdict
from functools import reduce

import pytensor.scalar as ps
from pytensor.compile.builders import OpFromGraph
from pytensor.tensor import special
from pytensor.tensor.basic import Alloc
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.math import Sum
from pytensor.tensor.special import LogSoftmax, Softmax
from pytensor.tensor.subtensor import AdvancedIncSubtensor, AdvancedSubtensor, IncSubtensor

from objectives.ops.elementwise import FLOATS
from objectives.rewriting.recognition.labels import (
    Labels,
    constant,
    has_rows_of,
    is_over_classes,
    made_by,
    one_hot,
    picked,
    placed,
    scalar_op,
)
from objectives.rewriting.recognition.polynomials import Polynomial, Unknown, number, symbol
from objectives.rewriting.recognition.symbols import Symbol, as_many_as_rows, first_of, over_rows, paired

ALL, P, LOG_P = "all classes", "p", "log p"
MOST_TERMS = 30  # bounds the cost of multiplying out sums
LogSumExp = getattr(special, "LogSumExp", ())  # since PyTensor 3.3


LOG_SUM_EXP = symbol(Symbol("logsumexp"))


class Combination(dict):
    """A sum of basis elements (keys) times polynomials: `ALL`, `P`, `LOG_P`, `Labels` and variables."""

    def __init__(self, terms):
        super().__init__({basis: c for basis, c in terms.items() if c})

    def __add__(self, other):
        return Combination(
            {basis: self.coefficient(basis) + other.coefficient(basis) for basis in (*self, *other)},
        )

    def __neg__(self):
        return self * row(number(-1))

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        terms: dict = defaultdict(Polynomial)
        for a, c in self.items():
            for b, d in other.items():
                basis, factor = _product(a, b)
                terms[basis] += c * d * factor
        return Combination(terms)

    def coefficient(self, basis):
        return self.get(basis, Polynomial())

    def as_row(self):
        if not self.keys() <= {ALL}:
            raise Unknown
        return self.coefficient(ALL)

    def shift(self):
        """r where this is log p + r."""
        if not self.keys() <= {LOG_P, ALL} or self.coefficient(LOG_P) != number(1):
            raise Unknown
        return self.coefficient(ALL)

    def sum(self):
        """The sum over classes."""
        total = Polynomial()
        for basis, c in self.items():
            if basis is P:
                total += c
            elif isinstance(basis, Labels):
                total += c if basis.all_name_classes else c * symbol(Symbol("valid", basis))
            else:
                raise Unknown
        return total

    def at(self, labels):
        """The entry that each label names."""
        return first_of((self * Combination({labels: number(1)})).coefficient(labels), labels)


def row(polynomial):
    return Combination({ALL: polynomial})


def _product(a, b):
    """The product of two basis elements, as a basis element and a factor."""
    if ALL in (a, b):
        return (b if a is ALL else a), number(1)
    if isinstance(b, Labels):
        a, b = b, a
    if isinstance(a, Labels) and a == b:
        return a, number(1)
    if isinstance(a, Labels) and b is P:
        return a, over_rows(symbol(Symbol("p", a)), a)
    if isinstance(a, Labels) and b is LOG_P:
        return a, over_rows(-symbol(Symbol("loss", a)), a)
    if isinstance(a, Labels) and _is_by_class(b):
        return a, over_rows(symbol(Symbol("entry", (a, b))), a)
    raise Unknown


def _is_by_class(variable) -> bool:
    """Whether a variable is the same for all items, as class weights are."""
    return hasattr(variable, "type") and all(variable.type.broadcastable[:-1])


class SoftmaxAlgebra:
    """Variables as combinations, for the softmax of some logits over their last axis."""

    def __init__(self, fgraph, logits):
        self.fgraph = fgraph
        self.logits = logits
        self.ndim = logits.ndim
        self.known = {logits: Combination({LOG_P: number(1), ALL: LOG_SUM_EXP})}
        self.paired: set = set()  # labels that the graph shows to be as many as the rows

    def value(self, variable) -> Combination:
        if variable not in self.known:
            self.known[variable] = self._value_or_itself(variable)
        value = self.known[variable]
        if value is None:
            raise Unknown
        return value

    def is_row(self, variable) -> bool:
        return variable.ndim < self.ndim or (variable.ndim == self.ndim and variable.type.broadcastable[-1])

    def _value_or_itself(self, variable):
        """The value. An unknown row is its own symbol, some unknown matrices are basis elements; for others None."""
        try:
            value = self._value(variable)
            if not self.is_row(variable):
                return value
            polynomial = self._paired(value.as_row())
            if _is_worthwhile(polynomial):
                return row(polynomial)
        except Unknown:
            pass
        if self.is_row(variable):
            return row(symbol(variable))
        # class weights; and conditions, which are finite, so that they may cancel
        fits = variable.dtype == "bool" or (variable.dtype in FLOATS and _is_by_class(variable))
        return Combination({variable: number(1)}) if fits and variable.ndim == self.ndim else None

    def _paired(self, polynomial):
        self.paired |= as_many_as_rows(polynomial)
        return paired(polynomial, self.paired)

    def _value(self, variable):
        if variable.ndim > self.ndim:
            raise Unknown
        if (c := constant(variable)) is not None and math.isfinite(c):
            return row(number(c))
        if variable.ndim == self.ndim and (labels := one_hot(variable)) is not None:
            return self._one_hot(labels)
        if variable.owner is None or variable.dtype not in FLOATS:
            raise Unknown
        for op_type, rule in RULES.items():
            if isinstance(variable.owner.op, op_type):
                return rule(self, variable)
        if scalar_op(variable) is ps.Second:
            return self.value(variable.owner.inputs[1])
        scalar_rule = SCALAR_RULES.get(scalar_op(variable))
        if scalar_rule is None:
            raise Unknown
        return scalar_rule(*map(self.value, variable.owner.inputs))

    def _one_hot(self, labels):
        if not has_rows_of(labels.variable, self.logits):
            raise Unknown
        return Combination({labels: number(1)})

    def _softmax(self, variable):
        if is_over_classes(variable.owner.op.axis, variable.ndim):
            self.value(variable.owner.inputs[0]).shift()
            return Combination({P: number(1)})
        raise Unknown

    def _log_softmax(self, variable):
        self._softmax(variable)
        return Combination({LOG_P: number(1)})

    def _log_sum_exp(self, variable):
        (logits,) = variable.owner.inputs
        if logits.ndim != self.ndim or not is_over_classes(variable.owner.op.axis, logits.ndim):
            raise Unknown
        return row(self.value(logits).shift())

    def _graph(self, variable):
        """PyTensor's gradient of log sum exp is an Op made of a graph."""
        total, upstream = _of_log_sum_exp_gradient(variable)
        self._log_sum_exp(total)
        return Combination({P: self.value(upstream).as_row()})

    def _sum(self, variable):
        (summed,) = variable.owner.inputs
        if summed.ndim != self.ndim or not is_over_classes(variable.owner.op.axis, summed.ndim):
            raise Unknown
        return row(self.value(summed).sum())

    def _moved(self, variable):
        """Adding and dropping axes of length 1 does not change a row."""
        (inner,) = variable.owner.inputs
        if not self.is_row(inner):
            raise Unknown
        before, after = self._row_axes(inner), self._row_axes(variable)
        for axis, origin in zip(after, variable.owner.op.new_order, strict=True):
            if origin != "x" and axis != before[origin] and not inner.type.broadcastable[origin]:
                raise Unknown
        return self.value(inner)

    def _row_axes(self, variable):
        axes = list(range(self.ndim))
        return axes if variable.ndim == self.ndim else axes[self.ndim - 1 - variable.ndim : -1]

    def _filled(self, variable):
        filling = variable.owner.inputs[0]
        if filling.ndim not in (0, variable.ndim):
            raise Unknown
        return self.value(filling)

    def _picked(self, variable):
        scores, labels = picked(self.fgraph, variable, self.logits) or _unknown()
        return row(self.value(scores).at(self._known_pairs(labels)))

    def _placed(self, variable):
        base, values, labels = placed(self.fgraph, variable, self.logits) or _unknown()
        labels = self._known_pairs(labels)
        values = over_rows(self._paired(self.value(values).as_row()), labels)
        here, base, values = self._one_hot(labels), self.value(base), row(values)
        return base + here * (values - base if variable.owner.op.set_instead_of_inc else values)

    def _known_pairs(self, labels):
        return labels.as_many_as_rows() if labels.variable in self.paired else labels

    def _placed_in_column(self, variable):
        """A row in the gradient of ``column[..., 0]``."""
        base, values, *index = variable.owner.inputs
        whole = [slice(None)] * (self.ndim - 1)
        if variable.ndim != self.ndim or not self.is_row(variable) or list(variable.owner.op.idx_list[:-1]) != whole:
            raise Unknown
        if len(index) != 1 or constant(index[0]) != 0 or self.value(base):
            raise Unknown
        return self.value(values)


def _of_log_sum_exp_gradient(variable):
    """(log sum exp, upstream) if a variable is the gradient of a `LogSumExp`."""
    inputs = variable.owner.inputs
    if LogSumExp == () or len(inputs) != 3 or not made_by(inputs[1], LogSumExp):
        raise Unknown
    logits, total, upstream = inputs
    (expected,) = total.owner.op.pullback([logits], [total], [upstream])
    if total.owner.inputs[0] is not logits or expected.owner.op != variable.owner.op:
        raise Unknown
    return total, upstream


def _unknown(*values):
    raise Unknown


def _is_worthwhile(polynomial):
    """Whether a row is better written as a polynomial than kept as a variable."""
    knows = any(isinstance(s, Symbol) for s in polynomial.symbols())
    return len(polynomial.terms) <= (MOST_TERMS if knows else 1)


def _exp(a):
    shift = a.shift()
    return Combination({P: symbol(Symbol("exp", shift)) if shift else number(1)})


def _log(a):
    if a == {P: number(1)}:
        return Combination({LOG_P: number(1)})
    kind, of = _as_softmax_symbol(a.as_row())
    if kind == "p":
        return row(-symbol(Symbol("loss", of)))
    if kind == "exp":
        return row(of)
    raise Unknown


def _as_softmax_symbol(polynomial):
    s = polynomial.as_symbol()
    return s if isinstance(s, Symbol) else (None, None)


def _switch(condition, a, b):
    """Only for one-hot conditions: with others, the product would let through a NaN that the condition hides."""
    (labels,) = condition if len(condition) == 1 else (None,)
    if not isinstance(labels, Labels):
        raise Unknown
    return condition * (a - b) + b


# By Op, for a variable that it makes; by scalar Op of an `Elemwise`, for the values of its inputs.
RULES = {
    Softmax: SoftmaxAlgebra._softmax,
    LogSoftmax: SoftmaxAlgebra._log_softmax,
    LogSumExp: SoftmaxAlgebra._log_sum_exp,
    OpFromGraph: SoftmaxAlgebra._graph,
    Sum: SoftmaxAlgebra._sum,
    DimShuffle: SoftmaxAlgebra._moved,
    Alloc: SoftmaxAlgebra._filled,
    AdvancedSubtensor: SoftmaxAlgebra._picked,
    AdvancedIncSubtensor: SoftmaxAlgebra._placed,
    IncSubtensor: SoftmaxAlgebra._placed_in_column,
}
SCALAR_RULES: dict = {
    ps.Add: lambda *terms: reduce(operator.add, terms),
    ps.Sub: operator.sub,
    ps.Neg: operator.neg,
    ps.Mul: lambda *factors: reduce(operator.mul, factors),
    ps.TrueDiv: lambda a, b: a * row(b.as_row().reciprocal()),
    ps.Reciprocal: lambda a: row(a.as_row().reciprocal()),
    ps.Sqr: lambda a: a * a,
    ps.Cast: lambda a: a,
    ps.Exp: _exp,
    ps.Log: _log,
    ps.Switch: _switch,
}
