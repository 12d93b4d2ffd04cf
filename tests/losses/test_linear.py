"""Crossentropy of a linear layer: blocks, orders of memory, shared weights, what is refused, and what it holds."""

import threading

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from threadpoolctl import ThreadpoolController

from objectives import categorical_crossentropy_with_logits, linear_crossentropy
from objectives.ops import linear, threads
from objectives.ops.labels import LabelError

N, D, V = 9, 4, 7
h, W, y = pt.matrix("h"), pt.matrix("W"), pt.lvector("y")


def drawn(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N, D)), rng.normal(size=(V, D)), rng.integers(0, V, N)


def with_gradients(loss, mode=None, wrt=(h, W)):
    return pytensor.function([h, W, y], [loss, *pytensor.grad(loss, list(wrt))], mode=mode, on_unused_input="ignore")


@pytest.mark.parametrize("mask", [None, np.arange(N) % 3 != 1], ids=["all", "masked"])
@pytest.mark.parametrize("rows", [1, 2, 4, 9])
def test_blocks(monkeypatch, rows, mask):
    monkeypatch.setattr(linear, "BLOCK", rows * V * 8)
    monkeypatch.setattr(linear, "ROWS", 2 * V)
    found = with_gradients(linear_crossentropy(h, W, y, mask=mask).mean())(*drawn())
    expected = with_gradients(categorical_crossentropy_with_logits(h @ W.T, y, mask=mask).mean())(*drawn())
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_threads(monkeypatch):
    """Each thread writes its own rows, and more than one takes part."""
    monkeypatch.setattr(linear, "SHARED", 0)
    monkeypatch.setattr(linear, "ROWS", V)
    seen, exponentials = [], linear.Rows.exponentials

    def noted(*arguments, **options):
        seen.append(threading.get_ident())
        return exponentials(*arguments, **options)

    monkeypatch.setattr(linear.Rows, "exponentials", noted)
    found = []
    for size in (1, 3):
        monkeypatch.setattr(linear, "thread_limit", lambda size=size: size)
        found.append(with_gradients(linear_crossentropy(h, W, y).mean())(*drawn()))
        assert (threading.get_ident() in seen) == (size == 1)
        seen.clear()
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_blas_has_its_threads_again_after_a_call():
    def numbers():
        return {library.num_threads for library in ThreadpoolController().select(user_api="blas").lib_controllers}

    before = numbers()
    with threads.team(2) as first:
        assert numbers() <= {1}
        with threads.team(2) as second:  # of another Python thread
            assert second.multiplying == 1
            assert numbers() <= {1}
        assert first.multiplying == min(max(before, default=1), 2)
    assert numbers() == before


