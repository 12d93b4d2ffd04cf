"""The adaptive softmax: log-probabilities of all classes, clusters without items, labels out of range, refusals."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, CANNOT_RAISE, mode

from objectives import adaptive_log_softmax, adaptive_log_softmax_loss, nll_loss
from objectives.ops.labels import LabelError

N, D, FREQUENT, SIZES = 6, 4, 2, (3, 4)
V = FREQUENT + sum(SIZES)
h, W, b, y = pt.matrix("h"), pt.matrix("W"), pt.vector("b"), pt.lvector("y")


def drawn(dtype="float64"):
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(N, D)), rng.normal(size=(FREQUENT + len(SIZES), D)), rng.normal(size=4)
    tails = [(rng.normal(size=(d, D)), rng.normal(size=(n, d))) for d, n in zip((2, 1), SIZES, strict=True)]
    return [a.astype(dtype) for a in arrays], [tuple(a.astype(dtype) for a in pair) for pair in tails]


@pytest.mark.parametrize("shape", [(), (N,), (2, 3)])
def test_log_probabilities(shape):
    """They add up to 1, and their crossentropy is the loss."""
    (features, weights, biases), tails = drawn()
    features, labels = features[: np.prod(shape, dtype=int)].reshape(*shape, D), np.full(shape, V - 1)
    log_p = adaptive_log_softmax(features, weights, biases, tails=tails)
    np.testing.assert_allclose(np.exp(log_p.eval()).sum(axis=-1), np.ones(shape))
    assert log_p.type.shape == (*shape, V)
    loss = adaptive_log_softmax_loss(features, weights, labels, biases, tails=tails)
    np.testing.assert_allclose(nll_loss(log_p, labels).eval(), loss.eval(), rtol=1e-12)


@pytest.mark.needs("torch")
def test_log_probabilities_are_those_of_pytorch():
    import torch

    (features, weights, biases), tails = drawn()
    module = torch.nn.AdaptiveLogSoftmaxWithLoss(D, V, [FREQUENT, FREQUENT + SIZES[0]], 2, head_bias=True).double()
    for given, array in zip(module.parameters(), [weights, biases, *sum(tails, ())], strict=True):
        given.data = torch.as_tensor(array)
    expected = module.log_prob(torch.as_tensor(features)).detach()
    found = adaptive_log_softmax(features, weights, biases, tails=tails)
    np.testing.assert_allclose(found.eval(), expected, rtol=1e-12)


@pytest.mark.parametrize("backend", ALL)
def test_backends(backend):
    """Log-probabilities, and classes that there are not, with lengths that are not known."""
    (features, weights, biases), tails = drawn("float32")
    arrays = [features, weights[:3], biases[:3], *tails[0]]
    num_classes, inputs = FREQUENT + SIZES[0], [pt.tensor(shape=(None,) * a.ndim, dtype="float32") for a in arrays]
    h, w, b, *tail = inputs
    outputs = [adaptive_log_softmax(h, w, b, tails=[tail]), adaptive_log_softmax_loss(h, w, y, b, tails=[tail])]
    compute = pytensor.function([*inputs, y], outputs, mode=mode(backend))
    labels = np.array([4, 0, 2, 3, 4, 1])
    log_p, losses = map(np.asarray, compute(*arrays, labels))
    np.testing.assert_allclose(np.exp(log_p).sum(axis=-1), np.ones(N), rtol=1e-5)
    np.testing.assert_allclose(losses, -log_p[np.arange(N), labels], rtol=1e-5)
    for bad in (-1, num_classes, 2**40):
        wrong = np.where(np.arange(N) == 3, bad, labels)
        if backend in CANNOT_RAISE:
            found = np.asarray(compute(*arrays, wrong)[1])
            np.testing.assert_array_equal(np.isnan(found), np.arange(N) == 3)
        else:
            with pytest.raises(
                LabelError, match=rf"class label {bad} at position \(3,\) .* outside \[0, {num_classes}\)"
            ):
                compute(*arrays, wrong)


def test_a_cluster_without_items_has_no_gradient():
    """Nor do masked items have one, whatever they hold, even by infinite weights."""
    (features, weights, biases), tails = drawn()
    features[1], tails[0][1][0] = np.nan, np.inf
    mask, labels = np.arange(N) != 1, np.array([0, 3, V - 1, 1, 0, 6])
    p, t = pt.matrix("p"), pt.matrix("t")
    loss = adaptive_log_softmax_loss(h, weights, labels, biases, tails=[(p, t), tails[1]], mask=mask)
    compute = pytensor.function([h, p, t], [loss, *pytensor.grad(loss.sum(), [h, p, t])])
    losses, by_features, by_projection, by_tail = compute(features, *tails[0])
    assert np.isfinite(losses).all() and losses[1] == 0
    assert np.isfinite(by_features).all() and (by_features[1] == 0).all()
    assert (by_projection == 0).all() and (by_tail == 0).all()


def test_no_items():
    (_, weights, _), tails = drawn()
    losses = adaptive_log_softmax_loss(np.ones((0, D)), weights, np.ones(0, int), tails=tails)
    assert losses.eval().shape == (0,)


def test_float16_is_computed_in_float32():
    features, head = np.full((1, 512), 16, "float16"), np.full((2, 512), 16, "float16")
    tails = [(features, np.ones((1, 1), "float16"))]
    loss = adaptive_log_softmax_loss(features, head, [1], tails=tails)
    assert loss.dtype == "float16"
    np.testing.assert_allclose(loss.eval(), np.log(2), rtol=1e-3)


H, M, P, T = np.ones((2, 3)), np.ones((3, 3)), np.ones((2, 3)), np.ones((5, 2))


@pytest.mark.parametrize(
    ("arguments", "tails", "error", "message"),
    [
        ((H, M, [0, 1]), [], ValueError, "tails must hold at least one cluster.*linear_crossentropy"),
        ((H, M, [0, 1]), np.ones((1, 2)), TypeError, r"tails must be pairs of a projection \(d, D\) and weights"),
        ((H, M, [0, 1]), [(P, T, T)], TypeError, "tails must be pairs"),
        ((H, M, [0, 1]), [(P, T)] * 3, ValueError, r"weights \(3, 3\) must have a row .* each of the 3 tails"),
        ((H, M, [0, 1]), [(P, T), (P.T, T)], TypeError, r"tails\[1\] \(3, 2\) and \(5, 2\) do not fit features"),
        ((H, M, [0, 1]), [(P, T.T)], TypeError, r"tails\[0\] \(2, 3\) and \(2, 5\) do not fit .* transpose those"),
        ((H, M, [0, 1]), [(P[0], T)], TypeError, r"tails\[0\] \(3,\) and \(5, 2\) must be a projection \(d, D\)"),
        ((H, M, [0, 1]), [(P, "words")], TypeError, r"tails\[0\] must be a tensor"),
        ((H, M.T[:2], [0, 1], np.ones(3)), [(P, T)], TypeError, "shape mismatch between biases"),
        ((H, M, [0.0, 1.0]), [(P, T)], TypeError, "class indices must be integers"),
        ((H, M, [0, 1, 2]), [(P, T)], TypeError, r"shape mismatch between targets \(3,\)"),
        ((H, np.ones((3, 4)), [0, 1]), [(P, T)], TypeError, r"weights are \(V, D\)"),
        ((np.ones((2, 3), int), M, [0, 1]), [(P, T)], TypeError, r"order is \(features, weights, targets\)"),
    ],
)
def test_refused(arguments, tails, error, message):
    with pytest.raises(error, match=message):
        adaptive_log_softmax_loss(*arguments, tails=tails)


def test_widths_that_do_not_fit_at_run_time():
    (features, weights, _), tails = drawn()
    p = pt.matrix("p")
    loss = adaptive_log_softmax_loss(features, weights, np.zeros(N, int), tails=[(p, tails[0][1]), tails[1]])
    with pytest.raises(ValueError, match=r"features \(6, 3\) and weights \(3, 2\) differ in their last axis"):
        loss.eval({p: np.ones((3, D))})
