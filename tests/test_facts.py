"""What `objectives.facts` claims is true, and what it denies is false."""

from functools import cache
from inspect import signature

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES, ITEMS
from cases.case import covers

import objectives
from objectives import losses, metrics

PUBLIC = sorted({name for package in (losses, metrics) for name in dir(package) if name in objectives.names()})
LOSSES = [case for case in CASES if case.differentiable]
STEPS = 80
each_loss = pytest.mark.parametrize("case", LOSSES, ids=lambda case: case.id)


@cache
def compiled(case, extra_dimensions=0):
    """The losses, and the gradient of their sum by the predictions."""
    arrays = case.draw("float64")
    inputs = [pt.tensor(shape=(None,) * (a.ndim + extra_dimensions), dtype=a.dtype.name) for a in arrays]
    loss = case.apply(inputs)
    outputs = [loss, pytensor.grad(loss.sum(), inputs[0])]
    return pytensor.function(inputs, outputs, on_unused_input="ignore")


def summed(case, gradient):
    """Over what belongs to one number of the result."""
    axes = {"element": (), "item": tuple(range(len(case.mask_shape()), gradient.ndim)), "set": None}
    return gradient.sum(axis=axes[case.facts.per])


def test_every_loss_and_measure_has_facts():
    functions = {name for package in (losses, metrics) for name in dir(package) if callable(getattr(package, name))}
    assert set(objectives.names()) == functions - {"ctc_forward_variables", "adaptive_log_softmax"}  # neither is a loss
    assert all(objectives.get(name) is getattr(objectives, name) for name in objectives.names())


@pytest.mark.parametrize("name", objectives.names())
def test_arguments(name):
    facts = objectives.facts(name)
    parameters = signature(facts.function).parameters.values()
    assert facts.arguments.keys() <= {p.name for p in parameters}
    data = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY and p.default is p.empty]
    assert set(data) - {"max_function"} <= facts.arguments.keys(), "the range of each argument that holds data"
    assert facts.reference and facts.name == name
    assert facts.differentiable == (facts.minimizer is not None), "losses say where they are least, measures do not"


