"""Reductions over rows and the expressions around them are one loop, which computes the same numbers."""

import pickle

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import PLAIN, REWRITTEN
from pytensor.compile.mode import Mode, get_mode
from pytensor.graph.features import ReplaceValidate
from pytensor.graph.fg import FunctionGraph
from pytensor.tensor.math import Max, Sum
from rewriting.test_loops import Acyclic

import objectives
from objectives import squared_error
from objectives.ops.marking import HoldsLoss
from objectives.ops.rows import RowLoop
from objectives.rewriting.rows import FormRowLoops

A, B, C, TARGETS = pt.fmatrix("a"), pt.fmatrix("b"), pt.fmatrix("c"), pt.fvector("targets")
# The same graphs but for the rewrite; others would move factors out of sums, 0 * NaN of empty arrays among them.
WITHOUT = Mode("py", get_mode("NUMBA").excluding("form_row_loops").provided_optimizer)
LOSSES = {
    "jensen_shannon_divergence": (A, B),
    "kl_divergence_with_logits": (A, B),
    "cosine_distance": (A, B),
    "cosine_embedding_loss": (A, B, TARGETS),
    "pairwise_distance": (A, B),
    "triplet_margin_loss": (A, B, C),
}


def is_loop(node):
    return isinstance(node.op, RowLoop)


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_one_loop(name):
    inputs = LOSSES[name]
    loss = getattr(objectives, name)(*inputs).mean()
    function = pytensor.function(inputs, [loss, pytensor.grad(loss, A)], mode=REWRITTEN)
    nodes = function.maker.fgraph.toposort()
    assert len(list(filter(is_loop, nodes))) == 1
    assert not any(isinstance(node.op, Sum | Max) and node.inputs[0].ndim > 1 for node in nodes)


def tangled(rng, steps=16):
    """Expressions of matrices, rows, columns and numbers, through reductions and through what no loop computes."""
    x, y, row, column = pt.fmatrix("x"), pt.fmatrix("y"), pt.fvector("row"), pt.frow("column")
    full, rows, outputs = [x, y, y * column], [row], []

    def pick(known):
        return known[rng.integers(len(known))]

    for _ in range(steps):
        kind = rng.integers(7)
        a, r = pick(full), pick(rows)
        if kind == 0:
            full.append(pt.tanh(a - pick(full) * 0.5))
        elif kind == 1:
            full.append(pt.sigmoid(a) + pt.tanh(r)[:, None])
        elif kind == 2:
            rows.append(pt.log1p((a * pick(full)).sum(axis=-1) ** 2))
        elif kind == 3:
            rows.append(a.max(axis=1) - r)
        elif kind == 4:
            full.append(pt.switch(a > a.mean(axis=-1, keepdims=True), a, r[:, None]))
        elif kind == 5:
            full.append(pt.tanh(pt.cumsum(a, axis=0)))
        else:
            outputs.append(pt.tanh(a).mean())
            full.append(a * outputs[-1])
    return [x, y, row, column], [*outputs, rows[-1], full[-1], full[-2].sum()]


def values(num_rows, length):
    rng = np.random.default_rng(length)
    shapes = [(num_rows, length), (num_rows, length), num_rows, (1, length)]
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def rewritten(inputs, outputs):
    fgraph = FunctionGraph(inputs, outputs, clone=True, features=[ReplaceValidate(), HoldsLoss(), Acyclic()])
    FormRowLoops().apply(fgraph)
    return fgraph


def test_random_graphs():
    """The loops need none of their own results, and their graphs compute what the graph did."""
    formed = 0
    for seed in range(40):
        inputs, outputs = tangled(np.random.default_rng(seed))
        fgraph = rewritten(inputs, outputs)
        formed += sum(map(is_loop, fgraph.apply_nodes))
        arrays = values(5, 4)
        results = pytensor.function(fgraph.inputs, fgraph.outputs, mode=PLAIN, on_unused_input="ignore")(*arrays)
        expected = pytensor.function(inputs, outputs, mode=PLAIN, on_unused_input="ignore")(*arrays)
        for result, other in zip(results, expected, strict=True):
            assert result.dtype == other.dtype
            np.testing.assert_allclose(result, other, rtol=1e-4, atol=1e-5, err_msg=str(seed))
    assert formed > 40


def test_kernels():
    """One element, several blocks of them, several threads, no rows, no elements, transposed arrays and NaN."""
    inputs, outputs = tangled(np.random.default_rng(4))
    outputs.append(squared_error(inputs[0], inputs[1]).sum())
    function = pytensor.function(inputs, outputs, mode="NUMBA", on_unused_input="ignore")
    plain = pytensor.function(inputs, outputs, mode=WITHOUT, on_unused_input="ignore")
    assert any(map(is_loop, function.maker.fgraph.apply_nodes))
    transposed = values(6, 9)
    transposed[0] = np.asfortranarray(transposed[0])
    unknown = values(6, 9)
    unknown[0][2, 3] = np.nan
    restored = pickle.loads(pickle.dumps(function))
    for arrays in (values(3, 1), values(7, 33), values(97, 2500), values(0, 3), transposed, unknown):
        with np.errstate(all="ignore"):
            expected = plain(*arrays)
        for result, copied in zip(function(*arrays), restored(*arrays), strict=True):
            np.testing.assert_array_equal(result, copied)
        for result, other in zip(function(*arrays), expected, strict=True):
            assert result.dtype == other.dtype and result.shape == other.shape
            np.testing.assert_allclose(result, other, rtol=1e-3, atol=1e-4)
