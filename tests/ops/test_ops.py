"""Our Ops: the inner graph, the NumPy version and the kernel of each backend give the same numbers."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, mode
from pytensor.compile.mode import Mode
from pytensor.graph.replace import vectorize_graph
from pytensor.link.c.op import COp

from objectives import categorical_crossentropy_with_logits, compile_validation, f1_score
from objectives.ops.confusion import ConfusionCounts
from objectives.ops.counting import EntryCount
from objectives.ops.labels import is_class, named_class, pick_class, place_class
from objectives.ops.projection import simplex_threshold
from objectives.ops.ranking import even_max, label_rank
from objectives.ops.softplus import softplus
from objectives.ops.thresholds import CountsAbove, PairsInOrder

RNG = np.random.default_rng(0)
X = RNG.integers(-3, 4, size=(2, 3, 5)).astype("float32")  # with ties
X[0, 0, 1], X[1, 2] = np.nan, 0
Y = RNG.integers(0, 5, size=(2, 3))
G = RNG.normal(size=(2, 3)).astype("float32")

OPS = {
    "pick_class": (pick_class, [X, Y]),
    "place_class": (place_class, [G, Y, X]),
    "is_class": (is_class, [Y, X]),
    "named_class": (named_class, [X]),
    "label_rank": (label_rank, [X, Y]),
    "even_max": (even_max, [X]),
    "entry_count": (EntryCount(axis=(0, 2)), [X]),
    "softplus": (softplus, [np.linspace(-80, 80, 81, dtype="float32")]),
}
KERNELS = {name: row for name, row in OPS.items() if name != "softplus"}


def call(op, arrays, chosen):
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
    return np.asarray(pytensor.function(inputs, op(*inputs), mode=chosen, on_unused_input="ignore")(*arrays))


def inner_graph(op, arrays):
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
    (output,) = op.build_inner_graph(*inputs)
    return np.asarray(pytensor.function(inputs, output, on_unused_input="ignore")(*arrays))


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize("name", OPS)
def test_kernels_equal_the_expression(name, backend):
    op, arrays = OPS[name]
    expected = call(op, arrays, "FAST_COMPILE") if name == "softplus" else inner_graph(op, arrays)
    result = call(op, arrays, mode(backend))
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=5e-6)  # MLX computes exp to 3e-6


def test_modes_without_kernels_compile_nothing(monkeypatch):
    """Not even softmax, whose graph PyTensor would compile for C."""

    def refuse(self, node, *arguments):
        raise AssertionError(f"{node} is compiled for C")

    monkeypatch.setattr(COp, "make_c_thunk", refuse)
    logits, labels = pt.matrix(), pt.lvector()
    loss = categorical_crossentropy_with_logits(logits, labels).mean()
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        train = pytensor.function([logits, labels], [loss, pytensor.grad(loss, logits)])
        value, gradient = train(np.zeros((2, 4)), [0, 3])
        validation = compile_validation([logits, labels], {"f1": f1_score(logits, labels, num_classes=4)})
        found = validation.validate([(np.eye(4), np.arange(4))], progress=False)
    np.testing.assert_allclose(value, np.log(4))
    np.testing.assert_allclose(gradient, (0.25 - np.eye(4)[[0, 3]]) / 2)
    assert found == {"f1": 1}


@pytest.mark.parametrize("name", KERNELS)
def test_numpy_version_equals_the_expression(name):
    op, arrays = KERNELS[name]
    result = call(op, arrays, Mode(linker="py", optimizer=None))
    expected = inner_graph(op, arrays)
    assert result.dtype == expected.dtype and result.shape == expected.shape
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", KERNELS)
def test_strided_inputs(name):
    """Kernels read views as they lie in memory."""
    op, arrays = KERNELS[name]
    views = [np.repeat(np.swapaxes(a, 0, 1), 2, axis=0)[::2].swapaxes(0, 1) for a in arrays]
    for chosen in ("NUMBA", "CVM"):
        np.testing.assert_array_equal(call(op, views, chosen), call(op, arrays, "FAST_COMPILE"))


@pytest.mark.parametrize("name", KERNELS)
def test_vectorize_graph(name):
    op, arrays = KERNELS[name]
    inputs = [pt.tensor(shape=(None,) * (a.ndim - 1), dtype=a.dtype.name) for a in arrays]
    op = EntryCount(axis=(1,)) if name == "entry_count" else op
    batched = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
    output = vectorize_graph(op(*inputs), dict(zip(inputs, batched, strict=True)))
    result = pytensor.function(batched, output, on_unused_input="ignore")(*arrays)
    np.testing.assert_array_equal(
        result, np.stack([call(op, list(row), "FAST_COMPILE") for row in zip(*arrays, strict=True)])
    )


def test_gradients():
    x, g = RNG.normal(size=(2, 3)), RNG.normal(size=2)
    y = np.array([2, 0])
    chosen = "FAST_COMPILE"
    rng = np.random.default_rng(1)
    pytensor.gradient.verify_grad(lambda x: pick_class(x, y), [x], rng=rng, mode=chosen)
    pytensor.gradient.verify_grad(lambda g: place_class(g, y, pt.as_tensor(x)), [g], rng=rng, mode=chosen)
    pytensor.gradient.verify_grad(even_max, [x], rng=rng, mode=chosen)
    pytensor.gradient.verify_grad(softplus, [x], rng=rng, mode=chosen)


@pytest.mark.parametrize("backend", [*ALL, "FAST_COMPILE"])
def test_the_maximum_of_no_entries(backend):
    np.testing.assert_array_equal(call(even_max, [np.zeros((2, 0), "float32")], backend), [-np.inf, -np.inf])


def test_expressions_show_labels_out_of_range():
    """As backends do that cannot raise."""
    scores, good, weights = np.array([0.3, 0.1, 0.2]), np.array([0, 1, 1]), np.ones(3)
    both = np.stack([scores, -scores], axis=1)
    for op, arrays in (
        (ConfusionCounts(num_rows=2, num_columns=2), lambda labels: [labels, good, weights]),
        (ConfusionCounts(num_rows=2, num_columns=2), lambda labels: [good, labels, weights]),
        (CountsAbove(num_classes=2), lambda labels: [scores, labels, weights]),
        (PairsInOrder(num_classes=2, by_class=False), lambda labels: [both, labels, weights]),
        (PairsInOrder(num_classes=2, by_class=True), lambda labels: [both, labels, weights]),
    ):
        np.testing.assert_allclose(inner_graph(op, arrays(good)), call(op, arrays(good), "FAST_COMPILE"))
        for bad in (-1, 2):
            assert np.isnan(inner_graph(op, arrays(np.array([0, bad, 1])))).all()
    assert (inner_graph(label_rank, [both, np.array([-1, 0, 2])]) == [-1, 0, -1]).all()


def test_what_exceeds_the_threshold_of_the_simplex_adds_up_to_1():
    z = np.random.default_rng(2).normal(size=(2, 3, 5))
    for threshold in (inner_graph(simplex_threshold, [z]), call(simplex_threshold, [z], "FAST_COMPILE")):
        np.testing.assert_allclose(np.maximum(z - threshold[..., None], 0).sum(axis=-1), 1, rtol=1e-12)


def test_no_input_is_changed():
    for op, arrays in OPS.values():
        copies = [a.copy() for a in arrays]
        call(op, copies, "NUMBA")
        for a, b in zip(arrays, copies, strict=True):
            np.testing.assert_array_equal(a, b)
