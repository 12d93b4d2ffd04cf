"""What is added up within one batch with floatX=float32, at the sizes where float32, int32 and float64 end."""

from contextlib import contextmanager

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.stats
from backends import ALL, mode, parameter, uncompiled
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix
from sklearn.metrics import roc_auc_score as sklearn_roc_auc_score

from objectives import (
    absolute_error,
    aggregate,
    binary_calibration_error,
    binary_confusion_matrix,
    compile_validation,
    confusion_matrix,
    kendall_tau,
    median_error,
    r2_score,
    roc_auc_score,
)
from objectives.ops.confusion import confusion_counts
from objectives.ops.sorting import pair_order, weighted_quantile, weighted_rank
from objectives.ops.statistics import Rule

NUMBA, *OTHERS = ALL
TIERS = [NUMBA, *(parameter(p.values[0], marks=[pytest.mark.backends]) for p in OTHERS)]
NARROW = ("JAX", "MLX")  # no float64 with floatX=float32
MANY = 2**20


@contextmanager
def floats32(backend):
    """As PyTensor is with floatX=float32, which switches JAX's float64 off."""
    with pytensor.config.change_flags(floatX="float32", gcc__cxxflags="-O0"), uncompiled(backend):
        if backend != "JAX":
            yield
            return
        import jax

        jax.config.update("jax_enable_x64", False)
        try:
            yield
        finally:
            jax.config.update("jax_enable_x64", True)


def call(backend, expression, *arrays):
    """The values of an expression of arrays, of which PyTensor sees the types alone."""
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
    with floats32(backend):
        outputs = expression(*inputs)
        values = pytensor.function(inputs, outputs, mode=mode(backend))(*arrays)
    return [np.asarray(value) for value in values]


@pytest.mark.parametrize("backend", TIERS)
def test_equal_weights_that_float32_rounds(backend):
    """One by one, float32 adds 2^20 numbers of 0.1 up to 0.4 % too much."""
    rng = np.random.default_rng(0)
    p, labels = rng.uniform(0.9, 1, MANY).astype("float32"), rng.integers(0, 2, MANY)
    w = np.full(MANY, 0.1, "float32")

    def measures(p, labels, w):
        return [
            confusion_matrix(labels, labels, num_classes=2, weights=w),
            binary_confusion_matrix(p, labels, weights=w, threshold=0.95),
            binary_calibration_error(p, labels, weights=w),
            roc_auc_score(p, labels, weights=w),
            aggregate(absolute_error(p, 0.0), w, mode="sum"),
            weighted_quantile(p[:, None], w[:, None], 0.5)[0],
        ]

    counts, binary, error, area, total, median = call(backend, measures, p, labels, w)
    weight, wide = float(w[0]), p.astype("float64")
    tight = {"rtol": 1e-5}
    np.testing.assert_allclose(counts, np.diag(weight * np.bincount(labels)), **tight)
    np.testing.assert_allclose(binary, weight * sklearn_confusion_matrix(labels, p >= np.float32(0.95)), **tight)
    np.testing.assert_allclose(error, wide.mean() - labels.mean(), rtol=1e-4)  # all are in the last of ten bins
    np.testing.assert_allclose(area, sklearn_roc_auc_score(labels, p), **tight)
    np.testing.assert_allclose(total, weight * wide.sum(), **tight)
    np.testing.assert_allclose(median, np.median(wide), rtol=1e-7 if backend not in NARROW else 1e-6)


@pytest.mark.parametrize("backend", TIERS)
def test_counts_of_one_batch_go_on_beyond_2_24(backend):
    n = 2**24 + 2**20 + 1
    labels = np.zeros(n, "int64")

    def counts(labels, w):
        return [confusion_counts(labels, labels, w, num_rows=1, num_columns=2)]

    (found,) = call(backend, counts, labels, np.ones(n, "float32"))
    assert found.dtype == ("float32" if backend in NARROW else "float64")
    np.testing.assert_array_equal(found, np.asarray([[n, 0]], found.dtype))


