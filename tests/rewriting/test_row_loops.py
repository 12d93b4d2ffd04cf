"""Reductions over rows and the expressions around them are one loop, which computes the same numbers."""

import pickle
import re
from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import optimized
from pytensor.compile.mode import Mode, get_mode
from pytensor.graph.features import ReplaceValidate
from pytensor.graph.fg import FunctionGraph
from pytensor.scalar.basic import TrueDiv
from pytensor.tensor.math import Max, Sum
from rewriting.test_loops import Acyclic

import objectives
from objectives import squared_error
from objectives.dispatch.numba._rows import kernel
from objectives.ops.elementwise import MOST_ARRAYS
from objectives.ops.marking import HoldsLoss
from objectives.ops.rows import RowLoop
from objectives.rewriting.rows import FormRowLoops, is_elementwise

A, B, C, TARGETS = pt.fmatrix("a"), pt.fmatrix("b"), pt.fmatrix("c"), pt.fvector("targets")
REWRITES = {"NUMBA": "form_row_loops", "CVM": "form_row_loops_on_c"}
ON_C = pytest.mark.skipif(not pytensor.config.cxx, reason="no C++ compiler")
ON_EACH = pytest.mark.parametrize("backend", ["NUMBA", pytest.param("CVM", marks=ON_C)])
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


def elements(loop):
    """What a loop computes for each element of a row."""
    return [
        node for node in loop.inner.apply_nodes if is_elementwise(node) and loop.rows.kind(node.outputs[0]) == "full"
    ]


@ON_EACH
@pytest.mark.parametrize("mean", [pt.mean, objectives.aggregate])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_one_loop(name, mean, backend):
    """The denominator of the mean, by which the gradient is divided, is known before the loss."""
    inputs = LOSSES[name]
    loss = mean(getattr(objectives, name)(*inputs))
    fgraph = FunctionGraph(inputs, [loss, pytensor.grad(loss, A)])
    get_mode(backend).optimizer.rewrite(fgraph)
    nodes = fgraph.toposort()
    assert len(list(filter(is_loop, nodes))) == 1
    assert not any(isinstance(node.op, Sum | Max) and node.inputs[0].ndim > 1 for node in nodes)


def tangled(rng, dtype="float32", steps=16):
    """Expressions of matrices, rows, columns and numbers, through reductions and through what no loop computes."""
    x, y = pt.matrix("x", dtype=dtype), pt.matrix("y", dtype=dtype)
    row, column = pt.vector("row", dtype=dtype), pt.row("column", dtype=dtype)
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


def values(num_rows, length, dtype="float32"):
    rng = np.random.default_rng(length)
    shapes = [(num_rows, length), (num_rows, length), num_rows, (1, length)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def rewritten(inputs, outputs):
    fgraph = FunctionGraph(inputs, outputs, clone=True, features=[ReplaceValidate(), HoldsLoss(), Acyclic()])
    FormRowLoops().apply(fgraph)
    return fgraph


def test_random_graphs():
    """The loops need none of their own results, and their graphs compute what the graph did."""
    formed = 0
    for seed in range(40):
        formed += len(loops_of_the_same(*tangled(np.random.default_rng(seed)), values(5, 4), seed))
    assert formed > 40


def loops_of_the_same(inputs, outputs, arrays, seed):
    """The loops of the rewritten graph, which computes the same from the arrays."""
    fgraph = rewritten(inputs, outputs)
    results = pytensor.function(fgraph.inputs, fgraph.outputs, on_unused_input="ignore")(*arrays)
    expected = pytensor.function(inputs, outputs, on_unused_input="ignore")(*arrays)
    for result, other in zip(results, expected, strict=True):
        assert result.dtype == other.dtype
        np.testing.assert_allclose(result, other, rtol=1e-4, atol=1e-5, err_msg=str(seed))
    return list(filter(is_loop, fgraph.apply_nodes))


def without_loops(backend):
    """The same mode but for the rewrite; others would move factors out of sums, 0 * NaN of empty arrays among them."""
    mode = get_mode(backend).excluding(REWRITES[backend])
    return mode if backend == "CVM" else Mode("py", mode.provided_optimizer)


@pytest.mark.parametrize(
    ("backend", "dtype"),  # Numba compiles for a minute, whatever the dtype
    [("NUMBA", "float32"), pytest.param("CVM", "float32", marks=ON_C), pytest.param("CVM", "float64", marks=ON_C)],
)
def test_kernels(backend, dtype):
    """One element, several blocks of them, several threads, no rows, arrays of any layout and NaN."""
    inputs, outputs = tangled(np.random.default_rng(4), dtype)
    outputs.append(squared_error(inputs[0], inputs[1]).sum())
    function = pytensor.function(inputs, outputs, mode=backend, on_unused_input="ignore")
    plain = pytensor.function(inputs, outputs, mode=without_loops(backend), on_unused_input="ignore")
    assert any(map(is_loop, function.maker.fgraph.apply_nodes))
    given = partial(values, dtype=dtype)
    transposed, unknown = given(6, 9), given(6, 9)
    transposed[0] = np.asfortranarray(transposed[0])
    unknown[0][2, 3] = np.nan
    backwards = [array[::-1] for array in given(6, 9)]
    backwards[0] = backwards[0][:, ::-1]
    repeated = given(6, 9)
    repeated[0] = np.broadcast_to(repeated[0][:1], (6, 9))
    shapes = [given(3, 1), given(7, 33), given(97, 2500), given(0, 3)]
    tolerance = {"rtol": 1e-3, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-11}
    assert_same(function, plain, [*shapes, transposed, unknown, backwards, repeated], tolerance)


def assert_same(function, plain, batches, tolerance):
    """The function, also when it has been pickled, computes of each batch what the plain one does."""
    restored = pickle.loads(pickle.dumps(function))
    for arrays in batches:
        with np.errstate(all="ignore"):
            expected = plain(*arrays)
        for result, copied in zip(function(*arrays), restored(*arrays), strict=True):
            np.testing.assert_array_equal(result, copied)
        for result, other in zip(function(*arrays), expected, strict=True):
            assert result.dtype == other.dtype and result.shape == other.shape
            np.testing.assert_allclose(result, other, **tolerance)


@ON_C
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quotients(dtype):
    """C multiplies by the reciprocal of what divides a row, be it so small or large that it has none."""
    a, b = pt.matrix("a", dtype=dtype), pt.matrix("b", dtype=dtype)
    function = pytensor.function([a, b], [b / a.sum(axis=-1, keepdims=True), squared_error(a, b)], mode="CVM")
    (loop,) = filter(is_loop, function.maker.fgraph.apply_nodes)
    assert not any(isinstance(node.op.scalar_op, TrueDiv) for node in elements(loop.op))
    info = np.finfo(dtype)
    divisors = [info.smallest_subnormal, info.tiny / 3, info.tiny, 3, 7e5, 1 / info.tiny, info.max, np.inf, 0, np.nan]
    divisors = np.array([*divisors, *np.negative(divisors)], dtype)
    numerators = np.concatenate([divisors, divisors / np.dtype(dtype).type(3), np.linspace(-9, 9, 50).astype(dtype)])
    totals = np.pad(divisors[:, None], [(0, 0), (0, numerators.size - 1)])
    with np.errstate(all="ignore"):
        expected = numerators / totals.sum(axis=-1, keepdims=True)
    quotients, _ = function(totals, np.tile(numerators, (divisors.size, 1)))
    np.testing.assert_array_max_ulp(quotients, expected, 1)
    np.testing.assert_array_equal(np.isinf(quotients), np.isinf(expected))
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(quotients[known]), np.signbit(expected[known]))


