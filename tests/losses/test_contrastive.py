"""Contrastive losses: batches without pairs, saturated similarities, and other libraries."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import UNREWRITTEN
from lazy import jax, jnp, optax

from objectives.losses.contrastive import circle_loss, info_nce_loss, ntxent_loss, supervised_contrastive_loss

x, y = pt.dmatrix("x"), pt.lvector("y")


def evaluate(loss, *arrays, inputs=(x, y), mode=None):
    """The loss and its gradient with respect to the embeddings."""
    outputs = [loss, pytensor.grad(loss.sum(), x)]
    return pytensor.function(list(inputs), outputs, mode=mode, on_unused_input="ignore")(*arrays)


def unit(rng, *shape):
    e = rng.normal(size=shape)
    return e / np.linalg.norm(e, axis=-1, keepdims=True)


@pytest.mark.needs("jax", "optax")
def test_ntxent_of_optax_is_nan_without_pairs():
    assert np.isnan(optax.losses.ntxent(jnp.ones((4, 3)), jnp.arange(4)))


@pytest.mark.parametrize("mode", [UNREWRITTEN, "FAST_COMPILE"])
def test_ntxent_of_batches_without_pairs(mode):
    """0 with a gradient of 0; likewise without negatives and without items."""
    e = np.random.default_rng(0).normal(size=(4, 3))
    loss = ntxent_loss(x, y)
    function = pytensor.function([x, y], [loss, pytensor.grad(loss, x)], mode=mode)
    for embeddings, labels in ((e, [0, 1, 2, 3]), (e, [5, 5, 5, 5]), (e[:1], [0]), (e[:0], np.zeros(0, "int64"))):
        value, gradient = function(embeddings, labels)
        assert value == 0
        np.testing.assert_array_equal(gradient, np.zeros_like(embeddings))


def test_ntxent_by_hand():
    """Other positives are not in the denominator: with three items per label the loss differs from SupCon's."""
    e = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    value, _ = evaluate(ntxent_loss(x, y, temperature=0.5), e, [0, 0, 7, 0])
    np.testing.assert_allclose(value, np.log1p(np.exp(-2)))


def test_saturated_similarities():
    """exp(1 / temperature) overflows, but not the loss or its gradient. Zero vectors have gradient 0."""
    e = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 1e-3], [0.0, 0.0]])
    labels = [0, 0, 1, 2]
    for dtype in ("float32", "float64"):
        v = pt.matrix("v", dtype=dtype)
        losses = [
            ntxent_loss(v, labels, temperature=1e-3),
            info_nce_loss(v, -v, temperature=1e-3).sum(),
            circle_loss(v, labels, gamma=1e4).sum(),
            supervised_contrastive_loss(v, labels, temperature=1e-3).sum(),
        ]
        outputs = [o for loss in losses for o in (loss, pytensor.grad(loss, v))]
        results = pytensor.function([v], outputs)(e.astype(dtype))
        assert all(np.isfinite(r).all() for r in results)
        np.testing.assert_allclose(results[0], 1500, rtol=1e-3)  # s12 = -1; s13 = 1, s23 = -1 (and s_4 = 0)
        for gradient in results[1::2]:
            np.testing.assert_array_equal(gradient[3], [0, 0])


def test_supervised_contrastive_by_hand():
    """Other positives are in the denominator, and the mean over positives is outside of the logarithm."""
    e = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0], [3.0, 0.0]])
    value, _ = evaluate(supervised_contrastive_loss(x, y, temperature=0.5), e, [0, 0, 7, 0, 0])
    first, upper = np.log(2 * np.exp(2) + 2), np.log(3 + np.exp(2))
    np.testing.assert_allclose(value, [first - 4 / 3, first - 4 / 3, 0, upper, first - 4 / 3])


