"""Measures of clusters: edge cases against scikit-learn, and the numbers that the host computes."""

from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import PACKAGES, mode, parameter
from pytensor.compile.mode import Mode
from scipy.stats import hypergeom
from sklearn import metrics as sklearn

import objectives
from objectives import (
    adjusted_mutual_info_score,
    clustering_accuracy,
    homogeneity_score,
    mutual_info_score,
    normalized_mutual_info_score,
    rand_score,
    v_measure_score,
)
from objectives.ops.contingency import best_assignment, expected_mutual_information
from objectives.ops.labels import PredictedLabelError

SCORES = [
    *("rand_score", "adjusted_rand_score", "fowlkes_mallows_score", "mutual_info_score", "homogeneity_score"),
    *("completeness_score", "v_measure_score", "normalized_mutual_info_score", "adjusted_mutual_info_score"),
]
EDGES = {
    "nothing": ([], []),
    "one item": ([1], [2]),
    "one cluster and one class": ([1, 1, 1], [0, 0, 0]),
    "one cluster": ([1, 1, 1], [0, 1, 2]),
    "one class": ([0, 1, 2], [1, 1, 1]),
    "items alone": ([0, 1, 2], [2, 0, 1]),
    "alone in clusters": ([0, 1, 2, 3], [0, 0, 1, 1]),
    "the same": ([0, 0, 1, 1, 2], [3, 3, 0, 0, 1]),
    "independent": ([0, 0, 1, 1], [0, 1, 0, 1]),
    "worse than chance": ([0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 0]),
}
TABLE = np.array([[5.0, 1, 0], [2, 2, 3], [0, 4, 0], [1, 0, 6]])


@cache
def all_scores():
    predictions, targets = pt.lvectors("predictions", "targets")
    scores = [getattr(objectives, name)(predictions, targets, num_clusters=4) for name in SCORES]
    return pytensor.function([predictions, targets], scores)


@pytest.mark.parametrize("edge", EDGES)
def test_edge_cases_match_sklearn(edge):
    predictions, targets = (np.array(a, "int64") for a in EDGES[edge])
    for name, value in zip(SCORES, all_scores()(predictions, targets), strict=True):
        nothing = name == "mutual_info_score" and edge == "nothing"  # scikit-learn fails here
        expected = 0 if nothing else getattr(sklearn, name)(targets, predictions)
        np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-12, err_msg=name)


def test_majority_and_one_to_one_assignments():
    clusters, classes = [0, 0, 1, 1, 2, 2, 3], [0, 0, 0, 1, 0, 0, 1]
    options = {"num_clusters": 4, "num_classes": 2}
    np.testing.assert_allclose(clustering_accuracy(clusters, classes, **options).eval(), 6 / 7)
    np.testing.assert_allclose(clustering_accuracy(clusters, classes, method="one_to_one", **options).eval(), 3 / 7)
    options = {"num_clusters": 2, "num_classes": 4}
    np.testing.assert_allclose(clustering_accuracy(classes, clusters, **options).eval(), 3 / 7)
    weights = np.array([0, 0, 0, 1.0, 0, 0, 3])
    assert clustering_accuracy(classes, clusters, weights=weights, **options).eval() == 0.75


def test_one_cluster_has_exactly_no_information_for_any_weights():
    rng = np.random.default_rng(0)
    one, others, weights = np.full(50, 3), rng.integers(0, 12, 50), rng.uniform(size=50)
    options = {"num_clusters": 12, "weights": weights}
    assert homogeneity_score(others, one, **options).eval() == 1
    assert normalized_mutual_info_score(one, one, **options).eval() == 1
    assert normalized_mutual_info_score(one, others, average_method="min", **options).eval() == 0
    assert abs(v_measure_score(one, others, beta=0, **options).eval()) < 1e-15
    value = v_measure_score(others, one, beta=np.inf, **options).eval()
    assert value == objectives.completeness_score(others, one, **options).eval()


