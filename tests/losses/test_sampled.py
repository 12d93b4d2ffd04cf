"""Losses of sampled classes: all classes as samples, gradients of rows alone, accidental hits, what is refused."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, CANNOT_RAISE, mode
from pytensor.compile.mode import Mode

from objectives import linear_crossentropy, nce_loss, rank_sampled_softmax_loss, sampled_softmax_loss
from objectives.ops.labels import LabelError

N, D, V = 5, 4, 9
h, W, b = pt.matrix("h"), pt.matrix("W"), pt.vector("b")
y, k = pt.lvector("y"), pt.lvector("k")
COUNTS = {"sample_counts": [1.0, 1.0]}
UNFUSED = Mode("py", "fast_run")  # on Numba PyTensor 3.3 fuses reading and adding to rows with products
both = pytest.mark.parametrize("function", [sampled_softmax_loss, nce_loss])


def drawn(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N, D)), rng.normal(size=(V, D)), rng.integers(0, V, N)


def with_gradients(loss, mode=None, inputs=(h, W, y, b, k)):
    return pytensor.function(inputs, [loss, *pytensor.grad(loss, [h, W, b])], mode=mode)


def test_all_classes_are_samples():
    """Value and gradients are those of the full crossentropy, whatever the order of the samples."""
    features, weights, labels = drawn()
    biases, order = np.linspace(-1, 1, V), np.random.default_rng(1).permutation(V)
    found = with_gradients(sampled_softmax_loss(h, W, y, b, samples=k).mean())(features, weights, labels, biases, order)
    full = with_gradients(linear_crossentropy(h, W, y, b).mean(), inputs=(h, W, y, b))
    for a, expected in zip(found, full(features, weights, labels, biases), strict=True):
        np.testing.assert_allclose(a, expected, rtol=1e-12, atol=1e-14)


def test_several_targets_share_the_softmax():
    features, weights, _ = drawn()
    labels = np.array([[0, 3], [1, 1], [8, 2], [5, 6], [7, 4]])
    found = sampled_softmax_loss(features, weights, labels, samples=np.arange(V)).eval()
    expected = [linear_crossentropy(features, weights, labels[:, j]).eval() for j in range(2)]
    rows = [0, 2, 3, 4]  # in the other one the target is there twice
    np.testing.assert_allclose(found[rows], np.mean(expected, axis=0)[rows], rtol=1e-12)


@both
def test_gradients_of_the_layer_are_updates_of_rows(function):
    """No product is as large as the weights, and other rows are exactly 0."""
    loss = function(h, W, y, b, samples=k).mean()
    compute = with_gradients(loss, UNFUSED)
    nodes = compute.maker.fgraph.toposort()
    names = [str(node.op) for node in nodes]
    assert sum("AdvancedIncSubtensor" in name for name in names) == 4, names
    static = [pt.tensor(shape=(N, D)), pt.tensor(shape=(V, D)), pt.tensor(shape=(N,), dtype="int64")]
    static_k = pt.tensor(shape=(3,), dtype="int64")
    loss = function(*static, samples=static_k).mean()
    graph = pytensor.function([*static, static_k], pytensor.grad(loss, static[1]), mode=UNFUSED).maker.fgraph
    large = [node for node in graph.toposort() for out in node.outputs if out.type.shape == (V, D)]
    assert large and all("IncSubtensor" in str(node.op) or "Alloc" in str(node.op) for node in large), large
    samples = np.array([0, 2, 2])
    labels = np.array([2, 3, 3, 0, 2])
    gradient = compute(*drawn()[:2], labels, np.zeros(V), samples)[2]
    untouched = np.setdiff1d(np.arange(V), [0, 2, 3])
    assert (gradient[untouched] == 0).all() and (gradient[[0, 2, 3]] != 0).any(axis=1).all()


@both
def test_accidental_hits(function):
    """A sample that is the target of one item counts for the others."""
    features, weights, labels = drawn()
    labels[:] = [1, 2, 3, 3, 4]
    without = function(features, weights, labels, samples=[5], remove_accidental_hits=True).eval()
    with_one = function(features, weights, labels, samples=[5, 3], remove_accidental_hits=True).eval()
    np.testing.assert_allclose(with_one[2:4], without[2:4], rtol=1e-12)
    assert (with_one[[0, 1, 4]] > without[[0, 1, 4]]).all()
    loss = function(h, W, y, b, samples=k, remove_accidental_hits=True).sum()
    all_hits = with_gradients(loss)(features, weights, np.full(N, 3), np.zeros(V), [3, 3])
    assert all(np.isfinite(x).all() for x in all_hits)


@pytest.mark.parametrize("scale", [1e3, -1e3])
def test_large_logits(scale):
    weights = np.array([[scale], [-scale]])
    softmax = with_gradients(sampled_softmax_loss(h, W, y, b, samples=k).sum())
    nce = with_gradients(nce_loss(h, W, y, b, samples=k).sum())
    arguments = [[1.0]], weights, [0], np.zeros(2), [1]
    for found in (softmax(*arguments), nce(*arguments)):
        assert found[0] == (0 if scale > 0 else 2000)
        assert all(np.isfinite(x).all() for x in found)


@both
@pytest.mark.parametrize("backend", ALL)
def test_classes_outside_the_range(function, backend):
    loss = function(h.astype("float32"), W.astype("float32"), y, samples=k)
    if backend == "MLX":
        with pytest.raises(NotImplementedError, match="take linear_crossentropy, or another backend"):
            pytensor.function([h, W, y, k], loss, mode=mode(backend))
        return
    compute = pytensor.function([h, W, y, k], loss, mode=mode(backend))
    features, weights, labels = drawn()
    for bad in (V, -1, 2**40):
        for i, (wrong, samples, message) in enumerate(
            [
                (np.where(np.arange(N) == 2, bad, labels), [0, 3], rf"class label {bad} at position \(2, 0\) of the"),
                (labels, [0, bad], rf"sampled class {bad} at position \(1,\) of the samples is outside \[0, 9\)"),
            ]
        ):
            if backend not in CANNOT_RAISE:
                with pytest.raises(IndexError, match=message):
                    compute(features, weights, wrong, samples)
                continue
            found = np.isnan(np.asarray(compute(features, weights, wrong, samples)))
            assert found.all() if i else found.tolist() == [False, False, True, False, False]


@both
def test_what_is_masked_may_be_anything(function):
    mask = np.arange(N) != 1
    features, weights, labels = drawn()
    features[1], labels[1] = np.nan, -100
    counts = np.where(mask, 0.5, np.nan)
    counted = {"target_counts": counts, "sample_counts": [0.5, 0.2]}
    loss = function(h, W, y, b, samples=k, **counted, mask=mask)
    results = with_gradients(loss.sum())(features, weights, labels, np.zeros(V), [4, 4])
    assert all(np.isfinite(x).all() for x in results) and (results[1][1] == 0).all()
    kept = [x[mask] for x in (features, labels, counts)]
    counted["target_counts"] = kept[2]
    alone = function(kept[0], weights, kept[1], np.zeros(V), samples=[4, 4], **counted).sum().eval()
    np.testing.assert_allclose(results[0], alone, rtol=1e-12)


def test_the_likeliest_samples_of_those_in_the_mask():
    """By hand: items 0 and 1 like class 1, item 2 class 2, much; it counts only where it is in the mask."""
    features, weights = np.eye(3)[[0, 0, 1]] * [[1], [1], [50]], np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0.0]])
    labels, options = np.zeros(3, int), {"samples": [1, 2]}
    for mask, class_kept in (([True, True, True], 2), ([True, True, False], 1)):
        found = rank_sampled_softmax_loss(features, weights, labels, **options, num_resampled=1, mask=np.array(mask))
        expected = sampled_softmax_loss(features, weights, labels, samples=[class_kept], mask=np.array(mask))
        np.testing.assert_allclose(found.eval(), expected.eval())


def test_all_samples_are_kept():
    features, weights, labels = drawn()
    counts = {"target_counts": np.linspace(0.1, 1, N), "sample_counts": [0.5, 2.0, 1.0]}
    options = counts | {"samples": [4, 7, 1]}
    found = rank_sampled_softmax_loss(features, weights, labels, **options, num_resampled=3).eval()
    expected = sampled_softmax_loss(features, weights, labels, **options).eval()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_resampled": 3}, ValueError, "num_resampled must be at most the number of samples 2, not 3"),
        ({"num_resampled": 0}, ValueError, "num_resampled must be a whole number of at least 1"),
        ({"num_resampled": 1, "temperature": 0}, ValueError, "temperature must be positive"),
    ],
)
def test_refused_ranks(options, error, message):
    with pytest.raises(error, match=message):
        rank_sampled_softmax_loss(H, M, [0, 1], samples=[0, 1], **options)


def test_float16_is_computed_in_float32():
    features = np.full((1, 512), 16, "float16")
    loss = sampled_softmax_loss(features, np.stack([features[0], -features[0]]), [0], samples=[1])
    assert loss.dtype == "float16" and loss.eval() == 0


H, M = np.ones((2, 3)), np.ones((5, 3))


@both
@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((H, np.ones((3, 5)), [0, 1]), {}, TypeError, r"weights are \(V, D\); transpose those"),
        ((H, M, [0.0, 1.0]), {}, TypeError, r"class indices must be integers, not float64: cast them, targets"),
        ((H, M, [[[0]]]), {}, TypeError, r"rank mismatch between targets \(1, 1, 1\) and features .* \(\.\.\., T\)"),
        ((H, M, [0, 1, 2]), {}, TypeError, r"shape mismatch between targets \(3,\)"),
        ((H, M, [0, 1], np.ones(4)), {}, TypeError, "shape mismatch between biases"),
        ((H, M, [0, 1]), {"samples": [[0]]}, TypeError, r"samples \(1, 1\) must be a vector"),
        ((H, M, [0, 1]), {"samples": [0.5]}, TypeError, "class indices must be integers.*samples"),
        ((H, M, [0, 1]), {"target_counts": [1, 1]}, ValueError, "target_counts and sample_counts belong together"),
        (
            (H, M, [0, 1]),
            {"target_counts": [1.0, 1.0], "sample_counts": [[1.0]]},
            TypeError,
            "rank mismatch between sample_counts",
        ),
        (
            (H, M, [0, 1]),
            {"target_counts": [1.0], "sample_counts": [1.0, 1.0]},
            TypeError,
            r"shape mismatch between target_counts \(1,\) and targets \(2,\)",
        ),
        ((np.ones((2, 3), int), M, [0, 1]), {}, TypeError, r"order is \(features, weights, targets\)"),
    ],
)
def test_refused(function, arguments, options, error, message):
    with pytest.raises(error, match=message):
        function(*arguments, **({"samples": [0, 1]} | options))


def test_label_errors_are_index_errors():
    with pytest.raises(LabelError, match=r"samples must be integers from 0 to the number of classes - 1"):
        nce_loss(H, M, [0, 1], samples=[5]).eval()


@both
def test_a_target_that_is_never_sampled_is_no_perfect_prediction(function):
    losses = function(np.ones((2, 2)), np.ones((4, 2)), [3, 3], samples=[0, 1], target_counts=[0.0, 1.0], **COUNTS)
    np.testing.assert_array_equal(np.isnan(losses.eval()), [True, False])