@pytest.mark.parametrize("lay_out", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=0)[::2], lambda x: x[::-1]])
@pytest.mark.parametrize("mask", [None, np.arange(N) != 1], ids=["all", "masked"])
def test_any_order_of_memory(lay_out, mask):
    compute = with_gradients(linear_crossentropy(h, W, y, mask=mask).mean())
    features, weights, labels = drawn()
    for a, b in zip(
        compute(lay_out(features), lay_out(weights), lay_out(labels)),
        compute(*(np.ascontiguousarray(lay_out(x)) for x in (features, weights, labels))),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_shared_embeddings_get_both_gradients():
    """Of one matrix that embeds the words and scores them, against differences of the loss."""
    words = pt.lvector("words")
    loss = linear_crossentropy(W[words], W, y).sum()
    compute = pytensor.function([W, words, y], [loss, pytensor.grad(loss, W)])
    _, weights, labels = drawn()
    inputs, step = np.random.default_rng(1).integers(0, V, N), 1e-6
    gradient = compute(weights, inputs, labels)[1]
    for i, j in ((0, 0), (2, 3), (6, 1)):
        moved = [weights.copy(), weights.copy()]
        moved[0][i, j] += step
        moved[1][i, j] -= step
        up, down = (compute(m, inputs, labels)[0] for m in moved)
        np.testing.assert_allclose(gradient[i, j], (up - down) / (2 * step), rtol=1e-6)


def test_a_word_that_is_ruled_out_and_no_target():
    """-inf as a bias, with a class weight of 0 under label smoothing."""
    biases, factors = np.zeros(V), np.ones(V)
    biases[3], factors[3] = -np.inf, 0
    features, weights, _ = drawn()
    options = {"class_weights": factors, "label_smoothing": 0.1}
    found = linear_crossentropy(features, weights, np.zeros(N, int), biases, **options).eval()
    expected = categorical_crossentropy_with_logits(features @ weights.T + biases, np.zeros(N, int), **options)
    np.testing.assert_allclose(found, expected.eval(), rtol=1e-12)


def test_large_logits():
    found = linear_crossentropy([[1000.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0]], [1]).eval()
    assert found == [2000]


def test_float16_is_computed_in_float32():
    features = np.full((1, 512), 16, "float16")
    loss = linear_crossentropy(features, np.stack([features[0], -features[0]]), [0])
    assert loss.dtype == "float16"
    assert loss.eval() == 0  # a product of 131 072, which float16 does not hold


def test_second_derivatives():
    loss = linear_crossentropy(h, W, y).sum()
    direction = pt.matrix("direction")
    product = pytensor.grad((pytensor.grad(loss, W) * direction).sum(), W)
    plain = categorical_crossentropy_with_logits(h @ W.T, y).sum()
    expected = pytensor.grad((pytensor.grad(plain, W) * direction).sum(), W)
    compute = pytensor.function([h, W, y, direction], [product, expected])
    np.testing.assert_allclose(*compute(*drawn(), drawn(1)[1]), rtol=1e-10, atol=1e-12)


def test_labels_out_of_range():
    features, weights, _ = drawn()
    with pytest.raises(LabelError, match=r"class label 7 at position \(1,\) of the targets is outside \[0, 7\)"):
        linear_crossentropy(features[:2], weights, np.array([0, 7])).eval()
    mask = np.array([True, False])
    assert linear_crossentropy(features[:2], weights, np.array([0, 7]), mask=mask).eval()[1] == 0


@pytest.mark.parametrize("kept", [(0, V, D), (N, V, 0), (0, V, 0)])
def test_no_items_and_no_features(kept):
    items, classes, width = kept
    features, weights, labels = drawn()
    arrays = features[:items, :width], weights[:classes, :width], labels[:items]
    loss, *gradients = with_gradients(linear_crossentropy(h, W, y, np.zeros(V)).sum())(*arrays)
    np.testing.assert_allclose(loss, items * np.log(V))
    assert [g.shape for g in gradients] == [a.shape for a in arrays[:2]]


@pytest.mark.parametrize("name", ["biases", "class_weights"])
@pytest.mark.parametrize("length", [1, V + 1])
def test_numbers_of_classes_that_do_not_fit_at_run_time(name, length):
    x = pt.vector(name)
    features, weights, labels = drawn()
    loss = linear_crossentropy(features, W, labels, **{name: x})
    with pytest.raises(ValueError, match=f"{name} .* must be one number for each row of weights"):
        loss.eval({W: weights, x: np.ones(length)})


def test_masked_features_have_no_gradient_by_infinite_weights():
    features, weights, labels = drawn()
    weights[2, 0] = np.inf
    mask = np.arange(N) != 1
    assert (with_gradients(linear_crossentropy(h, W, y, mask=mask).sum())(features, weights, labels)[1][1] == 0).all()


def test_an_infinite_cap_is_none():
    features, weights, labels = drawn()
    found = linear_crossentropy(features, weights, labels, logit_softcap=np.inf).eval()
    np.testing.assert_array_equal(found, linear_crossentropy(features, weights, labels).eval())


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((np.ones((2, 3)), np.ones((3, 5)), [0, 1]), {}, TypeError, r"weights are \(V, D\); transpose those"),
        ((np.ones((2, 3)), np.ones(3), [0, 1]), {}, TypeError, r"weights \(3,\) must be \(..., D\) and \(V, D\)"),
        ((np.ones((2, 3)), np.ones((5, 3)), [0.0, 1.0]), {}, TypeError, "class indices must be integers"),
        (
            (np.ones((2, 3)), np.ones((5, 3)), np.ones((2, 5))),
            {},
            TypeError,
            "dense targets are as large as the logits",
        ),
        ((np.ones((2, 3)), np.ones((5, 3)), [0, 1, 2]), {}, TypeError, "shape mismatch between targets"),
        ((np.ones((2, 3)), np.ones((5, 3)), [[[0]]]), {}, TypeError, "rank mismatch between targets"),
        ((np.ones((2, 3)), np.ones((5, 3)), [0, 1], np.ones(3)), {}, TypeError, "biases"),
        ((np.ones((2, 3), int), np.ones((5, 3)), [0, 1]), {}, TypeError, r"order is \(features, weights, targets\)"),
        (
            (np.ones((2, 3)), np.ones((5, 3)), [0, 1]),
            {"logit_softcap": 0},
            ValueError,
            "logit_softcap must be positive",
        ),
        ((np.ones((2, 3)), np.ones((5, 3)), [0, 1]), {"z_loss": -1}, ValueError, "z_loss must be at least 0"),
        ((np.ones((2, 3)), np.ones((5, 3)), [0, 1]), {"z_loss": [1, 2]}, TypeError, "z_loss must be one number"),
    ],
)
def test_refused(arguments, options, error, message):
    with pytest.raises(error, match=message):
        linear_crossentropy(*arguments, **options)
