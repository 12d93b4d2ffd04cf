"""Accumulated statistics, counts of classes and the best class, on every backend."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, CANNOT_RAISE, mode, parameter

from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import best_class
from objectives.ops.statistics import FEW, Pending, Rule, accumulated, check_lengths

# JAX and MLX keep states in arrays of their own; for all others NumPy accumulates them.
KEEPERS = ["FAST_COMPILE", parameter("JAX"), parameter("MLX")]
RULES = [Rule.SUM, Rule.MAXIMUM, Rule.MOMENTS, Rule.COMOMENTS]


def moments_of(x, y=None):
    """Count, mean and norm of deviations of the columns of x; with y, of pairs, and the cosine between those."""
    n, dx = np.full(x.shape[1:], float(len(x))), x - x.mean(axis=0)
    if y is None:
        return np.stack([n, x.mean(axis=0), np.linalg.norm(dx, axis=0)])
    dy = y - y.mean(axis=0)
    norms = np.linalg.norm(dx, axis=0), np.linalg.norm(dy, axis=0)
    cosine = (dx * dy).sum(axis=0) / np.where(norms[0] * norms[1] == 0, 1, norms[0] * norms[1])
    return np.stack([n, x.mean(axis=0), y.mean(axis=0), *norms, cosine])


def statistics_of(x, y):
    return [x.sum(axis=0), x.max(axis=0), moments_of(x), moments_of(x, y)]


@pytest.mark.parametrize("backend", KEEPERS)
def test_accumulating_batches_gives_the_statistics_of_all(backend):
    dtype = "float32" if backend == "MLX" else "float64"
    rng = np.random.default_rng(0)
    x, y = (3 + rng.normal(size=(2, 60, 3))).astype(dtype)
    parts = np.split(np.arange(60), [1, 5, 40])
    statistics = [pt.tensor(dtype=dtype, shape=(None,) * s.ndim) for s in statistics_of(x, y)]
    states = [pt.tensor(dtype=dtype, shape=(None,) * 2) for _ in RULES]
    after = [accumulated(*both, rule) for *both, rule in zip(states, statistics, RULES, strict=True)]
    add = pytensor.function([*states, *statistics], after, mode=mode(backend))
    found = [rule.empty(s, dtype) for rule, s in zip(RULES, statistics, strict=True)]
    for part in parts:
        given = [np.asarray(s, dtype) for s in statistics_of(x[part], y[part])]
        found = [np.asarray(state) for state in add(*found, *given)]
    total, greatest, moments, comoments = found
    expected = statistics_of(x.astype("float64"), y.astype("float64"))
    tolerance = {"rtol": 1e-4 if dtype == "float32" else 1e-12}
    np.testing.assert_allclose(total[0], expected[0], **tolerance)
    np.testing.assert_array_equal(greatest[0], expected[1])
    np.testing.assert_allclose(moments, expected[2], **tolerance)
    np.testing.assert_allclose(comoments, expected[3], **tolerance)


@pytest.mark.parametrize("backend", KEEPERS)
def test_sums_keep_what_rounding_takes(backend):
    """No compiler may simplify the compensation away."""
    dtype = "float32" if backend == "MLX" else "float64"
    state, statistic = pt.vector("state", dtype=dtype), pt.scalar("statistic", dtype=dtype)
    add = pytensor.function([state, statistic], accumulated(state, statistic, Rule.SUM), mode=mode(backend))
    great = {"float32": 2.0**30, "float64": 2.0**60}[dtype]

    def total(numbers):
        found = np.zeros(2, dtype)
        for number in numbers:
            found = np.asarray(add(found, np.asarray(number, dtype)))
        return found

    assert total([1, great, 1, -great]).sum() == 2
    whole = total([great, *[1] * 100])
    assert int(whole[0]) + int(whole[1]) == int(great) + 100, "whole numbers stay exact"
    assert total([1, np.inf, 1])[0] == np.inf and total([1, np.inf, 1])[1] == 0
    assert np.isnan(total([1, np.nan]).sum()) and np.isnan(total([np.inf, -np.inf]).sum())


@pytest.mark.parametrize("shape", [(), (2,)])
def test_counts_in_float32_go_on_beyond_its_whole_numbers(shape):
    state = np.zeros((2, *shape), "float32")
    state[0] = 2**24
    for _ in range(100):
        state = Rule.SUM.accumulated(state, np.ones(shape, "float32"))
    assert state.dtype == "float32"
    np.testing.assert_array_equal(state.astype("float64").sum(axis=0), 2**24 + 100)


def test_sums_that_a_batch_hardly_changes():
    """They are added later, with the same result to the last bit, and leave the states before them as they were."""
    rng, shape = np.random.default_rng(1), (150, 200)
    states, dense = [np.zeros((2, *shape))], np.zeros((2, *shape))
    for batch in range(FEW + 2):
        statistic = np.zeros(shape)
        statistic.flat[rng.integers(0, 20, 10)] = 10.0 ** rng.integers(-20, 20, 10)
        statistic[9, batch] = [1, -1, np.inf, np.nan][batch % 4]
        statistic[9, 199] = 2.0**53 if batch == 0 else 1
        states.append(Rule.SUM.accumulated(states[-1], statistic))
        with np.errstate(invalid="ignore"):
            dense = np.stack(Rule.SUM.merge(np.where, dense, (statistic, 0)))
    assert all(isinstance(state, Pending) and state.shape == dense.shape for state in states[1:])
    np.testing.assert_array_equal(states[-1], dense)
    assert int(dense[0, 9, 199]) + int(dense[1, 9, 199]) == 2**53 + FEW + 1
    assert np.asarray(states[1])[0, 9, 199] == 2**53 and not states[0].any()
    of_op = accumulated(pt.constant(states[0]), pt.constant(np.diag(np.ones(200))[:150]), Rule.SUM).eval()
    assert isinstance(of_op, np.ndarray) and of_op[0].sum() == 150
    whole = Rule.SUM.accumulated(states[-1], np.ones(shape))
    assert isinstance(whole, np.ndarray) and whole[:, 100, 100].sum() == 1


@pytest.mark.parametrize("backend", KEEPERS)
def test_maximum_keeps_nan(backend):
    state, statistic = pt.tensor(shape=(1, None), dtype="float32"), pt.fvector("statistic")
    add = pytensor.function([state, statistic], accumulated(state, statistic, Rule.MAXIMUM), mode=mode(backend))
    found = np.full((1, 4), -np.inf, "float32")
    for batch in ([1, np.nan, -np.inf, 3], [2, 5, -np.inf, np.nan], [0, 9, -np.inf, 9]):
        found = np.asarray(add(found, np.asarray(batch, "float32")))
    np.testing.assert_array_equal(found, [[2, np.nan, -np.inf, np.nan]])


def test_check_lengths():
    check_lengths((1, 3), (4, 3))
    with pytest.raises(ValueError, match=r"\(4,\), that of the batches before it \(3,\)"):
        check_lengths((3,), (4,))


@pytest.mark.parametrize("backend", ALL)
def test_counts_and_best_class(backend):
    rows, columns = pt.lvectors("rows", "columns")
    weights, scores = pt.fvector("weights"), pt.ftensor3("scores")
    count = pytensor.function(
        [rows, columns, weights],
        confusion_counts(rows, columns, weights, num_rows=2, num_columns=3),
        mode=mode(backend),
    )
    np.testing.assert_array_equal(
        count([0, 1, 1, 1], [2, 0, 0, 1], np.asarray([1, 0.5, 2, 0], "float32")), [[0, 0, 1], [2.5, 0, 0]]
    )
    none = np.zeros(0, "int64")
    np.testing.assert_array_equal(count(none, none, np.zeros(0, "float32")), np.zeros((2, 3)))
    for bad_row, bad_column, message in (
        (2, 0, "class label 2 at position 1"),
        (-1, 0, "-1"),
        (0, 3, "predicted class 3"),
    ):
        given = [0, bad_row], [0, bad_column], np.ones(2, "float32")
        if backend in CANNOT_RAISE:
            assert np.isnan(count(*given)).all()
        else:
            with pytest.raises(IndexError, match=message):
                count(*given)
    best = pytensor.function([scores], best_class(scores), mode=mode(backend))
    given = [[[1, 3, 3], [-np.inf] * 3], [[0, 0, 0], [5, np.nan, 9]], [[np.inf, 1, np.inf], [-3, -2, -1]]]
    np.testing.assert_array_equal(best(np.asarray(given, "float32")), [[1, 0], [0, -1], [0, 2]])