@pytest.mark.parametrize("mode", [UNREWRITTEN, "FAST_COMPILE"])
def test_supervised_contrastive_of_batches_without_pairs(mode):
    """0 with a gradient of 0 without positives; a batch of one label has items to draw together, and no NaN."""
    e = np.random.default_rng(0).normal(size=(4, 3))
    loss = supervised_contrastive_loss(x, y)
    function = pytensor.function([x, y], [loss, pytensor.grad(loss.sum(), x)], mode=mode)
    for embeddings, labels in ((e, [0, 1, 2, 3]), (e[:1], [0]), (e[:0], np.zeros(0, "int64")), (e[:2], [5, 5])):
        value, gradient = function(embeddings, labels)
        np.testing.assert_array_equal(value, np.zeros(len(embeddings)))
        np.testing.assert_array_equal(gradient, np.zeros_like(embeddings))
    value, gradient = function(e, [5, 5, 5, 5])
    assert (value > np.log(3)).all() and np.isfinite(gradient).all() and (gradient != 0).any()
    same, gradient = function(np.ones((4, 3)), [5, 5, 5, 5])
    np.testing.assert_allclose(same, np.log(3))
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_an_anchor_without_a_positive_is_a_candidate():
    e, labels = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]), [0, 0, 3]
    value, gradient = evaluate(supervised_contrastive_loss(x, y, temperature=1), e, labels)
    assert value[2] == 0 and np.abs(gradient[2]).max() > 0.1
    without, _ = evaluate(supervised_contrastive_loss(x, y, temperature=1), e[:2], labels[:2])
    assert (without == 0).all() and (value[:2] > 0.3).all()


def test_supervised_contrastive_of_two_views_is_ntxent():
    e, labels = np.random.default_rng(9).normal(size=(6, 3)), [0, 1, 2, 0, 1, 2]
    np.testing.assert_allclose(supervised_contrastive_loss(e, labels).mean().eval(), ntxent_loss(e, labels).eval())


