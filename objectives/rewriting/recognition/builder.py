"""Builds the graphs that replace the losses and gradients that the algebra has found."""

import operator
from functools import reduce
from typing import ClassVar

import pytensor.tensor as pt
from pytensor.graph.basic import Constant

from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient
from objectives.ops.pairing import NO_ITEM, FirstRows, OverRows
from objectives.ops.shapes import own_shape
from objectives.rewriting.recognition.polynomials import symbol
from objectives.rewriting.recognition.symbols import Symbol


class CrossentropyBuilder:
    """Builds rows, losses and gradients of the softmax of some logits.

    Each is built once: a loss and a gradient are merged later only if they share their inputs.
    """

    def __init__(self, logits):
        self.logits = logits
        self.made = {}

    def row(self, polynomial):
        terms = polynomial.terms.items()
        return self._once(
            polynomial, lambda: reduce(operator.add, map(self._product, terms), *([] if terms else [0.0]))
        )

    def gradient(self, labels, a, b):
        """``a p - b onehot``, where a row without a class has zeros as its one-hot row."""
        b = b if labels.all_name_classes else b * symbol(Symbol("valid", labels))
        weights = (self._once((labels, w), lambda w=w: self._weight(labels, w)) for w in (a, b))
        return SoftmaxCrossentropyGradient()(self.logits, self._index(labels), *weights)

    def _once(self, key, make):
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def _weight(self, labels, polynomial):
        """A row for each item, of the dtype of the logits.

        `pt.alloc` would infer static shapes from the whole graph above, which takes minutes in a deep graph.
        """
        return pt.second(self._index(labels), self.row(polynomial).astype(self.logits.dtype))

    def _sum(self, polynomial):
        if not polynomial:
            return pt.constant(0, dtype=self.logits.dtype)
        return reduce(operator.add, map(self._product, polynomial.terms.items()))

    def _product(self, term):
        """A product of the polynomial. Invalid rows are set to 0, not multiplied by it: they may hold inf."""
        factors, c = term
        product = pt.constant(c, dtype=self.logits.dtype)
        for symbol_, power in sorted(factors, key=lambda factor: factor[1], reverse=True):
            if isinstance(symbol_, Symbol) and symbol_.kind == "valid":
                continue
            factor = self._once(symbol_, lambda s=symbol_: self._factor(s))
            for _ in range(abs(power)):
                product = product * factor if power > 0 else product / factor
        for symbol_, _ in factors:
            if isinstance(symbol_, Symbol) and symbol_.kind == "valid":
                product = pt.switch(self._is_valid(symbol_.of), product, 0)
        return product

    def _factor(self, symbol_):
        if isinstance(symbol_, Symbol):
            return getattr(self, f"_{symbol_.kind}")(symbol_.of)
        row = symbol_[..., 0] if symbol_.ndim == self.logits.ndim else symbol_
        # the algebra ignores casts, and PyTensor's Numba backend divides by an int64 in float32 (3.0.7)
        return row if row.dtype.startswith("float") else row.astype(self.logits.dtype)

    def _first(self, labels_and_symbol):
        labels, s = labels_and_symbol
        return self._of_labels(self._once(s, lambda: self._factor(s)), labels)

    def _over(self, labels_and_symbol):
        labels, s = labels_and_symbol
        rule = self.OF_ROWS.get(s.kind) if isinstance(s, Symbol) else None
        if rule:
            return rule(self, s.of)
        return OverRows(labels.by_label)(self._once(s, lambda: self._factor(s)), self.logits)

    def _loss(self, labels):
        return self._of_labels(self._loss_of_rows(labels), labels)

    def _loss_of_rows(self, labels):
        return self._once(("loss of rows", labels), lambda: SoftmaxCrossentropy.of(self.logits, self._index(labels)))

    def _p(self, labels):
        return self._of_labels(self._p_of_rows(labels), labels)

    def _p_of_rows(self, labels):
        return self._once(("p of rows", labels), lambda: pt.exp(-self._loss_of_rows(labels)))

    def _entry(self, labels_and_weights):
        labels, _ = labels_and_weights
        return self._of_labels(self._entry_of_rows(labels_and_weights), labels)

    def _entry_of_rows(self, labels_and_weights):
        labels, weights = labels_and_weights
        return weights[(0,) * (weights.ndim - 1)][self._index(labels)]

    OF_ROWS: ClassVar = {"loss": _loss_of_rows, "p": _p_of_rows, "entry": _entry_of_rows}

    def _of_labels(self, x, labels):
        return FirstRows(labels.by_label)(x, self._written(labels)) if labels.are_few else x

    def _exp(self, polynomial):
        return pt.exp(self.row(polynomial))

    def _logsumexp(self, _):
        return pt.logsumexp(self.logits, axis=-1)

    def _index(self, labels):
        """The class of each row, 0 where it has none."""
        return self._once(labels, lambda: self._class_index(labels))

    def _class_index(self, labels):
        y = self._over_rows(labels)
        return y if labels.all_name_classes else pt.switch(self._is_valid(labels), y, 0)

    def _is_valid(self, labels):
        return self._once(("valid", labels), lambda: self._names_class(labels, self._over_rows(labels)))

    def _names_class(self, labels, y):
        return pt.neq(y, NO_ITEM) if labels.wraps else (y >= 0) & (y < own_shape(self.logits).shape[-1])

    def _over_rows(self, labels):
        """The label of each row as int64; where negative labels count from the end, the class that they mean."""
        return self._once(("over rows", labels), lambda: self._labels_over_rows(labels))

    def _labels_over_rows(self, labels):
        y = self._wrapped(labels).astype("int64")
        return y if labels.by_label is None else OverRows(labels.by_label)(y, self.logits)

    def _wrapped(self, labels):
        """Negative labels made positive, but for those below -C, which the error message shall show."""
        y = self._written(labels)
        if not labels.wraps or y.dtype.startswith("u") or (isinstance(y, Constant) and (y.data >= 0).all()):
            return y
        num_classes = own_shape(self.logits).shape[-1]
        return pt.switch((y < 0) & (y >= -num_classes), y + num_classes, y)

    def _written(self, labels):
        y = labels.variable
        return y[..., 0] if y.ndim == self.logits.ndim else y
