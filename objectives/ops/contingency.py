"""Numbers of a table of counts that no expression can compute, since the work depends on the counts."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op


class TableNumber(Op):
    """A number of a table (rows, columns), computed by NumPy and SciPy in float64 on every backend.

    That of a table with NaN is NaN. Backends hand the table over to the host and take the number back.
    """

    __props__ = ()

    def make_node(self, *inputs):
        (table,) = map(pt.as_tensor_variable, inputs)
        return Apply(self, [table], [pt.scalar(dtype=table.dtype)])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = self.of(inputs[0])

    def of(self, table):
        """The number as an array without dimensions, of the dtype of the table."""
        table = np.asarray(table)
        number = np.nan if np.isnan(table).any() else self.compute(table.astype("float64"))
        return np.asarray(number, dtype=table.dtype)

    def compute(self, table):
        raise NotImplementedError

    def infer_shape(self, *arguments):
        return [()]

    def connection_pattern(self, node):
        return [[False]]

    def pullback(self, inputs, outputs, output_grads):
        return [disconnected_type()]


class BestAssignment(TableNumber):
    """The greatest sum of entries of which no two share a row or column."""

    def compute(self, table):
        from scipy.optimize import linear_sum_assignment  # here: few need it, and it is slow to import

        return table[linear_sum_assignment(table, maximize=True)].sum()


class ExpectedMutualInformation(TableNumber):
    r"""What the mutual information of rows and columns is on average, in nats, given the sums of whole counts.

    .. math:: E = \sum_{ij} \sum_n \frac{n}{N} \log \frac{N n}{a_i b_j}\, P(n; N, a_i, b_j)

    with the hypergeometric probability P of n of the N items in row i and column j, whose sums are :math:`a_i` and
    :math:`b_j`.
    """

    def compute(self, table):
        from scipy.special import gammaln

        rows, columns = (np.rint(table.sum(axis=axis)).astype("int64") for axis in (1, 0))
        rows, columns, total = rows[rows > 0], columns[columns > 0], rows.sum()
        log_factorial = gammaln(np.arange(1.0, total + 2))
        expected = 0.0
        for a in rows:
            for b in columns:
                n = np.arange(max(1, a + b - total), min(a, b) + 1)
                ways = log_factorial[[a, b, total - a, total - b]].sum() - log_factorial[total]
                ways = ways - log_factorial[[n, a - n, b - n, total - a - b + n]].sum(axis=0)
                expected += (n / total * np.log(n / a * (total / b)) * np.exp(ways)).sum()
        return expected


best_assignment = BestAssignment()
expected_mutual_information = ExpectedMutualInformation()