def test_unknown_names():
    with pytest.raises(ValueError, match=r"no loss or measure named 'hubber'.*Did you mean 'huber_loss'.*names\(\)"):
        objectives.get("hubber")
    with pytest.raises(ValueError, match="no loss or measure named None"):
        objectives.facts(None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rows_are_drawn_from_the_ranges(case):
    names = [*signature(case.function).parameters][:2] + list(case.extras)
    for name, array in zip(names, case.draw("float64"), strict=True):
        if name in case.facts.arguments:
            known = case.facts.arguments[name]
            assert array.min() >= known.low and array.max() <= known.high, name


def test_every_fact_is_tried():
    """A claim in each row of the function, a denial in one at least."""
    of = {name: [case for case in LOSSES if case.function.__name__ == name] for name in objectives.names()}
    for name, cases in of.items():
        facts = objectives.facts(name)
        if cases and not facts.symmetric and any(case.predictions is case.targets for case in cases):
            assert not all(is_symmetric(case) for case in cases if case.predictions is case.targets), name
        if cases and not facts.convex:
            assert not all(is_convex(case) for case in cases), name
        if cases and not facts.smooth:
            assert not all(is_smooth(case) for case in cases), name


@cache
def is_symmetric(case):
    predictions, targets, *extras = case.draw("float64")
    exchanged = compiled(case)(targets, predictions, *extras)[0]
    return np.allclose(exchanged, compiled(case)(predictions, targets, *extras)[0], rtol=1e-12, atol=0)


@pytest.mark.parametrize("case", [case for case in LOSSES if case.facts.symmetric], ids=lambda case: case.id)
def test_symmetry(case):
    assert case.predictions is not case.targets or is_symmetric(case)


def evaluate(case, predictions, others):
    """Losses and gradients at many predictions (K, ...), at once where items do not meet."""
    rows = np.ones(case.mask_shape(), bool)
    if case.leading_dimensions and not case.coupled and all(covers(rows, a) for a in others):
        given = [np.broadcast_to(a, (len(predictions), *a.shape)).copy() for a in others]
        return compiled(case, 1)(predictions, *given)
    return [np.array(result) for result in zip(*(compiled(case)(p, *others) for p in predictions), strict=True)]


def lines(case, number):
    """Segments between predictions, and the targets and extras for them."""
    for seed in range(number):
        (start, *others), (end, *_) = case.draw("float64", seed=seed), case.draw("float64", seed=1000 + seed)
        yield start, end, others


@cache
def is_convex(case):
    """Whether the loss half way between two predictions is no more than its mean at them, wherever they are."""
    for start, end, others in lines(case, 40):
        first, half, last = evaluate(case, np.stack([start, (start + end) / 2, end]), others)[0]
        if np.max(half - (first + last) / 2) > 1e-9:
            return False
    return True


@pytest.mark.parametrize("case", [case for case in LOSSES if case.facts.convex], ids=lambda case: case.id)
def test_convexity(case):
    assert is_convex(case)


@cache
def is_smooth(case):
    """Along a line the gradient jumps at a kink, however small the steps; without kinks half the steps halve it."""
    jumps = np.zeros(2)
    for start, end, others in lines(case, 3):
        for refined in range(2):
            steps = np.linspace(0, 1, STEPS * 2**refined + 1)
            path = start + steps.reshape(-1, *[1] * start.ndim) * (end - start)
            gradients = evaluate(case, path, others)[1] * (end - start)
            slopes = np.stack([summed(case, gradient) for gradient in gradients])
            jumps[refined] = max(jumps[refined], np.abs(np.diff(slopes, axis=0)).max())
    return jumps[1] < 0.75 * jumps[0] or jumps[0] < 1e-12


@pytest.mark.parametrize("case", [case for case in LOSSES if case.facts.smooth], ids=lambda case: case.id)
def test_smoothness(case):
    assert is_smooth(case)


ELICITED = {
    "mean": np.mean,
    "median": np.median,
    "probability": np.mean,
    "log odds": lambda t: np.log(t.mean() / (1 - t.mean())),
    "log mean": lambda t: np.log(t.mean()),
}


@pytest.mark.parametrize(
    "case",
    [case for case in LOSSES if case.facts.minimizer in ELICITED and not (case.options or case.itemwise)],
    ids=lambda case: case.id,
)
def test_minimizer_over_many_targets(case):
    """The constant prediction whose mean loss is least."""
    _, targets, *extras = case.draw("float64", shape=(ITEMS, 5))
    targets = targets.ravel()[:9]
    known = next(iter(case.facts.arguments.values()))
    grid = np.linspace(max(known.low, -6) + 1e-3, min(known.high, 6) - 1e-3, 4001)
    predictions = np.repeat(grid[:, None], len(targets), axis=1)
    others = [np.broadcast_to(a, predictions.shape) for a in (targets, *(np.ones(1) for _ in extras))]
    mean = compiled(case)(predictions, *(o.astype(a.dtype) for o, a in zip(others, (targets, *extras), strict=True)))[0]
    best = grid[mean.mean(axis=1).argmin()]
    assert abs(best - ELICITED[case.facts.minimizer](targets)) < 2 * (grid[1] - grid[0])


@each_loss
def test_minimum(case):
    """Nothing is below the minimum, and it is reached at the best predictions."""
    predictions, targets, *extras = case.draw("float64")
    function, minimum = compiled(case), case.facts.minimum
    drawn = [function(start, *others)[0] for start, _, others in lines(case, 10)]
    if minimum is not None:
        assert np.min(drawn) >= minimum - 1e-12
    if case.best is None:
        return
    best = case.best(targets, **dict(zip(case.extras, extras, strict=True))).astype("float64")
    least = function(best, targets, *extras)[0]
    assert (least <= function(predictions, targets, *extras)[0] + 1e-9).all()
    if minimum is not None:
        np.testing.assert_allclose(least, minimum, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in objectives.names() if objectives.facts(name).minimizer])
def test_a_row_shows_the_minimizer(name):
    rows = [case for case in LOSSES if case.function.__name__ == name]
    elicited = objectives.facts(name).minimizer in ELICITED and any(not case.options for case in rows)
    assert elicited or any(case.best is not None for case in rows)