def test_info_nce_by_hand():
    a, p = [[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [4.0, 3.0]]
    expected = np.log1p(np.exp([0.8 - 1, 0 - 0.6]))
    np.testing.assert_allclose(info_nce_loss(a, p, temperature=1).eval(), expected)
    further = np.logaddexp(np.logaddexp([1, 0], [0.8, 0.6]), [0, 1]) - [1, 0.6]
    np.testing.assert_allclose(info_nce_loss(a, p, negatives=[[0.0, 5.0]], temperature=1).eval(), further)


@pytest.mark.needs("torch")
def test_info_nce_both_ways_is_the_loss_of_clip():
    import torch

    rng = np.random.default_rng(1)
    images, texts = unit(rng, 6, 4), unit(rng, 6, 4)
    logits = torch.tensor(images @ texts.T / 0.1)
    cross_entropy = torch.nn.functional.cross_entropy
    expected = (cross_entropy(logits, torch.arange(6)) + cross_entropy(logits.T, torch.arange(6))) / 2
    both = (info_nce_loss(images, texts, temperature=0.1) + info_nce_loss(texts, images, temperature=0.1)) / 2
    np.testing.assert_allclose(both.mean().eval(), expected)


@pytest.mark.needs("jax", "optax")
def test_ntxent_of_two_views_is_info_nce():
    """With two items per label, and all other items of both views as candidates, it is the loss of SimCLR."""
    rng = np.random.default_rng(2)
    views = unit(rng, 2, 5, 3)
    s = np.concatenate(views) @ np.concatenate(views).T / 0.5
    np.fill_diagonal(s, -np.inf)
    partner = (np.arange(10) + 5) % 10
    expected = optax.softmax_cross_entropy_with_integer_labels(s, partner).mean()
    np.testing.assert_allclose(ntxent_loss(np.concatenate(views), [*range(5)] * 2, temperature=0.5).eval(), expected)


@pytest.mark.needs("jax", "optax")
def test_a_temperature_that_is_learned():
    temperature = pt.scalar("temperature", dtype="float64")
    e, labels = np.random.default_rng(3).normal(size=(5, 3)), np.array([0, 0, 1, 1, 0])
    for loss, reference in (
        (ntxent_loss(e, labels, temperature=temperature), lambda t: optax.losses.ntxent(jnp.asarray(e), labels, t)),
        (
            info_nce_loss(e, e[::-1], negatives=2 * e, temperature=temperature).sum(),
            lambda t: optax.softmax_cross_entropy_with_integer_labels(
                optax.losses.cosine_similarity(e[:, None], np.concatenate([e[::-1], e])[None]) / t, jnp.arange(5)
            ).sum(),
        ),
    ):
        found = pytensor.function([temperature], pytensor.grad(loss, temperature))(0.5)
        np.testing.assert_allclose(found, jax.grad(reference)(0.5), rtol=1e-10)


def keras_circle():
    import keras

    return keras.losses.circle


@pytest.mark.needs("keras", "jax")
def test_keras_has_the_same_circle_loss():
    circle = keras_circle()
    rng = np.random.default_rng(4)
    e, labels = unit(rng, 7, 4), np.array([0, 1, 0, 1, 2, 2, 0])
    others, other_labels = unit(rng, 9, 4), rng.integers(0, 3, 9)
    memory = {"reference_embeddings": others, "reference_labels": other_labels}
    for ours, theirs in (
        ({}, {}),
        (
            {"gamma": 10.0, "margin": 0.25, "remove_diagonal": False},
            {"gamma": 10, "margin": 0.25, "remove_diagonal": False},
        ),
        (memory, {"remove_diagonal": False}),
        (memory | {"remove_diagonal": True}, {"remove_diagonal": True}),
    ):
        found = circle_loss(e, labels, **ours).eval()
        if "reference_labels" in ours:
            theirs = theirs | {"ref_embeddings": jnp.asarray(others, "float32"), "ref_labels": other_labels}
        np.testing.assert_allclose(found, circle(labels, jnp.asarray(e, "float32"), **theirs), rtol=1e-4, atol=1e-4)


def test_circle_of_rows_without_positives_or_negatives():
    e = unit(np.random.default_rng(5), 4, 3)
    for labels, alone in (([0, 0, 1, 0], [2]), ([1, 1, 1, 1], [0, 1, 2, 3]), ([0, 1, 2, 3], [0, 1, 2, 3])):
        value, gradient = evaluate(circle_loss(x, y), e, labels)
        assert (value[alone] == 0).all() and np.isfinite(gradient).all()
        assert (np.delete(value, alone) > 0).all()
    assert (gradient == 0).all()


def test_circle_by_hand_and_detached():
    """One positive of similarity 1/2, one negative of 0; the weights are constants in the paper, but not in Keras."""
    e = np.array([[1.0, 0.0], [0.5, np.sqrt(0.75)], [0.0, -1.0]])
    gamma, margin = 2.0, 0.4
    near, far = gamma * 0.9 * (0.6 - 0.5), gamma * 0.4 * -0.4
    loss = np.log1p(np.exp(near + far))
    weight = 1 - np.exp(-loss)
    # the derivatives of the similarities along the second axis: d s1 = sqrt(3)/2, d s2 = -1
    for detach, by_positive, by_negative in (
        (True, -gamma * 0.9, gamma * 0.4),
        (False, -gamma * (0.9 + 0.1), gamma * (0.4 - 0.4)),
    ):
        rows = circle_loss(
            x,
            y,
            gamma=gamma,
            margin=margin,
            detach=detach,
            reference_embeddings=e,
            reference_labels=[0, 0, 1],
            remove_diagonal=True,
        )
        value, gradient = evaluate(rows, e, [0, 0, 1])
        np.testing.assert_allclose(value[0], loss)
        np.testing.assert_allclose(gradient[0], [0, weight * (by_positive * np.sqrt(0.75) - by_negative)], atol=1e-12)


@pytest.mark.needs("jax", "optax")
def test_detached_gradient():
    rng = np.random.default_rng(6)
    e, labels = rng.normal(size=(6, 3)), np.array([0, 1, 0, 1, 0, 1])

    def reference(e):
        stop = jax.lax.stop_gradient
        s = optax.losses.cosine_similarity(e[:, None], e[None])
        same = labels[:, None] == labels[None]
        near = -20 * stop(jax.nn.relu(1.25 - s)) * (s - 0.75)
        far = 20 * stop(jax.nn.relu(s + 0.25)) * (s - 0.25)
        near = jax.nn.logsumexp(jnp.where(same & ~np.eye(6, dtype=bool), near, -np.inf), axis=-1)
        return jnp.logaddexp(0, near + jax.nn.logsumexp(jnp.where(same, -np.inf, far), axis=-1))

    value, gradient = evaluate(circle_loss(x, y, gamma=20, margin=0.25, detach=True), e, labels)
    np.testing.assert_allclose(value, reference(e), rtol=1e-12)
    np.testing.assert_allclose(gradient, jax.grad(lambda e: reference(e).sum())(e), rtol=1e-10, atol=1e-12)


def test_masked_items_are_in_no_loss():
    rng = np.random.default_rng(7)
    e, p, labels = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), np.array([0, 1, 0, 1, 0, 1])
    counted = np.array([True, True, False, True, True, False])
    keep = np.flatnonzero(counted)
    for masked, subset in (
        (ntxent_loss(e, labels, mask=counted), ntxent_loss(e[keep], labels[keep])),
        (info_nce_loss(e, p, mask=counted)[keep], info_nce_loss(e[keep], p[keep])),
        (circle_loss(e, labels, mask=counted)[keep], circle_loss(e[keep], labels[keep])),
        (
            supervised_contrastive_loss(e, labels, mask=counted)[keep],
            supervised_contrastive_loss(e[keep], labels[keep]),
        ),
    ):
        np.testing.assert_allclose(masked.eval(), subset.eval(), rtol=1e-12)
    for mask in (True, np.array([True] * 6)):
        np.testing.assert_allclose(ntxent_loss(e, labels, mask=mask).eval(), ntxent_loss(e, labels).eval())
        np.testing.assert_allclose(info_nce_loss(e, p, mask=mask).eval(), info_nce_loss(e, p).eval())
    for loss in (
        ntxent_loss(x, y, mask=False),
        info_nce_loss(x, p, mask=False),
        circle_loss(x, y, mask=False),
        supervised_contrastive_loss(x, y, mask=False),
    ):
        value, gradient = evaluate(loss, np.full_like(e, np.nan), labels)
        assert (value == 0).all() and (gradient == 0).all()


