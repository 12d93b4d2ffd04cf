"""Polynomials in symbols and their reciprocals, as far as the algebra of a gradient needs them."""

from collections import defaultdict


class Unknown(Exception):
    """The algebra cannot express a value; the variable stays as it is."""


class Polynomial:
    """A sum of products of symbols to integer powers; symbols are any hashable objects.

    ``terms`` maps each product, a frozenset of (symbol, power), to its coefficient.
    """

    def __init__(self, terms=None):
        self.terms = {product: float(c) for product, c in (terms or {}).items() if c}

    def __add__(self, other):
        terms = defaultdict(float, self.terms)
        for product, c in other.terms.items():
            terms[product] += c
        return Polynomial(terms)

    def __neg__(self):
        return Polynomial({product: -c for product, c in self.terms.items()})

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        terms: dict = defaultdict(float)
        for a, c in self.terms.items():
            for b, d in other.terms.items():
                terms[_multiplied(a, b)] += c * d
        return Polynomial(terms)

    def reciprocal(self):
        if len(self.terms) != 1:
            raise Unknown
        ((product, c),) = self.terms.items()
        return Polynomial({frozenset((symbol, -power) for symbol, power in product): 1 / c})

    def __bool__(self):
        return bool(self.terms)

    def __eq__(self, other):
        return isinstance(other, Polynomial) and self.terms == other.terms

    def __hash__(self):
        return hash(frozenset(self.terms.items()))

    def symbols(self):
        return {symbol for product in self.terms for symbol, _ in product}

    def renamed(self, rename):
        """The polynomial with ``rename(symbol)`` for each symbol; None stands for 1."""
        terms: dict = defaultdict(float)
        for product, c in self.terms.items():
            new = [(rename(symbol), power) for symbol, power in product]
            terms[_multiplied((), [(symbol, power) for symbol, power in new if symbol is not None])] += c
        return Polynomial(terms)

    def as_symbol(self):
        """The symbol that this polynomial is, or None."""
        if len(self.terms) == 1:
            ((product, c),) = self.terms.items()
            if c == 1 and len(product) == 1:
                ((symbol, power),) = product
                return symbol if power == 1 else None
        return None


def _multiplied(a, b):
    powers: dict = defaultdict(int)
    for symbol, power in (*a, *b):
        powers[symbol] += power
    return frozenset((symbol, power) for symbol, power in powers.items() if power)


def number(c):
    return Polynomial({frozenset(): c})


def symbol(s):
    return Polynomial({frozenset({(s, 1)}): 1})
