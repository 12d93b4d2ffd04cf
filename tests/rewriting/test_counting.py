"""The number of entries of an expression is taken from what it is computed of."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import REWRITTEN

from objectives.ops.counting import EntryCount

X, Y = pt.dtensor3("x"), pt.dtensor3("y")
EXPRESSIONS = {
    "sum of the last axis": (X * Y).sum(axis=-1),
    "sum of the first axis": X.sum(axis=0),
    "maximum of two axes": pt.exp(X).max(axis=(0, 2)),
    "sum with its axis kept": X.sum(axis=1, keepdims=True),
    "transpose": pt.sqr(X).transpose(2, 0, 1),
    "new axes": pt.tanh(X)[:, None, :, :, None],
    "softmax": pt.special.softmax(X, axis=1),
    "log-softmax": pt.special.log_softmax(X - Y, axis=-1),
    "sum of everything": X.sum(),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_count_reads_an_input(name):
    expression = EXPRESSIONS[name]
    arrays = np.zeros((2, 2, 3, 5))
    shape = pytensor.function([X, Y], expression.shape, on_unused_input="ignore")(*arrays)
    for axes in ([*range(expression.ndim)], [*range(expression.ndim)][1:], [*range(expression.ndim)][:1]):
        count = pytensor.function([X, Y], EntryCount(axis=axes)(expression), mode=REWRITTEN, on_unused_input="ignore")
        assert all(variable in count.maker.fgraph.inputs for variable in counted(count.maker.fgraph))
        assert count(*arrays) == shape[axes].prod()


def counted(fgraph):
    return [node.inputs[0] for node in fgraph.apply_nodes if isinstance(node.op, EntryCount)]
