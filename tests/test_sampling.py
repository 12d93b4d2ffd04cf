"""Candidate samplers: their distribution against draws one by one, expected counts, state, and what is refused."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import mode, parameter

from objectives import log_uniform_candidates, uniform_candidates, unigram_candidates

V, S, TIMES = 6, 3, 3000
FREQUENCIES = np.array([9.0, 1.0, 4.0, 2.0, 2.0, 6.0])
SAMPLERS = {
    "log-uniform": (log_uniform_candidates, {"num_classes": V}, np.log((np.arange(V) + 2) / (np.arange(V) + 1))),
    "uniform": (uniform_candidates, {"num_classes": V}, np.ones(V)),
    "unigram": (unigram_candidates, {"frequencies": FREQUENCIES, "power": 0.75}, FREQUENCIES**0.75),
}
each_sampler = pytest.mark.parametrize("name", SAMPLERS)


def compiled(name, *, num_samples=S, backend="FAST_COMPILE", **options):
    """A function that draws, with the counts of all classes as targets; and the probabilities."""
    sampler, given, weights = SAMPLERS[name]
    rng = pytensor.shared(np.random.default_rng(3))
    drawn = sampler(np.arange(V), num_samples=num_samples, rng=rng, **given, **options)
    compute = pytensor.function([], list(drawn[:3]), updates={rng: drawn.next_rng}, mode=mode(backend))
    return compute, weights / weights.sum()


@each_sampler
def test_unique_samples_are_those_of_draws_one_by_one(name):
    """Which classes, in which order, and the number of draws that the counts were made with."""
    compute, p = compiled(name)
    first, inside, tries = np.zeros(V), np.zeros(V), []
    for _ in range(TIMES):
        samples, counts, of_samples = compute()
        assert len(set(samples)) == S
        np.testing.assert_array_equal(of_samples, counts[samples])
        tries.append(np.log1p(-counts) / np.log1p(-p))
        np.testing.assert_allclose(tries[-1], round(tries[-1][0]), rtol=1e-6)
        first[samples[0]] += 1
        inside[samples] += 1

    rng, expected = np.random.default_rng(4), {"first": np.zeros(V), "inside": np.zeros(V), "tries": []}
    for _ in range(TIMES):
        found, n = [], 0
        while len(found) < S:
            k, n = rng.choice(V, p=p), n + 1
            found += [k] * (k not in found)
        expected["first"][found[0]] += 1
        expected["inside"][found] += 1
        expected["tries"].append(n)
    error = 4 * np.sqrt(0.5 / TIMES)
    np.testing.assert_allclose(first / TIMES, expected["first"] / TIMES, atol=error)
    np.testing.assert_allclose(inside / TIMES, expected["inside"] / TIMES, atol=error)
    spread = np.std(expected["tries"])
    np.testing.assert_allclose(np.mean(tries), np.mean(expected["tries"]), atol=4 * spread * np.sqrt(2 / TIMES))
    np.testing.assert_allclose(np.std([t[0] for t in tries]), spread, rtol=0.15)


@each_sampler
def test_samples_with_replacement(name):
    compute, p = compiled(name, num_samples=5000, unique=False)
    samples, counts, of_samples = compute()
    np.testing.assert_allclose(counts, 5000 * p, rtol=1e-6)
    np.testing.assert_array_equal(of_samples, counts[samples])
    np.testing.assert_allclose(np.bincount(samples, minlength=V) / 5000, p, atol=4 * np.sqrt(0.25 / 5000))


@each_sampler
def test_all_classes(name):
    compute, _ = compiled(name, num_samples=V)
    samples, counts, _ = compute()
    assert sorted(samples) == [*range(V)] and (counts > 0).all() and (counts <= 1).all()


@each_sampler
def test_each_call_draws_anew(name):
    compute, _ = compiled(name)
    assert len({tuple(compute()[0]) for _ in range(20)}) > 5


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("backend", [parameter("NUMBA"), parameter("JAX")])
@pytest.mark.filterwarnings("ignore:The RandomType SharedVariables")
def test_backends(backend, unique):
    """Unigrams, whose probabilities are computed by the backend as well."""
    compute, _ = compiled("unigram", backend=backend, unique=unique)
    drawn = [[np.asarray(x) for x in compute()] for _ in range(5)]
    assert all(len(samples) == S and set(samples) <= {*range(V)} for samples, _, _ in drawn)
    assert all(np.isfinite(counts).all() and (counts > 0).all() for _, *both in drawn for counts in both)
    assert len({tuple(samples) for samples, _, _ in drawn}) > 1


def test_labels_that_are_masked_may_be_anything():
    for sampler, given, _ in SAMPLERS.values():
        rng = pytensor.shared(np.random.default_rng(3))
        drawn = sampler([-100, 2, 100], num_samples=S, rng=rng, **given)
        assert drawn.target_counts.eval().shape == (3,)


RNG = pytensor.shared(np.random.default_rng(1))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_samples": 7}, ValueError, "at most the number of classes 6, not 7, .* unique=False"),
        ({"num_samples": 0}, ValueError, "num_samples must be a whole number of at least 1"),
        ({"num_classes": 2.5}, ValueError, "num_classes must be a whole number of at least 1"),
        ({"rng": np.random.default_rng(1)}, TypeError, r"rng must be a variable, such as pt\.random\.shared_rng"),
        ({"targets": [0.5]}, TypeError, "class indices must be integers"),
    ],
)
def test_refused(options, error, message):
    given = {"targets": [0], "num_classes": V, "num_samples": S, "rng": RNG} | options
    for sampler in (log_uniform_candidates, uniform_candidates):
        with pytest.raises(error, match=message):
            sampler(given["targets"], **{name: x for name, x in given.items() if name != "targets"})


def test_refused_frequencies():
    with pytest.raises(TypeError, match="frequencies must be a vector"):
        unigram_candidates([0], frequencies=np.ones((2, 2)), num_samples=1, rng=RNG)
    with pytest.raises(ValueError, match="power must be at least 0"):
        unigram_candidates([0], frequencies=[1, 2], power=-1, num_samples=1, rng=RNG)


def test_frequencies_must_be_positive():
    rng = pytensor.shared(np.random.default_rng(1))
    for bad in ([5, -3, 1, 2], [5, 3, 0, 0]):
        with pytest.raises(ValueError, match=r"frequencies must be positive, not .*: add 1 to counts"):
            unigram_candidates([0, 3], frequencies=bad, num_samples=2, rng=rng)
    symbolic = unigram_candidates([0, 1], frequencies=pt.constant([5.0, 1.0]) - pt.vector("f"), num_samples=1, rng=rng)
    assert np.isnan(symbolic.target_counts.eval({"f": [0.0, 1.0]})).all()
