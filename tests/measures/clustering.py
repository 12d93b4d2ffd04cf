"""Rows for measures of clusters."""

import numpy as np
from cases.case import CLASSES, labels
from scipy.optimize import linear_sum_assignment
from scipy.stats import entropy
from sklearn import metrics as sklearn

import objectives
from measures.measure import Measure, by_sklearn

CLUSTERS = 7


def clusters(rng, shape):
    return rng.integers(0, CLUSTERS, size=shape[:-1])


def table(predictions, targets, weights=None):
    side = np.arange(max(CLASSES, CLUSTERS))
    return sklearn.confusion_matrix(targets, predictions, labels=side, sample_weight=weights)[:CLASSES, :CLUSTERS]


def purity(*arrays):
    counts = table(*arrays)
    return counts.max(axis=0).sum() / counts.sum()


def matched(*arrays):
    counts = table(*arrays)
    return counts[linear_sum_assignment(-counts)].sum() / counts.sum()


def information(*arrays):
    """Mutual information and both entropies, with or without weights."""
    counts = table(*arrays)
    of_classes, of_clusters = entropy(counts.sum(axis=1)), entropy(counts.sum(axis=0))
    return of_classes + of_clusters - entropy(counts, axis=None), of_classes, of_clusters


def with_weights(function, of_information, **options):
    """A reference: scikit-learn without weights, which it does not take for clusters, and SciPy's entropies with."""

    def reference(predictions, targets, weights=None):
        if weights is None:
            return function(targets, predictions, **options)
        return of_information(*information(predictions, targets, weights))

    return reference


def row(name, reference, *, empty=1, weighted=False, **options):
    arguments = options | {"num_clusters": CLUSTERS, "num_classes": CLASSES}
    function = getattr(objectives, name)
    return Measure(function, clusters, labels, reference, arguments, empty=empty, weighted=weighted)


def v_measure(beta):
    return lambda i, h, k: (1 + beta) * i / h * i / k / (beta * i / h + i / k)


MEANS = {"arithmetic": lambda a, b: (a + b) / 2, "geometric": lambda a, b: np.sqrt(a * b), "min": min, "max": max}

MEASURES = [
    row("clustering_accuracy", purity, empty=np.nan, weighted=True),
    row("clustering_accuracy", matched, empty=np.nan, weighted=True, method="one_to_one"),
    row("rand_score", by_sklearn(sklearn.rand_score)),
    row("adjusted_rand_score", by_sklearn(sklearn.adjusted_rand_score)),
    row("fowlkes_mallows_score", by_sklearn(sklearn.fowlkes_mallows_score), empty=0),
    Measure(
        objectives.pair_confusion_matrix,
        clusters,
        labels,
        by_sklearn(sklearn.cluster.pair_confusion_matrix),
        {"num_clusters": CLUSTERS, "num_classes": CLASSES},
        result=(2, 2),
        empty=0,
        weighted=False,
    ),
    row("mutual_info_score", with_weights(sklearn.mutual_info_score, lambda i, h, k: i), empty=0, weighted=True),
    row("homogeneity_score", with_weights(sklearn.homogeneity_score, lambda i, h, k: i / h), weighted=True),
    row("completeness_score", with_weights(sklearn.completeness_score, lambda i, h, k: i / k), weighted=True),
    *(
        row(
            "v_measure_score",
            with_weights(sklearn.v_measure_score, v_measure(beta), beta=beta),
            weighted=True,
            beta=beta,
        )
        for beta in (1.0, 0.3)
    ),
    *(
        row(
            "normalized_mutual_info_score",
            with_weights(
                sklearn.normalized_mutual_info_score, lambda i, h, k, m=mean: i / m(h, k), average_method=average_method
            ),
            weighted=True,
            average_method=average_method,
        )
        for average_method, mean in MEANS.items()
    ),
    *(
        row(
            "adjusted_mutual_info_score",
            by_sklearn(sklearn.adjusted_mutual_info_score, average_method=average_method),
            average_method=average_method,
        )
        for average_method in MEANS
    ),
]
