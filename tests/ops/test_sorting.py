"""Order statistics at the ends of the range of floats."""

from itertools import combinations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, mode, uncompiled
from test_ops import inner_graph

from objectives.ops.sorting import PairOrder, WeightedQuantile, WeightedRank, weighted_rank

HUGE = np.array([[3.2e38, -3e38, 1.0], [3e38, 3e38, 4.0]], "float32")


def test_inner_graph_of_a_median_of_huge_numbers():
    found = inner_graph(WeightedQuantile(q=0.5), [HUGE, np.ones_like(HUGE)])
    np.testing.assert_allclose(found, HUGE.astype("float64").mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("backend", ALL)
def test_median_of_huge_numbers(backend):
    """Half way between two numbers, although their sum overflows."""
    x, weights = pt.fmatrix(), pt.fmatrix()
    function = pytensor.function([x, weights], WeightedQuantile(q=0.5)(x, weights), mode=mode(backend))
    with uncompiled(backend):
        found = np.asarray(function(HUGE, np.ones_like(HUGE)))
    np.testing.assert_allclose(found, HUGE.astype("float64").mean(axis=0), rtol=1e-6)


TIES = ("half", "all", "only", "order")
LISTS = np.array([[2, 1, 2, np.nan, 2, -np.inf], [-0.0, np.inf, 0, np.inf, -np.inf, 1], [np.nan] * 6], "float32")
WEIGHTS = np.array([[1, 2, 3, 4, 0, 5], [1, 1, 1, 1, 1, 1], [1, 2, 3, 4, 5, 6]], "float32")


def ranked(x, weights, ties):
    """One entry after another."""
    ranks = np.zeros_like(weights)
    for row, j in np.ndindex(x.shape):
        for k, other in enumerate(x[row]):
            share = {"half": 0.5, "all": 1, "only": 1, "order": k < j}[ties] if other == x[row, j] else 0
            ranks[row, j] += weights[row, k] * (share or (other < x[row, j] and ties != "only"))
    return ranks


@pytest.mark.parametrize("ties", TIES)
def test_inner_graph_of_ranks(ties):
    found = inner_graph(WeightedRank(ties=ties), [LISTS, WEIGHTS])
    np.testing.assert_array_equal(found, ranked(LISTS, WEIGHTS, ties))


def test_inner_graph_of_the_order_of_pairs():
    """Against a loop over pairs."""
    x, y, weights = np.array([1, 1, 3, 0, 2.5]), np.array([4, 2, 2, 1, 9.0]), np.array([1, 2, 0.5, 3, 1])
    expected = np.zeros(3)
    for i, j in combinations(range(5), 2):
        signs = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
        expected += weights[i] * weights[j] * np.array([signs[0] * signs[1], abs(signs[0]), abs(signs[1])])
    np.testing.assert_allclose(inner_graph(PairOrder(), [x, y, weights]), expected)


@pytest.mark.parametrize("backend", ALL)
def test_ranks_of_lists(backend):
    """With ties, infinities, zeros of both signs, NaN, strides, leading axes, and without entries."""
    x, weights = pt.ftensor3(), pt.ftensor3()
    function = pytensor.function([x, weights], [weighted_rank(x, weights, ties) for ties in TIES], mode=mode(backend))
    strided = np.repeat(LISTS[None], 2, axis=2)[..., ::2]
    with uncompiled(backend):
        found, empty = function(strided, WEIGHTS[None]), function(LISTS[None, :, :0], WEIGHTS[None, :, :0])
    for ties, ranks, nothing in zip(TIES, found, empty, strict=True):
        np.testing.assert_array_equal(ranks, ranked(LISTS, WEIGHTS, ties)[None], ties)
        assert nothing.shape == (1, 3, 0)