@pytest.mark.parametrize("backend", [p for p in TIERS if p.values[0] != "MLX"])  # which compares all pairs
@pytest.mark.parametrize("n", [46342, 70000])
def test_pairs_and_ranks_of_many_items(backend, n):
    """The square of 46342 is the first that 32 bits do not hold."""
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, n, n).astype("float32"), rng.integers(0, 50, n).astype("float32")
    w = np.full(n, 0.1, "float32")

    def orders(x, y, w):
        return [pair_order(x, y, w), pair_order(x, x, w), weighted_rank(x, w)]

    pairs, same, ranks = call(backend, orders, x, y, w)
    tau = scipy.stats.kendalltau(x, y).statistic
    np.testing.assert_allclose(pairs[0] / np.sqrt(pairs[1]) / np.sqrt(pairs[2]), tau, atol=1e-6)
    np.testing.assert_allclose(same[0] / same[1], 1, rtol=2e-6)
    weight = float(w[0])
    np.testing.assert_allclose(ranks, weight * (scipy.stats.rankdata(x) - 0.5), rtol=1e-5)
    if backend not in NARROW:
        whole = np.unique(x, return_counts=True)[1]
        np.testing.assert_allclose(same[1], weight**2 * (n**2 - (whole**2).sum()) / 2, rtol=1e-7)


@pytest.mark.needs("jax")
def test_pairs_of_many_items_on_jax_with_float64():
    """Its ranks have 32 bits there, too."""
    x, y, w = pt.vectors("x", "y", "w")
    given = np.random.default_rng(1).permutation(70000).astype(x.dtype)
    same, *_ = pytensor.function([x, y, w], pair_order(x, y, w), mode="JAX")(given, given, np.ones(70000, w.dtype))
    assert same == 70000 * 69999 / 2


@pytest.mark.exhaustive
def test_medians_of_more_items_than_float32_counts():
    """2^24 items of weight 1 are followed by as many more: the median is no quartile."""
    x = np.arange(2**25 - 1, dtype="float32")
    (median,) = call("FAST_COMPILE", lambda x: [median_error(x, 0 * x)], x)
    assert median == 2**24 - 1


def one_batch(measures, inputs, batches):
    with floats32("FAST_COMPILE"):
        validation = compile_validation(inputs, measures())
        for batch in batches:
            validation.update(batch)
    return validation


def test_counts_of_batches_are_exact_beyond_2_24():
    labels, w = pt.lvector("labels"), pt.fvector("w")
    validation = one_batch(
        lambda: {"counts": confusion_matrix(labels, labels, num_classes=1, weights=w)},
        [labels, w],
        [(np.zeros(4, "int64"), np.array([2**24, 1, 1, 1], "float32"))] * 3,
    )
    (state,) = (value for name, value in validation.state.items() if name != "batches")
    assert state.dtype == "float64" and state.sum() == 3 * (2**24 + 3)
    assert validation.result()["counts"].dtype == "float32"


def test_moments_go_on_counting_beyond_2_24():
    p, t, w = pt.fvectors("p", "t", "w")
    far = np.array([0, 1], "float32"), np.array([0, 1], "float32"), np.full(2, 2.0**24, "float32")
    one = np.ones(1, "float32")
    validation = one_batch(lambda: {"r2": r2_score(p, t, weights=w)}, [p, t, w], [far, *[(one, one, one)] * 100])
    counts = [value[0] for value in validation.state.values() if value.ndim and len(value) == 3]
    assert counts and all(count == 2**25 + 100 for count in counts)


def test_states_of_float64_go_on_where_there_is_none():
    """And the other way round, without loss of what one float32 cannot hold."""
    exact = np.array([2.0**24 + 1, 0])
    narrow = Rule.SUM.merged(np.zeros(2, "float32"), exact)
    assert narrow.dtype == "float32" and Rule.SUM.settled(narrow, "float64") == 2**24 + 1
    wide = Rule.SUM.merged(np.zeros(2), narrow)
    assert Rule.SUM.settled(wide, "float64") == 2**24 + 1
    infinite = Rule.SUM.merged(np.zeros(2, "float32"), np.array([np.inf, 0]))
    assert Rule.SUM.settled(infinite, "float64") == np.inf


def test_kendall_of_pairs_that_float32_cannot_count():
    n = 2**17
    x = np.random.default_rng(2).permutation(n).astype("float32")
    (tau,) = call("FAST_COMPILE", lambda x: [kendall_tau(x, x)], x)
    np.testing.assert_allclose(tau, 1, rtol=1e-7)
