"""Cosines and norms: the zero vector, tiny and huge vectors, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.spatial import distance

from objectives.losses.similarity import cosine_distance, cosine_similarity, pairwise_distance

INF = np.inf


def test_values_by_hand():
    a, b = [[3.0, 4.0], [1.0, 0.0], [2.0, 0.0]], [[4.0, 3.0], [-5.0, 0.0], [0.0, 7.0]]
    np.testing.assert_allclose(cosine_similarity(a, b).eval(), [0.96, -1, 0], atol=1e-15)
    np.testing.assert_allclose(cosine_distance(a, b).eval(), [0.04, 2, 1], atol=1e-15)
    for p, expected in ((1, [2, 6, 9]), (2, [np.sqrt(2), 6, np.sqrt(53)]), (INF, [1, 6, 7])):
        np.testing.assert_allclose(pairwise_distance(a, b, p=p, epsilon=0).eval(), expected)


def test_scipy_agrees():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 4))
    pairs = list(zip(a, b, strict=True))
    np.testing.assert_allclose(cosine_distance(a, b).eval(), [distance.cosine(u, v) for u, v in pairs], rtol=1e-12)
    for p in (1, 1.5, 2, 3, 4):
        expected = [distance.minkowski(u, v, p) for u, v in pairs]
        np.testing.assert_allclose(pairwise_distance(a, b, p=p, epsilon=0).eval(), expected, rtol=1e-12)
    expected = [distance.chebyshev(u, v) for u, v in pairs]
    np.testing.assert_allclose(pairwise_distance(a, b, p=INF, epsilon=0).eval(), expected, rtol=1e-12)


@pytest.mark.needs("torch")
def test_pytorch_agrees_below_epsilon():
    """In value; its gradient there is not the derivative, since it ignores the bound on the norm."""
    import torch

    a, b = np.random.default_rng(1).normal(size=(2, 5, 4))
    expected = torch.nn.functional.cosine_similarity(torch.as_tensor(a), torch.as_tensor(b), dim=-1, eps=2.0)
    np.testing.assert_allclose(cosine_similarity(a, b, epsilon=2.0).eval(), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cosine_of_the_zero_vector(dtype):
    """0 with a gradient of 0, not NaN as in optax or 1e8 as in PyTorch."""
    a, b = pt.matrix("a", dtype=dtype), pt.matrix("b", dtype=dtype)
    outputs = []
    for eps in (1e-8, 0):
        s = cosine_similarity(a, b, epsilon=eps)
        outputs += [s, *pytensor.grad(s.sum(), [a, b])]
    zero, other = np.zeros((1, 3), dtype), np.array([[1, 2, 2]], dtype)
    function = pytensor.function([a, b], outputs)
    for arrays in ((zero, other), (other, zero), (zero, zero)):
        for result in function(*arrays):
            np.testing.assert_array_equal(result, np.zeros_like(result))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiny_and_huge_vectors(dtype):
    """No square overflows or underflows; the gradient is inversely proportional to the length."""
    a, b = pt.matrix("a", dtype=dtype), pt.matrix("b", dtype=dtype)
    s = cosine_similarity(a, b, epsilon=0)
    d = pairwise_distance(a, -b, epsilon=0)
    cubic = pairwise_distance(a, -b, epsilon=0, p=3)
    outputs = [s, pytensor.grad(s.sum(), a), d, pytensor.grad(d.sum(), a), cubic]
    function = pytensor.function([a, b], outputs)
    size = np.array([1e-30, 1e-9, 1, 1e9, 1e30], dtype)[:, None]
    u, v = np.array([[3, 4]], dtype), np.array([[4, 3]], dtype)
    similarity, gradient, length, slope, cubic_length = function(u * size, v * size)
    rtol = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(similarity, np.full(5, 0.96), rtol=rtol)
    np.testing.assert_allclose(gradient * size, np.tile((v / 5 - 0.96 * u / 5) / 5, (5, 1)), rtol=20 * rtol)
    np.testing.assert_allclose(length, np.sqrt(98) * size[:, 0], rtol=rtol)
    np.testing.assert_allclose(slope, np.full((5, 2), np.sqrt(0.5)), rtol=rtol)
    np.testing.assert_allclose(cubic_length, np.cbrt(686) * size[:, 0], rtol=rtol)


def test_short_vectors_count_as_long_as_epsilon():
    a = pt.dmatrix("a")
    s = cosine_similarity(a, np.array([[0.0, 1.0]]), epsilon=0.5)
    value, gradient = pytensor.function([a], [s, pytensor.grad(s.sum(), a)])([[0.0, 0.1]])
    np.testing.assert_allclose(value, [0.2])
    np.testing.assert_allclose(gradient, [[0, 2]])
    np.testing.assert_allclose(cosine_distance([[0.0, 0.1]], [[0.0, 1.0]], epsilon=0.5).eval(), [0.8])
    # by default epsilon is 1e-8
    np.testing.assert_allclose(cosine_similarity([[0.0, 1e-9]], [[0.0, 1.0]]).eval(), [0.1])
    np.testing.assert_allclose(cosine_distance([[0.0, 1e-9]], [[0.0, 1.0]]).eval(), [0.9])


def test_distance_of_equal_vectors():
    """The gradient is 0 without epsilon, and that of the norm of epsilon with it."""
    a = pt.dmatrix("a")
    x = np.array([[1.0, -2.0, 3.0, 0.0]])
    outputs = []
    for p in (1, 1.5, 2, 3, INF):
        for eps in (0, 1e-6):
            d = pairwise_distance(a, x, p=p, epsilon=eps)
            outputs += [d, pytensor.grad(d.sum(), a)]
    results = iter(pytensor.function([a], outputs)(x))
    for p in (1, 1.5, 2, 3, INF):
        np.testing.assert_array_equal(next(results), [0])
        np.testing.assert_array_equal(next(results), np.zeros((1, 4)))
        np.testing.assert_allclose(next(results), [1e-6 * 4 ** (1 / p)], rtol=1e-6)
        np.testing.assert_allclose(next(results), np.full((1, 4), 4 ** (1 / p - 1)), rtol=1e-6)


def test_entries_of_0_in_other_vectors():
    """x ** p has derivative 0 at 0, even if computed by a logarithm."""
    a = pt.dmatrix("a")
    for p in (1.5, 3):
        d = pairwise_distance(a, np.zeros((1, 2)), p=p, epsilon=0)
        value, gradient = pytensor.function([a], [d, pytensor.grad(d.sum(), a)])([[0.0, -2.0]])
        np.testing.assert_allclose(value, [2])
        np.testing.assert_allclose(gradient, [[0, -1]])


def test_infinite_and_missing_entries_stay_visible():
    x = np.array([[INF, 1.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(pairwise_distance(x, np.zeros((2, 2))).eval(), [INF, np.nan])
    np.testing.assert_array_equal(pairwise_distance(x, np.zeros((2, 2)), p=1.5).eval(), [INF, np.nan])
    assert np.isnan(cosine_similarity(x, np.ones((2, 2))).eval()).all()


def test_misuse():
    for function in (cosine_similarity, cosine_distance, pairwise_distance):
        with pytest.raises(TypeError, match=r"rank mismatch between \w+ \(\?,\) and \w+ \(\?, \?\)"):
            function(pt.matrix(), pt.vector())
        with pytest.raises(TypeError, match="shape mismatch"):
            function(np.zeros((2, 3)), np.zeros((2, 4)))
        with pytest.raises(TypeError, match="floating-point"):
            function(pt.lmatrix(), pt.matrix())
        with pytest.raises(TypeError, match="must have an axis of features"):
            function(pt.scalar(), pt.scalar())
        with pytest.raises(TypeError, match="rank mismatch between mask"):
            function(pt.matrix(), pt.matrix(), mask=pt.matrix(dtype="bool"))
    for p in (0.5, -1, np.nan, pt.scalar(), None):
        with pytest.raises(ValueError, match="p must be a number of at least 1"):
            pairwise_distance(pt.matrix(), pt.matrix(), p=p)
    with pytest.raises(ValueError, match="epsilon must be at least 0"):
        cosine_similarity(pt.matrix(), pt.matrix(), epsilon=-1e-8)


def test_cosine_of_the_greatest_float32():
    """PyTensor would rewrite products of quotients to quotients of products, which overflow."""
    a, b = pt.fmatrix(), pt.fmatrix()
    similarity = cosine_similarity(a, b)
    function = pytensor.function([a, b], [similarity, pytensor.grad(similarity.sum(), a)])
    value, gradient = function(*np.array([[[2e38, 1e38]], [[1e38, 2e38]]], "float32"))
    np.testing.assert_allclose(value, 0.8, rtol=1e-6)
    np.testing.assert_allclose(gradient, 0, atol=1e-37)
