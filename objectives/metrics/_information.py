"""Entropies and mutual information of a contingency table, and their degenerate cases."""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ones_where, ratio
from objectives.ops.selection import equal, relu, where


class Information(NamedTuple):
    """Mutual information of rows (classes) and columns (clusters), and their entropies, in nats."""

    mutual: TensorVariable
    of_rows: TensorVariable
    of_columns: TensorVariable

    @property
    def is_trivial(self):
        """Whether there is only one class and only one cluster, or no item."""
        return equal(self.of_rows, 0) & equal(self.of_columns, 0)

    @property
    def is_one_sided(self):
        """Whether there is only one class or only one cluster, or no item."""
        return equal(self.of_rows, 0) | equal(self.of_columns, 0)

    @property
    def homogeneity(self):
        return ratio(self.mutual, self.of_rows, 1)

    @property
    def completeness(self):
        return ratio(self.mutual, self.of_columns, 1)


def information_of(table) -> Information:
    """Mutual information and entropies of a table of counts."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    # each divided by its own total, so that the share of a single class is exactly 1, whatever the weights
    p, p_row, p_column = (ratio(counts, counts.sum(), 0) for counts in (table, rows, columns))
    nothing = equal(p, 0)
    quotients = ratio(p, p_row[:, None] * p_column[None, :])
    mutual = (p * pt.log(where(nothing, 1, quotients))).sum()
    return Information(relu(mutual), entropy(p_row), entropy(p_column))


def is_renaming(table):
    """Whether clusters equal classes up to their numbering."""
    entries, rows, columns = (ones_where(pt.neq(x, 0), table.dtype).sum() for x in (table, table.sum(1), table.sum(0)))
    return equal(entries, rows) & equal(entries, columns) & pt.invert(pt.isnan(table.sum()))


def entropy(shares):
    """The entropy of a vector of shares; exactly 0 if one of them is 1."""
    return -(shares * pt.log(where(pt.neq(shares, 0), shares, 1))).sum()


def averaged_entropy(information, average_method):
    """The mean of both entropies."""
    means = {
        "arithmetic": lambda a, b: (a + b) / 2,
        "geometric": lambda a, b: pt.sqrt(a) * pt.sqrt(b),
        "min": pt.minimum,
        "max": pt.maximum,
    }
    if average_method not in means:
        raise ValueError(f"average_method must be one of {', '.join(map(repr, means))}, not {average_method!r}")
    return means[average_method](information.of_rows, information.of_columns)


def away_from_0(x):
    """``x``, kept at least one machine epsilon away from 0; anything closer is rounding."""
    least = float(np.finfo(x.dtype).eps)
    return where(x < 0, where(x > -least, -least, x), where(x < least, least, x))
