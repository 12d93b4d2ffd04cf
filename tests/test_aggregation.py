"""aggregate, aggregate_parts and labelled: graphs, numbers, masks, weights and empty sums."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, mode, uncompiled
from pytensor.compile.mode import Mode
from pytensor.graph.basic import equal_computations
from pytensor.graph.rewriting.utils import rewrite_graph

from objectives import aggregate, aggregate_parts, labelled, squared_error
from objectives._arithmetic import ratio
from objectives.ops.statistics import where_nothing

RNG = np.random.default_rng(0)
LOSS = RNG.normal(size=(4, 3))
WEIGHTS = RNG.uniform(size=(4, 3))
MASK = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 1]], dtype=bool)


def divided(total, count):
    """The quotient of aggregate, written as it is there, without the numerator and denominator."""
    return ratio(total, count, where_nothing(pt.constant(0, dtype=total.dtype)))


def unmarked(*variables):
    """Graphs without the marks of sums, which do not reach what is compiled."""
    return rewrite_graph(variables, include=("local_remove_statistic_mark",), clone=True)


def test_graphs_are_those_of_lasagne():
    loss, weights = pt.matrix("loss"), pt.matrix("weights")
    assert equal_computations(unmarked(aggregate(loss, mode="sum")), [loss.sum()])
    assert equal_computations(unmarked(aggregate(loss, weights, mode="sum")), [(loss * weights).sum()])
    expected = divided((loss * weights).sum(), weights.sum())
    assert equal_computations(unmarked(aggregate(loss, weights, mode="normalized_sum")), [*unmarked(expected)])
    parts = aggregate_parts(loss, weights, mode="normalized_sum")
    assert equal_computations(unmarked(*parts), [(loss * weights).sum(), weights.sum()])


def test_numbers():
    np.testing.assert_allclose(aggregate(LOSS).eval(), LOSS.mean())
    np.testing.assert_allclose(aggregate(LOSS, mode="sum").eval(), LOSS.sum())
    np.testing.assert_allclose(aggregate(LOSS, WEIGHTS).eval(), (LOSS * WEIGHTS).mean())
    np.testing.assert_allclose(
        aggregate(LOSS, WEIGHTS, mode="normalized_sum").eval(), np.average(LOSS, weights=WEIGHTS)
    )
    np.testing.assert_allclose(aggregate(LOSS, mask=MASK).eval(), LOSS.mean(where=MASK))
    np.testing.assert_allclose(aggregate(LOSS, mask=MASK, mode="sum").eval(), LOSS.sum(where=MASK))
    np.testing.assert_allclose(aggregate(LOSS, mask=MASK, mode="normalized_sum").eval(), LOSS.mean(where=MASK))
    np.testing.assert_allclose(
        aggregate(LOSS, WEIGHTS, mode="normalized_sum", mask=MASK).eval(),
        np.average(LOSS[MASK], weights=WEIGHTS[MASK]),
    )
    np.testing.assert_allclose(aggregate(LOSS, WEIGHTS, mask=MASK).eval(), (LOSS * WEIGHTS).mean(where=MASK))
    np.testing.assert_allclose(aggregate(LOSS, normalizer=7).eval(), LOSS.sum() / 7)
    np.testing.assert_allclose(aggregate(LOSS, axis=-1).eval(), LOSS.mean(axis=-1))
    np.testing.assert_allclose(aggregate(LOSS, mask=MASK, axis=0).eval(), LOSS.mean(axis=0, where=MASK))
    np.testing.assert_allclose(
        aggregate(LOSS, WEIGHTS, mode="normalized_sum", axis=1).eval(), np.average(LOSS, weights=WEIGHTS, axis=1)
    )
    np.testing.assert_allclose(aggregate(LOSS, axis=(0, 1)).eval(), LOSS.mean())
    assert aggregate(pt.scalar()).ndim == 0


def test_weights_are_broadcast_before_they_are_counted():
    column, row = np.ones((4, 1)), np.ones((1, 3))
    for weights in (column, row, 2.0):
        assert aggregate(np.ones((4, 3)), weights, mode="normalized_sum").eval() == 1
    weights = WEIGHTS[:, :1]
    full = np.broadcast_to(weights, LOSS.shape)
    np.testing.assert_allclose(aggregate(LOSS, weights, mode="normalized_sum").eval(), np.average(LOSS, weights=full))
    np.testing.assert_allclose(aggregate(LOSS, mask=MASK[:, :1]).eval(), LOSS[MASK[:, 0]].mean())
    # weights of a vector go with a column of losses
    np.testing.assert_allclose(
        aggregate(pt.as_tensor(LOSS[:, :1]), WEIGHTS[:, 0], mode="normalized_sum").eval(),
        np.average(LOSS[:, 0], weights=WEIGHTS[:, 0]),
    )


@pytest.mark.parametrize("backend", ["unrewritten", *ALL])
def test_nan_outside_does_not_leak(backend):
    dtype = "float32"
    predictions, mask = pt.matrix("predictions", dtype=dtype), pt.matrix("mask", dtype="bool")
    weights = pt.matrix("weights", dtype=dtype)
    loss = pt.square(predictions)
    results = [
        aggregate(loss, mask=mask),
        aggregate(loss, mask, mode="normalized_sum"),
        aggregate(loss, weights, mode="normalized_sum", mask=mask),
        aggregate(loss, mask),
    ]
    gradients = [pytensor.grad(result, [loss, weights], disconnected_inputs="ignore") for result in results]
    outputs = [*results, *(gradient for pair in gradients for gradient in pair)]
    chosen = Mode(linker="py", optimizer=None) if backend == "unrewritten" else mode(backend)
    function = pytensor.function([predictions, weights, mask], outputs, mode=chosen, on_unused_input="ignore")
    poison = np.where(MASK, 0, np.nan)
    clean = function(*(a.astype(dtype) for a in (LOSS, WEIGHTS)), MASK)
    poisoned = function(*(a.astype(dtype) for a in (LOSS + poison, WEIGHTS + poison)), MASK)
    for a, b in zip(clean, poisoned, strict=True):
        assert np.isfinite(a).all()
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(poisoned[0], (LOSS**2).mean(where=MASK), rtol=1e-5)
    np.testing.assert_allclose(poisoned[3], np.where(MASK, LOSS**2, 0).mean(), rtol=1e-5)


@pytest.mark.parametrize("unrewritten", [True, False])
def test_nothing_to_aggregate_is_0_with_a_gradient_of_0(unrewritten):
    x, w, m = pt.matrix("x"), pt.matrix("w"), pt.matrix("m", dtype="bool")
    loss = squared_error(x, 0)
    results = [
        aggregate(loss, w, mode="normalized_sum"),
        aggregate(loss, mask=m),
        aggregate(loss, normalizer=w.sum()),
        aggregate(loss, mask=m, axis=0).sum(),
    ]
    gradients = [pytensor.grad(result, x) for result in results]
    chosen = Mode(linker="py", optimizer=None) if unrewritten else "FAST_RUN"
    function = pytensor.function([x, w, m], [*results, *gradients], mode=chosen)
    zeros = np.zeros((2, 3))
    for x_value in (np.ones((2, 3)), np.zeros((0, 3))):
        shape = x_value.shape
        for result in function(x_value, zeros[: shape[0]], np.zeros(shape, bool)):
            assert (result == 0).all()
    assert aggregate(np.zeros((0, 3))).eval() == 0


def test_parts_add_up_over_unequal_batches():
    losses, weights = np.array([1.0, 2.0, 6.0, 7.0]), np.array([1.0, 0.5, 2.0, 0.0])
    for options, expected in (({}, losses.mean()), ({"mode": "normalized_sum"}, np.average(losses, weights=weights))):
        parts = []
        for batch in (slice(0, 3), slice(3, 4)):
            w = weights[batch] if options else None
            parts.append([part.eval() for part in aggregate_parts(losses[batch], w, **options)])
        numerator, denominator = np.sum(parts, axis=0)
        np.testing.assert_allclose(numerator / denominator, expected)


def test_dtypes():
    for dtype in ("float16", "float32", "float64"):
        loss = pt.vector(dtype=dtype)
        for weights in (None, pt.vector(dtype="float64"), pt.lvector(), pt.vector(dtype="bool")):
            assert aggregate(loss, weights, mode="normalized_sum" if weights is not None else "mean").dtype == dtype
        assert aggregate(loss, mask=pt.vector(dtype="bool")).dtype == dtype
    assert aggregate(pt.lvector()).dtype == "float64"
    assert aggregate(pt.vector(dtype="bool")).dtype == "float64"
    # more than float16 can hold: 65504
    loss = pt.vector(dtype="float16")
    assert aggregate(loss).eval({loss: np.full(100_000, 2, "float16")}) == 2
    assert [part.eval({loss: np.ones(100_000, "float16")}) for part in aggregate_parts(loss)] == [100_000, 100_000]


def test_errors():
    loss = pt.matrix()
    with pytest.raises(ValueError, match=r"mode must be one of .* not 'average'"):
        aggregate(loss, mode="average")
    with pytest.raises(ValueError, match="requires weights"):
        aggregate(loss, mode="normalized_sum")
    with pytest.raises(ValueError, match="leave out normalizer"):
        aggregate(loss, mode="sum", normalizer=3)
    with pytest.raises(ValueError, match="no denominator"):
        aggregate_parts(loss, mode="sum")
    with pytest.raises(TypeError, match="complex"):
        aggregate(pt.zvector())
    with pytest.raises(TypeError, match="aggregated already"):
        aggregate(loss.mean(), pt.vector())
    with pytest.raises(TypeError, match=r"rank mismatch between weights \(\?,\) and loss \(\?, \?\).*\[:, None\]"):
        aggregate(loss, pt.vector())
    with pytest.raises(TypeError, match="would enlarge the loss"):
        aggregate(pt.row(), pt.tensor(shape=(4, None), dtype="float64"))
    with pytest.raises(TypeError, match="mask must be boolean"):
        aggregate(loss, mask=pt.matrix())
    with pytest.raises(TypeError, match="normalizer must be a scalar"):
        aggregate(loss, normalizer=pt.vector())
    with pytest.raises(ValueError, match="axis=2 is outside the loss"):
        aggregate(loss, axis=2)


def test_labelled():
    targets = np.array([[1.0, np.nan], [-9999.0, np.inf]])
    np.testing.assert_array_equal(labelled(targets).eval(), [[True, False], [True, True]])
    np.testing.assert_array_equal(labelled(targets, -9999).eval(), [[True, True], [False, True]])
    assert labelled(np.array([0, 255], "uint8"), 255).eval().tolist() == [True, False]
    assert labelled(np.array([0.1, 7], "float32"), 0.1).eval().tolist() == [False, True], "as float32 holds it"
    for targets, value in (
        (pt.vector(dtype="float32"), 1e300),
        (pt.lvector(), np.nan),
        (pt.vector(dtype="uint8"), -1),
        (pt.lvector(), 0.5),
    ):
        with pytest.raises(ValueError, match="cannot hold missing_value"):
            labelled(targets, value)


def test_missing_labels_end_to_end():
    """NaN targets: the mean over the labelled, and a gradient of 0 for the others, in any order of the calls."""
    p, t = pt.matrix("p"), pt.matrix("t")
    mask = labelled(t)
    total = aggregate(squared_error(p, t, mask=mask), mask=mask)
    predictions, targets = LOSS, np.where(MASK, WEIGHTS, np.nan)
    value, gradient = pytensor.function([p, t], [total, pytensor.grad(total, p)])(predictions, targets)
    np.testing.assert_allclose(value, np.nanmean((predictions - targets) ** 2))
    np.testing.assert_allclose(gradient, np.where(MASK, 2 * (LOSS - WEIGHTS) / MASK.sum(), 0))


@pytest.mark.needs("torch")
def test_weights_of_items_where_predictions_are_a_sum_of_inputs():
    """Of which PyTensor infers the shape with an assertion that PyTorch fails on."""
    a, b, t, weights = pt.dmatrix(), pt.dmatrix(), pt.dmatrix(), pt.dcol()
    loss = aggregate(squared_error(a + b, t), weights=weights, mode="normalized_sum")
    with uncompiled("PYTORCH"):
        value = pytensor.function([a, b, t, weights], loss, mode="PYTORCH")(*np.ones((3, 2, 3)), [[1.0], [3.0]])
    np.testing.assert_allclose(value, 1)