@ON_EACH
def test_sums_without_elements(backend):
    empty, loss = np.zeros((3, 0), "float32"), squared_error(A, B)
    function = pytensor.function([A, B], [loss.sum(axis=-1), (A * B).sum(axis=-1)], mode=backend)
    assert any(map(is_loop, function.maker.fgraph.apply_nodes))
    for result in function(empty, empty):
        np.testing.assert_array_equal(result, [0, 0, 0])


@ON_EACH
def test_maxima(backend):
    """That of a row with NaN is NaN; that of nothing is an error."""
    function = pytensor.function([A, B], squared_error(A, B).max(axis=-1), mode=backend)
    assert any(map(is_loop, function.maker.fgraph.apply_nodes))
    a, b, _, _ = values(40, 33)
    a[np.arange(33), np.arange(33)] = np.nan
    np.testing.assert_array_equal(np.isnan(function(a, b)), [True] * 33 + [False] * 7)
    np.testing.assert_allclose(function(a, b), np.square(a - b).max(axis=-1), rtol=1e-6)
    empty = np.zeros((3, 0), "float32")
    with pytest.raises(ValueError, match="no maximum"):
        function(empty, empty)


@pytest.mark.parametrize(("backend", "most"), [("NUMBA", 10), pytest.param("CVM", MOST_ARRAYS, marks=ON_C)])
def test_loops_of_too_many_arrays_are_not_formed(backend, most, monkeypatch):
    """Element by element, and row by row; those of fewer are. Numba takes minutes to compile what has 70 arrays."""
    monkeypatch.setattr("objectives.rewriting.loops.MOST_ARRAYS", most)
    monkeypatch.setattr("objectives.rewriting.rows.MOST_ARRAYS", most)
    for number, is_formed in [(8, True), (most + 2, False)]:
        vectors = [pt.fvector() for _ in range(number)]
        matrices = [pt.fmatrix() for _ in range(number)]
        product, rows = np.prod(vectors), np.prod(matrices)
        outputs = [squared_error(vectors[0], 0.0).sum(), pt.tanh(product).mean(), pt.tanh(rows).sum(axis=1)]
        function = pytensor.function([*vectors, *matrices], outputs, mode=backend)
        assert any(map(is_loop, function.maker.fgraph.apply_nodes)) == is_formed
        arrays = [np.full(4, 1.01, "float32")] * number + [np.full((4, 3), 1.01, "float32")] * number
        _, mean, sums = function(*arrays)
        np.testing.assert_allclose(mean, np.tanh(1.01**number), rtol=1e-4)
        np.testing.assert_allclose(sums, np.full(4, 3 * np.tanh(1.01**number)), rtol=1e-4)


@optimized
def test_reductions_are_vectorized(monkeypatch):
    """Also where a condition depends on their result: LLVM does not undo what makes a loop a reduction."""
    kernels = []
    monkeypatch.setattr("objectives.dispatch.numba.rows.kernel", lambda f: kernels.append(kernel(f)) or kernels[-1])
    loss = objectives.cosine_distance(A, B)
    with pytensor.config.change_flags(numba__cache=False):
        function = pytensor.function([A, B], [loss, pytensor.grad(loss.sum(), A)], mode="NUMBA")
        function(*np.ones((2, 3, 4), "float32"))
    (code,) = kernels[0].inspect_llvm().values()
    assert len(re.findall(r"call .*@llvm\.vector\.reduce\.fmaximum", code)) >= 2  # one for each vector


@ON_EACH
def test_lengths_that_differ_are_refused(backend):
    loss = objectives.cosine_distance(A, B).sum() + A.sum()
    function = pytensor.function([A, B], loss, mode=backend)
    with pytest.raises(ValueError, match="shape mismatch in an expression over rows"):
        function(np.ones((3, 4), "float32"), np.ones((3, 1), "float32"))
