"""Vector loops for element-wise losses and their sums, in the C backend."""

import pickle
from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import get_mode
from pytensor.graph.fg import FunctionGraph
from pytensor.tensor.elemwise import Elemwise

import objectives
from objectives.dispatch.c.elementwise import SimdElemwise
from objectives.dispatch.c.loops import LoopOp
from objectives.dispatch.c.summation import SimdSum
from objectives.ops.elementwise import VECTOR_FUNCTIONS
from objectives.ops.marking import loss as mark

pytestmark = pytest.mark.skipif(not pytensor.config.cxx, reason="no C++ compiler")

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])

REFERENCES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
}
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    np.inf,
    -np.inf,
    np.nan,
    1e-40,
    -1e-40,
    1e-310,
    -87.5,
    -103.0,
    88.9,
    -708.5,
    -740.0,
    709.9,
    1e30,
]


@cache
def elementwise_functions(dtype):
    x = pt.tensor(dtype=dtype, shape=(None,))
    functions = [getattr(pt, name) for name in REFERENCES]
    # each by itself, since one loop over all would be as slow as its slowest
    return pytensor.function(
        [x], [mark(function(x)) for function in functions], mode=get_mode("CVM").excluding("fusion")
    )


@DTYPES
def test_vector_functions(dtype):
    assert set(REFERENCES) == set(VECTOR_FUNCTIONS.values())
    f = elementwise_functions(dtype)
    assert all(isinstance(node.op, SimdElemwise) for node in f.maker.fgraph.apply_nodes)
    random = np.random.default_rng(1)
    x = np.concatenate(
        [
            SPECIAL,
            random.normal(0, 5, 3000),
            10 ** random.uniform(-45, 38, 3000),
            random.uniform(-1, 2, 3000),
            random.uniform(-110, 90, 3000),
        ]
    )
    with np.errstate(all="ignore"):
        x = x.astype(dtype)
        exact = x.astype("longdouble")
        for name, actual in zip(REFERENCES, f(x), strict=True):
            desired = REFERENCES[name](exact)
            rounded = desired.astype(dtype)
            finite = np.isfinite(rounded)
            np.testing.assert_array_equal(actual[~finite], rounded[~finite], err_msg=name)
            ulp = np.spacing(np.abs(rounded[finite]))
            assert np.max(np.abs(actual[finite] - desired[finite]) / ulp) < 4, name


def masked_binary_crossentropy(mode):
    z, t, w = pt.fmatrix(), pt.fmatrix(), pt.tensor(dtype="float32", shape=(1, None))
    m, s = pt.tensor(dtype="bool", shape=(None, 1)), pt.fscalar()
    values = objectives.binary_crossentropy_with_logits(z * s, t, pos_weight=w[0], mask=m)
    gradient = pytensor.grad(mark(values.sum()), z)
    return pytensor.function([z, t, w, m, s], [mark(values), gradient, mark(pt.exp(-z) * w)], mode=mode)


