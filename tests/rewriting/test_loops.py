"""Sums of element-wise losses and their gradients share as few loops as possible, and only in graphs with a loss."""

from graphlib import TopologicalSorter
from itertools import cycle

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import REWRITTEN, UNREWRITTEN, optimized
from pytensor.graph.features import Feature, ReplaceValidate
from pytensor.graph.fg import FunctionGraph
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.shape import Shape_i

import objectives
from objectives import aggregate, binary_crossentropy_with_logits, huber_loss, squared_error
from objectives.ops.elementwise import ElementwiseLoop, VectorComposite
from objectives.ops.marking import HoldsLoss
from objectives.rewriting.loops import MOST_NODES, FormLoops

P, T, W, MASK = pt.fvector("p"), pt.fvector("t"), pt.fvector("w"), pt.vector("mask", dtype=bool)
M, R, C = pt.fmatrix("m"), pt.frow("r"), pt.fcol("c")
N = 70_001
INPUTS = [P, T, W, MASK, M, R, C]


def values(n=N):
    rng = np.random.default_rng(n)
    vectors = [rng.normal(size=n), rng.integers(0, 2, n), rng.random(n)]
    matrices = [rng.normal(size=(n // 7, 7)), rng.normal(size=(1, 7)), rng.normal(size=(n // 7, 1))]
    return [*(v.astype("float32") for v in vectors), rng.random(n) < 0.6, *(m.astype("float32") for m in matrices)]


def compiled(outputs, mode=REWRITTEN):
    return pytensor.function(INPUTS, outputs, mode=mode, on_unused_input="ignore")


def loops(function):
    return [node.op.summed for node in function.maker.fgraph.toposort() if is_loop(node)]


def with_gradient(loss):
    return [loss, pytensor.grad(loss, P)]


def spread_of_stored(f):
    loss = f(P, T)
    return [loss, ((loss - loss.mean()) ** 2).sum()]


def chain(f):
    """Each step needs the sum of the step before."""
    x, totals = P, []
    for _ in range(5):
        totals.append(f(x, T).mean())
        x = pt.tanh(x / (1 + totals[-1]))
    return totals


LOSSES = [binary_crossentropy_with_logits, squared_error, huber_loss]
# Outputs, and for each loop which of its results are sums; a loop that divides by a sum comes after it.
GRAPHS = {
    "mean": (lambda f: with_gradient(f(P, T).mean()), [(True, False)]),
    "aggregated": (lambda f: with_gradient(aggregate(f(P, T))), [(True, False)]),
    "masked": (lambda f: with_gradient(aggregate(f(P, T), mask=MASK)), [(True,), (True, False)]),
    "weighted": (lambda f: with_gradient(aggregate(f(P, T), W)), [(True, False)]),
    "validation": (lambda f: [aggregate(f(P, T), mask=MASK)], [(True, True)]),
    "stored and summed": (lambda f: [f(P, T), f(P, T).sum()], [(True, False)]),
    "two losses": (lambda f: [f(P, T).sum(), squared_error(P, W).sum()], [(True, True)]),
    "centered": (lambda f: [f(P - P.mean(), T).sum()], [(True,)]),
    "spread of a stored loss": (spread_of_stored, [(True, False), (True,)]),
    "chain": (chain, None),
    "standardised": (lambda f: with_gradient(f((P - P.mean()) / P.std(), T).sum()), None),
}


@pytest.mark.parametrize("graph", GRAPHS)
def test_loops(graph):
    build, expected = GRAPHS[graph]
    for loss in LOSSES:
        found = loops(compiled(build(loss)))
        assert found if expected is None else found == expected, loss


@pytest.mark.parametrize("backend", ["NUMBA", "CVM"])
def test_numbers(backend):
    """All graphs at once, with the losses in turn: sizes of none, one and several chunks, and several threads."""
    outputs = [output for (build, _), loss in zip(GRAPHS.values(), cycle(LOSSES)) for output in build(loss)]
    matrices = [squared_error(M, R + C).sum(), squared_error(M, C * R).mean(axis=1), huber_loss(M, M.T.T).sum()]
    outputs = [*outputs, *matrices, binary_crossentropy_with_logits(M.T, M.T).sum()]
    function, plain = compiled(outputs, backend), compiled(outputs, UNREWRITTEN)
    for n in (N, 7, 400_001):
        arrays = values(n)
        for k, (result, expected) in enumerate(zip(function(*arrays), plain(*arrays), strict=True)):
            assert result.dtype == expected.dtype and result.shape == expected.shape
            np.testing.assert_allclose(result, expected, rtol=3e-5, atol=1e-6, err_msg=f"{k} {n}")


def test_many_losses_of_the_same_targets():
    """Loops do not grow without bound, nor does the search for them, which was cubic once."""
    weights = [pt.fmatrix() for _ in range(40)]
    total = sum(squared_error(w, M).sum() + 0.01 * (w**2).sum() for w in weights)
    gradients = pytensor.grad(total, weights)
    norm = pt.sqrt(sum((g**2).sum() for g in gradients))
    outputs = [total, *(g / norm for g in gradients)]
    function = pytensor.function([*weights, M], outputs, mode=REWRITTEN)
    sizes = [len(n.op.scalar_op.fgraph.apply_nodes) for n in function.maker.fgraph.apply_nodes if is_loop(n)]
    assert sizes and max(sizes) <= MOST_NODES


def tangled(rng, steps=14):
    """Long element-wise expressions of two matrices, through sums and through what is no element-wise expression."""
    known = [M, pt.fmatrix()]
    outputs = []

    def longer(x):
        return pt.tanh(x * 2 + 1) * pt.exp(-x) + pt.sqrt(x * x + 1)

    for _ in range(steps):
        a, b = (known[i] for i in rng.integers(len(known), size=2))
        kind = rng.integers(5)
        if kind < 2:
            known.append(longer(a - b))
        elif kind == 2:
            outputs.append(longer(a).sum())
            known.append(b * outputs[-1])
        elif kind == 3:
            known.append(pt.cumsum(longer(a), axis=0))
        else:
            known.append(b - longer(a).max())
    return known[:2], [*outputs, known[-1].sum(), known[-2]]


class Acyclic(Feature):
    """Raises graphlib.CycleError at once, where PyTensor would sort such a graph without end."""

    def on_validate(self, fgraph):
        TopologicalSorter({n: {v.owner for v in n.inputs if v.owner} for n in fgraph.apply_nodes}).prepare()


def test_loops_never_need_their_own_results():
    formed = 0
    for seed in range(100):
        inputs, outputs = tangled(np.random.default_rng(seed))
        fgraph = FunctionGraph(inputs, outputs, clone=True, features=[ReplaceValidate(), HoldsLoss(), Acyclic()])
        FormLoops().apply(fgraph)
        formed += sum(map(is_loop, fgraph.apply_nodes))
    assert formed > 100


def is_loop(node):
    return isinstance(node.op, ElementwiseLoop)


def test_empty():
    outputs = [aggregate(squared_error(P, T)), squared_error(P, T).sum(), pytensor.grad(squared_error(P, T).sum(), P)]
    total, plain_sum, gradient = compiled(outputs, "NUMBA")(*values(0))
    assert (total, plain_sum, gradient.shape) == (0, 0, (0,))


def test_shapes_that_differ_at_run_time_are_an_error():
    function = compiled([squared_error(P, T).sum()], "NUMBA")
    p, t, *others = values(20)
    with pytest.raises(ValueError, match="shape mismatch"):
        function(p, t[:1], *others)


@optimized
def test_sums_are_as_accurate_as_pytensors():
    """Partial sums keep what one float32 accumulator would lose."""
    p = np.full(4_000_003, 0.1, "float32")
    total = compiled([squared_error(P, 0.0).sum()], "NUMBA")(p, *values(7)[1:])[0]
    np.testing.assert_allclose(total, 4_000_003 * float(np.float32(0.1)) ** 2, rtol=2e-7)


def vectorized(function):
    nodes = function.maker.fgraph.toposort()
    return any(isinstance(getattr(node.op, "scalar_op", None), VectorComposite) for node in nodes)


def test_only_graphs_with_a_loss_change():
    other = [pt.exp(P).sum(), pt.tanh(T)]
    assert not vectorized(compiled(other))
    assert not loops(compiled(other))
    assert vectorized(compiled(other, REWRITTEN.including("simd_everywhere")))
    mixed = [*other, binary_crossentropy_with_logits(P, T)]
    assert vectorized(compiled(mixed))
    assert not vectorized(compiled(mixed, REWRITTEN.excluding("simd")))
    assert vectorized(compiled(pytensor.grad(binary_crossentropy_with_logits(P, T).sum(), P)))
    assert not vectorized(compiled(mixed, "FAST_COMPILE"))


def test_functions_elsewhere_in_a_graph_with_a_loss():
    """In PyTensor's own loops, with broadcasting, in place and inside a scan."""
    steps = pytensor.scan(
        lambda x: pt.tanh(x + binary_crossentropy_with_logits(x, 1.0)),
        outputs_info=[P],
        n_steps=3,
        return_updates=False,
    )
    outputs = [
        steps[-1],
        pt.sigmoid(pt.exp(M) - R) * pt.log1p(pt.exp(C)),
        pt.log(pt.softplus(M.T)),
        pt.exp(T.astype("int64")),
        squared_error(P, T),
    ]
    function, plain = compiled(outputs, "NUMBA"), compiled(outputs, UNREWRITTEN)
    assert vectorized(function)
    arrays = values(700)
    for result, expected in zip(function(*arrays), plain(*arrays), strict=True):
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result, expected, rtol=3e-6, atol=1e-7)


def test_random_variables_are_drawn_once():
    rng = pytensor.shared(np.random.default_rng(0))
    next_rng, noise = pt.random.normal(size=P.shape, rng=rng, return_next_rng=True)
    noise = noise.astype("float32")
    outputs = [squared_error(P, noise).sum(), noise]
    function = pytensor.function([P], outputs, updates={rng: next_rng}, mode="NUMBA")
    p = values(50)[0]
    for _ in range(2):
        total, drawn = function(p)
        np.testing.assert_allclose(total, ((p - drawn) ** 2).sum(), rtol=1e-6)


def test_plain_elemwise_is_left_where_nothing_is_vectorized():
    function = compiled([objectives.squared_error(P, T)])
    assert any(type(node.op) is Elemwise for node in function.maker.fgraph.toposort())


@pytest.mark.parametrize("measure", [objectives.r2_score, objectives.pearson_correlation])
def test_moments_of_vectors_take_three_passes(measure):
    """In a validation function, too, whose statistics are marked."""
    validation = objectives.compile_validation([P, T], {"measure": measure(P, T)}, mode=REWRITTEN)
    graph = validation._update.maker.fgraph
    for variable in graph.inputs:
        readers = {client for client, _ in graph.clients[variable] if not isinstance(client.op, Shape_i)}
        assert all(map(is_loop, readers)) and len(readers) <= 3
