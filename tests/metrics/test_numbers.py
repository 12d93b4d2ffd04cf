"""Edge cases of regression measures, computed by hand: constant targets, one item, large offsets, weights."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats
from sklearn import metrics as sklearn

from objectives import (
    compile_validation,
    concordance_correlation,
    d2_absolute_error_score,
    d2_brier_score,
    d2_log_loss_score,
    d2_tweedie_score,
    explained_variance,
    kendall_tau,
    max_error,
    median_absolute_deviation,
    median_absolute_error,
    median_percentage_error,
    minkowski_distance,
    normalized_root_mean_squared_error,
    peak_signal_noise_ratio,
    pearson_correlation,
    r2_score,
    relative_squared_error,
    root_mean_squared_error,
    spearman_correlation,
    weighted_mean_absolute_percentage_error,
)
from objectives.metrics._columns import comoments

inf, nan = np.inf, np.nan
CONSTANT = [0.1, 0.1, 0.1]


def test_constant_targets():
    """Recognized although 0.1 + 0.1 + 0.1 is not 0.3."""
    for score in (r2_score, explained_variance):
        assert score(CONSTANT, CONSTANT).eval() == 1
        assert score([0.1, 0.2, 0.3], CONSTANT).eval() == 0
        assert np.isnan(score(CONSTANT, CONSTANT, force_finite=False).eval())
        assert score([0.1, 0.2, 0.3], CONSTANT, force_finite=False).eval() == -inf
        assert np.isnan(score([0.1, nan, 0.3], CONSTANT).eval()), "NaN stays visible"
    assert explained_variance([1.1, 1.1, 1.1], CONSTANT).eval() == 1
    assert r2_score([1.1, 1.1, 1.1], CONSTANT).eval() == 0
    assert relative_squared_error([0.1, 0.2, 0.3], CONSTANT).eval() == inf
    assert d2_absolute_error_score(CONSTANT, CONSTANT).eval() == 1
    assert d2_tweedie_score([0.1, 0.2, 0.3], CONSTANT, power=1).eval() == -inf
    for correlation in (pearson_correlation, spearman_correlation, kendall_tau):
        assert np.isnan(correlation([1.0, 2.0, 3.0], CONSTANT).eval())


SCALE_FREE = {
    pearson_correlation: lambda p, t: stats.pearsonr(p, t)[0],
    concordance_correlation: lambda p, t: (
        2 * np.cov(p, t, ddof=0)[0, 1] / (p.var() + t.var() + (p.mean() - t.mean()) ** 2)
    ),
    r2_score: lambda p, t: sklearn.r2_score(t, p),
    explained_variance: lambda p, t: sklearn.explained_variance_score(t, p),
    relative_squared_error: lambda p, t: 1 - sklearn.r2_score(t, p),
    partial(d2_tweedie_score, power=0): lambda p, t: sklearn.d2_tweedie_score(t, p, power=0),
    **{
        partial(normalized_root_mean_squared_error, normalization=name): lambda p, t, size=size: (
            sklearn.root_mean_squared_error(t, p) / size(t)
        )
        for name, size in (("mean", np.mean), ("std", np.std), ("l2", np.linalg.norm), ("range", np.ptp))
    },
}


@pytest.mark.parametrize(
    ("dtype", "scales"), [("float64", [1.0, 1e160, 1e-160, 1e300, 1e-300]), ("float32", [1.0, 1e30, 1e-30])]
)
def test_the_unit_changes_no_score(dtype, scales):
    """Squares of such numbers overflow or underflow."""
    rng = np.random.default_rng(0)
    t = 3 + rng.normal(size=40)
    p = t + 0.5 * rng.normal(size=40)
    with pytensor.config.change_flags(floatX=dtype):
        inputs = [pt.vector(), pt.vector()]
        scores = {f"{i}": measure(*inputs) for i, measure in enumerate(SCALE_FREE)}
        scores["error"] = root_mean_squared_error(*inputs)
        together = pytensor.function(inputs, list(scores.values()))
        validation = compile_validation(inputs, scores)
    expected = [reference(p, t) for reference in SCALE_FREE.values()]
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    for scale in scales:
        arrays = [(scale * x).astype(dtype) for x in (p, t)]
        batches = [tuple(x[part] for x in arrays) for part in (slice(1), slice(1, 17), slice(17, 40))]
        for found in (together(*arrays), [*validation.validate(batches).values()]):
            np.testing.assert_allclose(found[:-1], expected, rtol=tolerance, err_msg=f"{scale}")
            np.testing.assert_allclose(found[-1] / scale, sklearn.root_mean_squared_error(t, p), rtol=tolerance)


def test_two_points_correlate_perfectly():
    """Even if rounding moves the mean of the targets to one of them."""
    p, t = [30.0, 30.100000381469727], [116.80000305175781, 116.8000030517578]
    np.testing.assert_allclose(pearson_correlation(p, t).eval(), -1, rtol=1e-12)
    error = np.subtract(p, t)
    deviation = (t[0] - t[1]) / 2
    np.testing.assert_allclose(r2_score(p, t).eval(), 1 - (error**2).sum() / (2 * deviation**2), rtol=1e-12)


@pytest.mark.parametrize("weights", [1.0, 0.1, None])
def test_deviations_in_the_last_digits(weights):
    """Of equal numbers they are 0; others are exact, although their mean is rounded to one of them."""
    rng = np.random.default_rng(1)
    x, y = 0.1 + np.spacing(0.1) * rng.integers(-1, 2, (60, 2)).T
    y[:2] = np.nextafter(1, 0), 1  # where the distance of numbers doubles
    y[2:] = 1
    w = rng.uniform(0.1, 3, 60) if weights is None else np.full(60, weights)
    found = comoments(*(pt.as_tensor(a)[:, None] for a in (x, y, w))).eval()[:, 0]
    p, t, u = ([Fraction(a) for a in array.tolist()] for array in (x, y, w))
    center_p, center_t = (sum(a * b for a, b in zip(u, z, strict=True)) / sum(u) for z in (p, t))
    products = [
        float(sum(a * (b - center_p) ** i * (c - center_t) ** (2 - i) for a, b, c in zip(u, p, t, strict=True)))
        for i in (2, 0, 1)
    ]
    norms = np.sqrt(products[:2])
    expected = [float(sum(u)), float(center_p), float(center_t), *norms, products[2] / norms.prod()]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    same = comoments(*(pt.as_tensor(a)[:, None] for a in (np.full(60, 0.1), y, w))).eval()[:, 0]
    assert same[1] == 0.1 and same[3] == same[5] == 0


def test_infinite_errors_stay_visible():
    p, t = pt.vector(), pt.vector()
    validation = compile_validation([p, t], {"error": root_mean_squared_error(p, t)})
    batches = [([1.0, inf], [1.0, 2.0]), ([1.0, 2.0], [3.0, 1.0]), ([inf, 1.0], [1.0, 1.0])]
    for part in (batches, batches[:2], batches[1:]):
        assert validation.validate([tuple(map(np.asarray, batch)) for batch in part])["error"] == inf


def test_one_item():
    for score in (r2_score, d2_absolute_error_score, d2_tweedie_score):
        assert np.isnan(score([1.0], [1.0]).eval()), "as in scikit-learn"
        assert np.isnan(score([1.0, 5.0], [1.0, 2.0], mask=[True, False]).eval())
    assert explained_variance([1.0], [1.0]).eval() == 1
    assert median_absolute_error([3.0], [1.0]).eval() == 2
    assert np.isnan(r2_score([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], num_regressors=2).eval()), "no degree of freedom is left"


def test_variance_weighted_columns_that_do_not_vary():
    p, t = [[1.0, 2.0], [1.0, 3.0]], [[1.0, 2.0], [1.0, 2.0]]
    assert r2_score(p, t, multioutput="variance_weighted").eval() == 0.5


@pytest.mark.parametrize(
    ("measure", "reference"),
    [
        (r2_score, lambda p, t: sklearn.r2_score(t, p)),
        (explained_variance, lambda p, t: sklearn.explained_variance_score(t, p)),
        (pearson_correlation, lambda p, t: stats.pearsonr(p, t).statistic),
        (concordance_correlation, None),
    ],
    ids=lambda x: getattr(x, "__name__", "reference"),
)
def test_a_large_mean_costs_no_digits(measure, reference):
    """Over batches; the reference gets the numbers without the offset, which changes no score."""
    rng = np.random.default_rng(0)
    targets = np.round(rng.normal(size=3000), 6)
    predictions = targets + np.round(rng.normal(size=3000), 6)
    p, t = pt.dvectors("pt")
    validation = compile_validation([p, t], {"measure": measure(p, t)})
    batches = list(zip(np.split(predictions + 1e6, 30), np.split(targets + 1e6, 30), strict=True))
    value = validation.validate(batches, progress=False)["measure"]
    expected = reference(predictions, targets) if reference else measure(predictions, targets).eval()
    np.testing.assert_allclose(value, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "measure", [spearman_correlation, kendall_tau, median_absolute_deviation, median_absolute_error, r2_score]
)
def test_a_weight_is_a_number_of_repetitions(measure):
    rng = np.random.default_rng(1)
    p, t, times = rng.integers(0, 6, 20) * 1.0, rng.integers(0, 6, 20) * 1.0, rng.integers(0, 4, 20)
    repeated = measure(np.repeat(p, times), np.repeat(t, times)).eval()
    np.testing.assert_allclose(measure(p, t, weights=times).eval(), repeated, rtol=1e-12)


def test_kendall_of_many_items():
    rng = np.random.default_rng(2)
    p, t = rng.normal(size=5000).round(2), rng.normal(size=5000).round(1)
    np.testing.assert_allclose(kendall_tau(p, t).eval(), stats.kendalltau(p, t).statistic, rtol=1e-10)


def test_weight_0_hides_nan_from_medians_and_ranks_only():
    p, t, w = [1.0, nan, 3.0, 2.0], [1.0, 2.0, 5.0, 3.0], [1.0, 0.0, 1.0, 1.0]
    assert median_absolute_error(p, t, weights=w).eval() == 1
    for correlation in (kendall_tau, spearman_correlation):
        np.testing.assert_allclose(correlation(p, t, weights=w).eval(), 1, rtol=1e-15)
    assert np.isnan(root_mean_squared_error(p, t, weights=w).eval())
    assert np.isnan(kendall_tau(p, t).eval()) and np.isnan(median_absolute_error(p, t).eval())


def test_percentages_of_targets_of_0():
    assert median_percentage_error([0.0, 3.0, 5.0], [0.0, 4.0, 4.0]).eval() == 0, "0 / 0 does not count"
    assert median_percentage_error([-1.0], [0.0]).eval() == inf
    assert median_percentage_error([-1.0], [-0.0]).eval() == inf, "zero has no sign"
    assert weighted_mean_absolute_percentage_error([1.0], [0.0]).eval() == inf


def test_distances():
    assert max_error([1.0, nan], [1.0, 2.0], mask=[True, False]).eval() == 0
    assert np.isnan(max_error([1.0, nan], [1.0, 2.0]).eval())
    assert minkowski_distance([3.0, 0.0], [0.0, 4.0], p=1).eval() == 7
    assert peak_signal_noise_ratio([1.0], [1.0], data_range=1).eval() == inf


def test_absent_classes():
    predictions, targets = [[0.5, 0.3, 0.2], [0.1, 0.7, 0.2], [0.3, 0.3, 0.4]], [0, 1, 1]
    for score, reference in (
        (d2_log_loss_score, sklearn.d2_log_loss_score),
        (d2_brier_score, sklearn.d2_brier_score),
    ):
        expected = reference(targets, predictions, labels=range(3))
        np.testing.assert_allclose(score(predictions, targets).eval(), expected, rtol=1e-12)


def test_misuse():
    with pytest.raises(TypeError, match="must be vectors"):
        r2_score(pt.tensor3(), pt.tensor3())
    with pytest.raises(TypeError, match="must be vectors"):
        r2_score(pt.vector(), pt.matrix())
    with pytest.raises(ValueError, match="multioutput must be 'uniform_average' or 'raw_values', not"):
        root_mean_squared_error([1.0], [1.0], multioutput="variance_weighted")
    with pytest.raises(ValueError, match="finite number of at least 1"):
        minkowski_distance([1.0], [1.0], p=0.5)
    with pytest.raises(ValueError, match="num_regressors must be a whole number"):
        r2_score([1.0], [1.0], num_regressors=-1)
    with pytest.raises(ValueError, match="data_range must be positive"):
        peak_signal_noise_ratio([1.0], [1.0], data_range=0)
    with pytest.raises(TypeError, match="data_range"):
        peak_signal_noise_ratio([1.0], [1.0])


@pytest.mark.parametrize("score", [d2_brier_score, d2_log_loss_score])
def test_vectors_of_probabilities_are_refused(score):
    """They would be the probabilities of a single item."""
    with pytest.raises(TypeError, match=r"predictions \(3,\) must be rows .* stack \[1 - p, p\]"):
        score([0.1, 0.8, 0.9], [0, 1, 1])