def test_threads_share_flat_loops(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    x = np.random.default_rng(0).random(10_001)
    for few, many in zip(
        elementwise_functions("float64")(x), elementwise_functions("float64")(np.tile(x, 50)), strict=True
    ):
        np.testing.assert_allclose(many, np.tile(few, 50), rtol=1e-15)


@cache
def binary_crossentropies():
    return [masked_binary_crossentropy(mode) for mode in ("CVM", get_mode("CVM").excluding("simd"))]


@pytest.mark.parametrize("shape", [(5, 7), (1, 1), (0, 3), (3, 0), (400, 1000), (1000, 400)], ids=str)
def test_element_wise_losses(shape):
    random = np.random.default_rng(0)
    z, t = (random.normal(0, 3, shape).astype("float32") for _ in range(2))
    w, m = random.random((1, shape[1])).astype("float32"), random.random((shape[0], 1)) < 0.6
    f, stock = binary_crossentropies()
    assert any(isinstance(node.op, SimdElemwise) for node in f.maker.fgraph.apply_nodes)
    layouts = [lambda x: x, np.asfortranarray, lambda x: np.repeat(x, 2, axis=-1)[:, ::2], lambda x: x[::-1]]
    for layout in layouts:
        values = [layout(z), layout(t), w, m, np.float32(0.7)]
        for actual, desired in zip(f(*values), stock(*values), strict=True):
            np.testing.assert_allclose(actual, desired, rtol=1e-5, atol=1e-6)


def test_sums():
    x, y = pt.ftensor3(), pt.dmatrix()
    f = pytensor.function([x, y], [mark(x.sum()), mark(y.sum(axis=(0, 1)))], mode="CVM")
    assert sum(isinstance(node.op, SimdSum) for node in f.maker.fgraph.apply_nodes) == 2
    for shape in ((3, 2, 5), (1, 2, 0), (1, 1, 1), (50, 100, 101)):
        cube = np.random.default_rng(0).random(shape).astype("float32")
        for view in (cube, cube[::-1], np.asfortranarray(cube), cube[..., ::2]):
            table = view[0].astype("float64")
            totals = f(view, table)
            assert [total.dtype for total in totals] == ["float32", "float64"]
            np.testing.assert_allclose(totals, [view.sum(dtype="float64"), table.sum()], rtol=1e-7)


def test_graphs_without_a_loss_keep_their_loops():
    x = pt.fmatrix()
    for output, mode in (
        (pt.exp(x).sum(), get_mode("CVM")),
        (mark(pt.exp(x).sum()), get_mode("CVM").excluding("simd")),
    ):
        fgraph = FunctionGraph(outputs=[output])
        mode.optimizer.rewrite(fgraph)
        assert not any(isinstance(node.op, SimdElemwise | SimdSum) for node in fgraph.apply_nodes)


def test_all_loops_of_a_graph_are_in_one_library():
    x, count = pt.dmatrix(), pt.lscalar()
    outputs = [mark(pt.exp(x) * 2), pt.switch(count > 0, x.sum() / count, 0), pt.neq(x.T, 0)]
    f = pytensor.function([x, count], outputs, mode="CVM")
    loops = {node.op.loops.code for node in f.maker.fgraph.apply_nodes if isinstance(node.op, LoopOp)}
    assert len(loops) == 1 and not any(type(node.op) is Elemwise for node in f.maker.fgraph.apply_nodes)
    table = np.arange(6.0).reshape(2, 3)
    again = pickle.loads(pickle.dumps(f))
    for function in (f, again):
        exponentials, mean, is_nonzero = function(table, 3)
        np.testing.assert_allclose(exponentials, 2 * np.exp(table), rtol=1e-15)
        assert mean == 5 and mean.dtype == "float64" and mean.shape == ()
        np.testing.assert_array_equal(is_nonzero, table.T != 0)
        assert function(table, 0)[1] == 0


def test_shapes_that_differ_raise():
    x, y = pt.dmatrix(), pt.dmatrix()
    f = pytensor.function([x, y], mark(pt.exp(x) * y), mode="CVM")
    with pytest.raises(ValueError, match=r"Input dimension mismatch: \(input\[0\].shape\[1\] = [34], input\[1\].shape"):
        f(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="Runtime broadcasting not allowed"):
        f(np.ones((2, 3)), np.ones((2, 1)))


FROM_ELSEWHERE = {
    "psi": pt.psi,
    "erfcx": pt.erfcx,
    "gammainc": lambda x: pt.gammainc(x, 2.0),
    "polygamma": lambda x: pt.polygamma(1, x),
    "betainc": lambda x: pt.betainc(x, 2.0, 0.5),
    "modulo": lambda x: x % 0.3,
}


def test_functions_whose_code_stands_elsewhere():
    """PyTensor's own loop computes what calls code of its own module, beside loops of ours."""
    x, t = pt.vectors("x", "t")
    losses = [objectives.squared_error(function(x), t) for function in FROM_ELSEWHERE.values()]
    arrays = np.linspace(0.1, 2, 7), np.linspace(0.2, 1, 7)
    modes = get_mode("CVM"), get_mode("CVM").excluding("simd")
    found, expected = (pytensor.function([x, t], losses, mode=mode)(*arrays) for mode in modes)
    for name, a, b in zip(FROM_ELSEWHERE, found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14, err_msg=name)
