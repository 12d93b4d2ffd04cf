"""What polynomials know of a softmax, and how they get from rows to the labels that an index pairs with rows.

There may be fewer labels than rows, see `Labels.by_label`. A row symbol is then of either: what is picked by labels has
as many entries as they, what is placed at them has as many as the rows.
"""

from typing import Any, NamedTuple

from objectives.rewriting.recognition.labels import Labels
from objectives.rewriting.recognition.polynomials import Unknown


class Symbol(NamedTuple):
    """What is known of the softmax, by kind and what it is of.

    Of labels: "p", "loss", and "valid" where a label names a class; of labels and class weights: their "entry"; of a
    polynomial: its "exp"; "logsumexp". Of labels and a symbol: "first", the symbol of the rows that have a label, and
    "over", that of the labels for all rows, of which those without a label must be left out.
    """

    kind: str
    of: Any = None


def first_of(polynomial, labels):
    """A polynomial of rows, for those that have a label."""
    if not labels.are_few:
        return polynomial

    def first(s):
        if s == Symbol("valid", labels):
            return None
        return s.of[1] if _is(s, "over", labels) else _crossed("first", labels, s)

    return polynomial.renamed(first)


def over_rows(polynomial, labels):
    """A polynomial of labels, for all rows."""
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
    """The labels of which there are as many as rows, or the operands of this row would have different lengths."""
    symbols = polynomial.symbols()
    return {
        s.of[0].variable
        for s in symbols
        if isinstance(s, Symbol) and s.kind in ("first", "over") and s.of[1] in symbols
    }


def paired(polynomial, variables):
    """A polynomial in which these labels are as many as the rows."""

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