def test_misuse():
    m, v = pt.matrix(), pt.lvector()
    for function in (ntxent_loss, circle_loss, supervised_contrastive_loss):
        with pytest.raises(TypeError, match=r"embeddings must be a matrix"):
            function(pt.tensor3(), v)
        with pytest.raises(TypeError, match="must be a vector with one integer for each"):
            function(m, pt.lmatrix())
        with pytest.raises(TypeError, match="must be integers"):
            function(m, pt.vector())
        with pytest.raises(TypeError, match=r"shape mismatch between labels \(3,\)"):
            function(np.zeros((2, 3)), [0, 1, 2])
        with pytest.raises(TypeError, match="embeddings must be floating-point"):
            function(pt.lmatrix(), v)
    with pytest.raises(TypeError, match="anchor must be a matrix"):
        info_nce_loss(pt.tensor3(), pt.tensor3())
    with pytest.raises(TypeError, match=r"shape mismatch between positive \(3, 2\)"):
        info_nce_loss(np.zeros((2, 2)), np.zeros((3, 2)))
    function = pytensor.function([m, n := pt.matrix()], info_nce_loss(m, n))
    for sizes in ((3, 4), (4, 3)):
        with pytest.raises((ValueError, IndexError)):
            function(*(np.ones((size, 2)) for size in sizes))
    with pytest.raises(TypeError, match="belong together"):
        circle_loss(m, v, reference_embeddings=m)
    for function in (ntxent_loss, supervised_contrastive_loss, lambda m, v, **k: info_nce_loss(m, m, **k)):
        with pytest.raises(ValueError, match="temperature must be positive"):
            function(m, v, temperature=0)
        with pytest.raises(TypeError, match="temperature"):
            function(m, v, temperature=pt.vector())
    with pytest.raises(ValueError, match="gamma must be positive"):
        circle_loss(m, v, gamma=-1)
