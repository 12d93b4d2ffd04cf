"""Losses of pairs and triplets: both conventions of targets, kinks and ties, and other libraries."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from lazy import optax

from objectives.losses.embedding import (
    contrastive_loss,
    cosine_embedding_loss,
    hinge_embedding_loss,
    triplet_loss,
    triplet_margin_loss,
)
from objectives.losses.similarity import cosine_distance

INF, NAN = np.inf, np.nan


def test_losses_of_distances_by_hand():
    d, t = pt.dvector("d"), pt.lvector("t")
    losses = [contrastive_loss(d, t, margin=2.0), hinge_embedding_loss(d, t, margin=2.0)]
    outputs = [o for loss in losses for o in (loss, pytensor.grad(loss.sum(), d))]
    function = pytensor.function([d, t], outputs)
    distances = [0.0, 0.5, 2.0, 3.0, INF]
    half_square, slope, hinge, side = function(distances, [1] * 5)
    np.testing.assert_allclose(half_square, [0, 0.125, 2, 4.5, INF])
    np.testing.assert_allclose(slope, distances)
    np.testing.assert_allclose(hinge, distances)
    np.testing.assert_allclose(side, [1] * 5)
    for label in (0, -1):  # both mean a dissimilar pair
        half_square, slope, hinge, side = function(distances, [label] * 5)
        np.testing.assert_allclose(half_square, [2, 1.125, 0, 0, 0])
        np.testing.assert_allclose(slope, [-2, -1.5, 0, 0, 0])
        np.testing.assert_allclose(hinge, [2, 1.5, 0, 0, 0])
        assert (side[:2] == -1).all() and -1 <= side[2] <= 0 and (side[3:] == 0).all()


def test_targets_are_signs_or_bits():
    """For targets other than 1 and -1 PyTorch gives 0 or adds both branches."""
    a, b = np.array([[3.0, 4.0]] * 4), np.array([[4.0, 3.0]] * 4)
    for targets in ([1, -1, 0, 2], [1.0, -1.0, 0.0, 0.5], [1.0, -1.0, 0.0, -0.5]):
        np.testing.assert_allclose(cosine_embedding_loss(a, b, targets, margin=0.5).eval(), [0.04, 0.46, 0.46, NAN])
        np.testing.assert_allclose(hinge_embedding_loss([0.25] * 4, targets).eval(), [0.25, 0.75, 0.75, NAN])
    booleans = np.array([True, False])
    np.testing.assert_allclose(contrastive_loss([1.0, 0.0], booleans).eval(), [0.5, 0.5])


def test_missing_targets_are_nan_in_the_gradient_too():
    missing, vectors, numbers = [NAN, 1.0], pt.dmatrix(), pt.dvector()
    for loss, of, at in (
        (cosine_embedding_loss(vectors, np.array([[4.0, 3.0]] * 2), missing), vectors, np.array([[3.0, 4.0]] * 2)),
        (hinge_embedding_loss(numbers, missing), numbers, np.ones(2)),
        (contrastive_loss(numbers, missing), numbers, np.ones(2)),
    ):
        value, gradient = pytensor.function([of], [loss, pytensor.grad(loss.sum(), of)])(at)
        assert np.isnan(value).tolist() == [True, False]
        assert np.isnan(gradient).reshape(2, -1).all(axis=1).tolist() == [True, False]
        assert np.isfinite(gradient[1]).all()


def test_cosine_embedding_of_zero_vectors():
    a = pt.dmatrix("a")
    loss = cosine_embedding_loss(a, np.ones((2, 3)), [1, -1], margin=-0.5)
    value, gradient = pytensor.function([a], [loss, pytensor.grad(loss.sum(), a)])(np.zeros((2, 3)))
    np.testing.assert_array_equal(value, [1, 0.5])
    np.testing.assert_array_equal(gradient, np.zeros((2, 3)))


def test_triplets_by_hand():
    """Each item has its own loss; TFLearn first adds up the distances of the batch."""
    a, p, n = (pt.dmatrix(name) for name in "apn")
    squared = triplet_loss(a, p, n)
    outputs = [squared, *pytensor.grad(squared.sum(), [a, p, n]), triplet_margin_loss(a, p, n, epsilon=0)]
    function = pytensor.function([a, p, n], outputs)
    arrays = np.array([[[0, 0], [0, 0]], [[1, 1], [0, 1]], [[1, 0], [3, 4]]], float)
    value, by_anchor, by_positive, by_negative, plain = function(*arrays)
    np.testing.assert_allclose(value, [2, 0])
    np.testing.assert_allclose(by_anchor, [[0, -2], [0, 0]])
    np.testing.assert_allclose(by_positive, [[2, 2], [0, 0]])
    np.testing.assert_allclose(by_negative, [[-2, 0], [0, 0]])
    np.testing.assert_allclose(plain, [np.sqrt(2), 0])


def test_swap_at_a_tie():
    """If anchor and positive are equally far from the negative, only one of them gets the gradient."""
    a, p, n = (pt.dmatrix(name) for name in "apn")
    loss = triplet_margin_loss(a, p, n, swap=True, margin=9.0, epsilon=0)
    outputs = [loss, *pytensor.grad(loss.sum(), [a, p, n])]
    value, by_anchor, by_positive, by_negative = pytensor.function([a, p, n], outputs)(
        [[-3.0, 0.0]], [[3.0, 0.0]], [[0.0, 4.0]]
    )
    np.testing.assert_allclose(value, [6 - 5 + 9])
    np.testing.assert_allclose(by_anchor + by_positive + by_negative, [[0, 0]], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(by_negative), 1)


def test_equal_embeddings():
    a, p, n = (pt.dmatrix(name) for name in "apn")
    for options in ({"epsilon": 0}, {"epsilon": 0, "p": 3, "swap": True}, {"distance": cosine_distance}):
        loss = triplet_margin_loss(a, p, n, margin=0.25, **options)
        outputs = [loss, *pytensor.grad(loss.sum(), [a, p, n])]
        value, *gradients = pytensor.function([a, p, n], outputs)(*np.zeros((3, 2, 4)))
        np.testing.assert_array_equal(value, [0.25, 0.25])
        np.testing.assert_array_equal(gradients, np.zeros((3, 2, 4)))


@pytest.mark.needs("jax", "optax", "torch")
def test_other_libraries_agree():
    import torch

    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(3, 7, 5))
    tensors = [torch.tensor(x) for x in arrays]

    def torch_cosine_distance(u, v):
        return 1 - torch.cosine_similarity(u, v)

    for swap in (False, True):
        np.testing.assert_allclose(
            triplet_margin_loss(*arrays, distance=cosine_distance, swap=swap).eval(),
            torch.nn.functional.triplet_margin_with_distance_loss(
                *tensors, distance_function=torch_cosine_distance, swap=swap, reduction="none"
            ).numpy(),
        )
    # optax adds eps under the root, not to the differences: equal if both are 0
    expected = optax.losses.triplet_margin_loss(*arrays, eps=0.0)
    np.testing.assert_allclose(triplet_margin_loss(*arrays, epsilon=0).eval(), expected, rtol=1e-6)


def test_odd_orders_use_absolute_values():
    """For negative differences optax has NaN at p = 3 and wrong numbers at p = 1."""
    a, p, n = np.array([[0.0, 0.0]]), np.array([[1.0, 2.0]]), np.array([[0.5, 1.0]])
    for order, near, far in ((1, 3, 1.5), (3, 9 ** (1 / 3), 9 ** (1 / 3) / 2)):
        np.testing.assert_allclose(triplet_margin_loss(a, p, n, p=order, epsilon=0).eval(), [near - far + 1])


def test_misuse():
    m, v = pt.matrix(), pt.vector()
    for function in (triplet_loss, triplet_margin_loss):
        with pytest.raises(TypeError, match=r"rank mismatch between negative \(\?,\) and anchor"):
            function(m, m, v)
        with pytest.raises(TypeError, match="anchor must be floating-point"):
            function(pt.lmatrix(), m, m)
        with pytest.raises(TypeError, match=r"shape mismatch between positive \(2, 4\)"):
            function(np.zeros((2, 3)), np.zeros((2, 4)), np.zeros((2, 3)))
    with pytest.raises(TypeError, match="rank mismatch between targets"):
        cosine_embedding_loss(m, m, m)
    with pytest.raises(TypeError, match=r"distance must map vectors .* it returned 2 dimensions"):
        triplet_margin_loss(m, m, m, distance=lambda u, v: abs(u - v))
    with pytest.raises(TypeError, match=r"distance must be a function of two tensors .*, not 'l2'"):
        triplet_margin_loss(m, m, m, distance="l2")
    with pytest.raises(ValueError, match="p must be"):
        triplet_margin_loss(m, m, m, p=0)
    for function in (contrastive_loss, hinge_embedding_loss):
        with pytest.raises(TypeError, match="rank mismatch"):
            function(m, v)