def test_errors():
    options = {"num_clusters": 3}
    with pytest.raises(TypeError, match=r"cluster indices, which are integers, not float64.*argmax"):
        rand_score(pt.matrix(), pt.lvector(), **options)
    with pytest.raises(TypeError, match="class indices must be integers"):
        rand_score(pt.lvector(), pt.vector(), **options)
    with pytest.raises(TypeError, match="rank mismatch"):
        rand_score(pt.lmatrix(), pt.lvector(), **options)
    for name in ("num_clusters", "num_classes"):
        with pytest.raises(ValueError, match=f"^{name} must be a whole number of at least 1, not 0$"):
            rand_score([0], [0], **(options | {name: 0}))
    with pytest.raises(ValueError, match="method must be 'majority' or 'one_to_one', not 'hungarian'"):
        clustering_accuracy([0], [0], method="hungarian", **options)
    with pytest.raises(ValueError, match="average_method must be one of 'arithmetic', 'geometric', 'min' or 'max'"):
        normalized_mutual_info_score([0], [0], average_method="mean", **options)
    with pytest.raises(ValueError, match="beta must be"):
        v_measure_score([0], [0], beta=-1, **options)
    with pytest.raises(
        PredictedLabelError, match=r"predicted class 3 at position 1 is outside \[0, 3\).*num_clusters - 1"
    ):
        mutual_info_score([0, 3], [0, 4], num_classes=5, **options).eval()


def test_clusters_of_one_item_each():
    """The expected information is then the maximum, too, and both differences are rounding."""
    predictions, targets = pt.lvectors(2)
    methods = ("arithmetic", "geometric", "min", "max")
    scores = [
        adjusted_mutual_info_score(predictions, targets, num_clusters=9, average_method=method) for method in methods
    ]
    function = pytensor.function([predictions, targets], scores)
    for n in range(1, 10):
        assert function(np.arange(n), np.roll(np.arange(n)[::-1], 1)) == [1] * 4


def test_expected_information_follows_the_hypergeometric_distribution():
    a, b, total = TABLE.sum(axis=1), TABLE.sum(axis=0), TABLE.sum()
    n = np.arange(1, total + 1)
    expected = sum(
        (n / total * np.log(n * total / (x * y)) * hypergeom.pmf(n, total, x, y)).sum() for x in a for y in b
    )
    np.testing.assert_allclose(expected_mutual_information.of(TABLE), expected, rtol=1e-12)


def test_expected_information_of_many_items():
    """No factorial overflows."""
    predictions, targets = np.random.default_rng(0).integers(0, 3, (2, 200_000))
    value = adjusted_mutual_info_score(predictions, targets, num_clusters=3).eval()
    np.testing.assert_allclose(value, sklearn.adjusted_mutual_info_score(targets, predictions), atol=1e-9)


@pytest.mark.parametrize("backend", [parameter(backend) for backend in PACKAGES])
@pytest.mark.parametrize("op", [best_assignment, expected_mutual_information])
def test_the_host_computes_it_on_every_backend(op, backend):
    table = pt.matrix(dtype="float32")
    chosen = mode(backend)
    if backend == "MLX":
        with pytest.raises(NotImplementedError, match=r"MLXLinker\(use_compile=False\)"):
            pytensor.function([table], op(table), mode=chosen)(TABLE.astype("float32"))
        from pytensor.link.mlx.linker import MLXLinker

        chosen = Mode(linker=MLXLinker(use_compile=False))
    function = pytensor.function([table], op(table) + 1, mode=chosen)
    value = np.asarray(function(TABLE.astype("float32")))
    assert value.dtype == "float32" and value.shape == ()
    np.testing.assert_allclose(value, op.of(TABLE) + 1, rtol=1e-6)
    assert np.isnan(np.asarray(function(np.full((2, 3), np.nan, "float32"))))
