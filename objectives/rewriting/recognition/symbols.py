"""Symbols for quantities of a softmax, and their translation between rows and labels.

There may be fewer labels than rows, see `Labels.by_label`. A symbol then has either length: entries picked by labels
are as many as the labels, values placed at labels as many as the rows.
"""

from typing import Any, NamedTuple

from objectives.rewriting.recognition.labels import Labels
from objectives.rewriting.recognition.polynomials import Unknown


class Symbol(NamedTuple):
    """A quantity of the softmax: its kind, and what it belongs to.

    For labels: "p", "loss", and "valid", which is 1 where a label names a class; for labels and class weights: "entry",
    the weight of the class; for a polynomial: its "exp"; and "logsumexp". For labels and a symbol: "first", the symbol
    at the rows that have a label, and "over", the symbol spread over all rows, to be left out where there is no label.
    """

    kind: str
    of: Any = None


def first_of(polynomial, labels):
    """A polynomial of rows, at the rows that have a label."""
    if not labels.are_few:
        return polynomial

    def first(s):
        if s == Symbol("valid", labels):
            return None
        return s.of[1] if _is(s, "over", labels) else _crossed("first", labels, s)

    return polynomial.renamed(first)


def over_rows(polynomial, labels):
    """A polynomial of labels, spread over all rows."""
    if not labels.are_few:
        return polynomial
    return polynomial.renamed(lambda s: s.of[1] if _is(s, "first", labels) else _crossed("over", labels, s))


def _is(s, kind, labels):
    return isinstance(s, Symbol) and s.kind == kind and s.of[0] == labels


def _crossed(kind, labels, s):
    if not isinstance(s, Symbol):
        broadcastable = s.type.broadcastable[: len(labels.by_label)]
        if all(broadcastable):
            return s
        if any(broadcastable) or s.ndim < len(labels.by_label):
            raise Unknown
    return Symbol(kind, (labels, s))


def as_many_as_rows(polynomial):
    """The labels that must be as many as the rows, since the operands of this row have the same length."""
    symbols = polynomial.symbols()
    return {
        s.of[0].variable
        for s in symbols
        if isinstance(s, Symbol) and s.kind in ("first", "over") and s.of[1] in symbols
    }


def paired(polynomial, variables):
    """The polynomial, given that these labels are as many as the rows."""

    def labels_of(labels):
        return labels.as_many_as_rows() if labels.variable in variables else labels

    def pair(s):
        if not isinstance(s, Symbol) or s.of is None:
            return s
        if isinstance(s.of, Labels):
            return Symbol(s.kind, labels_of(s.of))
        if s.kind == "exp":
            return Symbol(s.kind, paired(s.of, variables))
        labels, of = s.of
        if s.kind == "entry":
            return Symbol(s.kind, (labels_of(labels), of))
        return pair(of) if labels.variable in variables else Symbol(s.kind, (labels, pair(of)))

    return polynomial.renamed(pair) if variables else polynomial
