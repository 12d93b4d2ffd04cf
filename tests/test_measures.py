"""Every measure of a set: value, mask, weights, axes, batches, and every backend, against the row's reference."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import PACKAGES, dtypes, mode, parameter, uncompiled, unsupported
from measures import FIRST, MEASURES, TABLE
from measures.measure import N
from variants import Variant

from objectives import compile_validation

FLOAT = pytensor.config.floatX
TOLERANCE = {"float32": {"rtol": 2e-4, "atol": 2e-5}, "float64": {"rtol": 1e-9, "atol": 1e-11}}


def parametrize(rows):
    return pytest.mark.parametrize("row", list(rows), ids=lambda row: row.id)


each_row = parametrize(MEASURES)
each_function = parametrize(FIRST)


def evaluate(row, arrays, *, mode=None, **options):
    """The measure of arrays; options that are arrays are given as variables too."""
    given = [*arrays, *(a for a in options.values() if isinstance(a, np.ndarray))]
    variables = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in given]
    rest = iter(variables[2:])
    options = {name: next(rest) if isinstance(a, np.ndarray) else a for name, a in options.items()}
    function = pytensor.function(variables, row.apply(*variables[:2], **options), mode=mode, on_unused_input="ignore")
    return function(*given)


def spread(of_items, row, targets):
    """A mask or weights of items, as one of elements where the row has that."""
    return of_items if row.mask_ndim == 1 else np.broadcast_to(of_items[:, None], targets.shape).copy()


@each_row
def test_value(row):
    arrays = row.draw()
    value = evaluate(row, arrays)
    assert value.dtype == pytensor.config.floatX
    np.testing.assert_allclose(value, row.expected(*arrays), **TOLERANCE["float64"])


@each_function
def test_float32(row):
    arrays = row.draw("float32")
    value = evaluate(row, arrays)
    assert value.dtype == pytensor.config.floatX
    np.testing.assert_allclose(value, row.expected(*arrays), **TOLERANCE["float32"])


@each_row
def test_mask_leaves_items_out(row):
    """Whatever stands there, NaN and invalid labels included."""
    predictions, targets = row.draw()
    mask = np.random.default_rng(1).random(N) < 0.6
    expected = row.expected(predictions[mask], targets[mask])
    rng = np.random.default_rng(2)
    for array in (predictions, targets):
        bad = [np.nan, np.inf, -np.inf] if array.dtype.kind == "f" else [-100, 100]
        array[~mask] = rng.choice(bad, size=array[~mask].shape)
    found = evaluate(row, [predictions, targets], mask=spread(mask, row, targets))
    np.testing.assert_allclose(found, expected, **TOLERANCE["float64"])


@parametrize(row for row in MEASURES if row.weighted)
def test_weights(row):
    predictions, targets = row.draw()
    weights = np.random.default_rng(3).uniform(0.1, 2, size=N)
    expected = row.expected(predictions, targets, weights)
    found = evaluate(row, [predictions, targets], weights=spread(weights, row, targets))
    np.testing.assert_allclose(found, expected, **TOLERANCE["float64"])


@each_row
def test_batches(row):
    """Any split, in any order, on any number of machines, gives what one batch of all gives."""
    arrays = row.draw()
    inputs = [pt.tensor(name, shape=(None,) * a.ndim, dtype=a.dtype.name) for name, a in zip("pt", arrays, strict=True)]
    validation = compile_validation(inputs, {"measure": row.apply(*inputs)})
    order = np.random.default_rng(4).permutation(N)
    first, second, *others = ([a[part] for a in arrays] for part in np.split(order, [1, 8, 9, 30]))
    validation.update(first)
    validation.update(second)
    state = validation.state
    validation.reset()
    for batch in others:
        validation.update(batch)
    validation.merge(state)
    assert validation.batches == 5
    np.testing.assert_allclose(validation.result()["measure"], row.expected(*arrays), **TOLERANCE["float64"])


@parametrize(row for row in FIRST if row.flattens)
def test_leading_axes(row):
    """Items may be spread over several axes."""
    arrays = row.draw()
    spread = [a.reshape(2, N // 2, *a.shape[1:]) for a in arrays]
    np.testing.assert_allclose(evaluate(row, spread), row.expected(*arrays), **TOLERANCE["float64"])


@each_function
def test_nothing(row):
    """No items, and items that are masked altogether."""
    arrays = row.draw()
    expected = np.full(row.result, row.empty)
    np.testing.assert_array_equal(evaluate(row, [a[:0] for a in arrays]), expected)
    masked = np.zeros(arrays[1].shape[: row.mask_ndim], bool)
    np.testing.assert_array_equal(evaluate(row, arrays, mask=masked), expected)


@parametrize(row for row in FIRST if row.nan_spreads)
def test_nan_is_visible(row):
    predictions, targets = row.draw()
    if predictions.dtype.kind == "f":
        predictions[0] = np.nan
        assert np.isnan(evaluate(row, [predictions, targets])).any()


@each_row
def test_static_shape_of_the_result(row):
    arrays = row.draw()
    variables = [pt.tensor(shape=a.shape, dtype=a.dtype.name) for a in arrays]
    assert row.apply(*variables).type.shape == row.result


def files(backend, rows):
    """Each file of the table on a backend: the rows that it computes, in one function; the others fail alone."""
    for file in TABLE if FLOAT in dtypes(backend) else []:
        chosen = [row for row in TABLE[file] if row in rows]
        computed = [row for row in chosen if not unsupported(backend, row)]
        if computed:
            yield file, computed, []
        for row in chosen:
            if reason := unsupported(backend, row):
                yield row.id, [row], [pytest.mark.xfail(reason=reason, strict=True)]


def on_backends():
    rest = [row for row in MEASURES if row not in FIRST]
    for backend in PACKAGES:
        every = backend == "JAX" and FLOAT == "float64"
        tier = [] if backend == "NUMBA" and FLOAT == "float64" else [pytest.mark.backends]
        for name, rows, marks in files(backend, MEASURES if every else FIRST):
            yield parameter(backend, rows, marks=[*marks, *tier], name=name)
        for name, rows, marks in files(backend, [] if every else rest):
            # what a backend cannot do is in the published matrix
            others = tier if marks else [pytest.mark.exhaustive]
            yield parameter(backend, rows, marks=[*marks, *others], name=f"others of {name}")


@pytest.mark.parametrize(("backend", "rows"), list(on_backends()))
def test_backend(backend, rows, record_property):
    """The values of rows, computed by one function, where all floats are of the dtype of the run; see variants.py."""
    runs = [Run(row, Variant.of(MEASURES.index(row), backend)) for row in rows]
    record_property("functions", sorted({row.function.__name__ for row in rows}))
    record_property("backend", backend)
    record_property("kinds", ["value", *["mask"] * any(run.variant.masked for run in runs)])
    with pytensor.config.change_flags(gcc__cxxflags="-O0"), uncompiled(backend):
        variables, outputs = [v for run in runs for v in run.variables], [run.output() for run in runs]
        values = pytensor.function(variables, outputs, mode=mode(backend))(*(a for run in runs for a in run.arrays))
    for run, value in zip(runs, values, strict=True):
        np.testing.assert_allclose(
            np.asarray(value), run.expected(), err_msg=f"{run.row.id} {run.variant}", **TOLERANCE[FLOAT]
        )


class Run:
    """A row and its variant: variables, arrays for them, and what comes of them."""

    def __init__(self, row, variant):
        self.row, self.variant = row, variant
        rng = np.random.default_rng(5)
        self.mask = rng.random(N) < 0.7 if variant.masked else np.ones(N, bool)
        self.weights = rng.uniform(0.1, 2, size=N).astype(FLOAT) if variant.weighted and row.weighted else None
        self.predictions, self.targets = row.draw(FLOAT)
        of_items = {"mask": self.mask if variant.masked else None, "weights": self.weights}
        self.options = {name: spread(x, row, self.targets) for name, x in of_items.items() if x is not None}
        self.split = variant.split(self.predictions)
        self.arrays = [*self.split, self.targets, *self.options.values()]
        self.variables = [variant.variable(array) for array in self.arrays]

    def output(self):
        predictions = self.variant.join(self.variables[: len(self.split)], self.predictions.shape)
        targets, *options = self.variables[len(self.split) :]
        return self.row.apply(predictions, targets, **dict(zip(self.options, options, strict=True)))

    def expected(self):
        weights = [] if self.weights is None else [self.weights[self.mask].astype("float64")]
        return self.row.expected(self.predictions[self.mask], self.targets[self.mask], *weights)


def inputs_of(rows, mask, dtype):
    """Arrays of all rows: predictions, targets, mask, and so on; inputs of their types, and the measures of these."""
    arrays = [row.draw(dtype) for row in rows]
    masks = [spread(mask, row, targets) for row, (_, targets) in zip(rows, arrays, strict=True)]
    given = [array for pair, m in zip(arrays, masks, strict=True) for array in (*pair, m)]
    variables = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in given]
    outputs = [row.apply(*variables[3 * i : 3 * i + 2], mask=variables[3 * i + 2]) for i, row in enumerate(rows)]
    return given, variables, outputs


def check_values(rows, values, given, mask, dtype):
    for i, (row, value) in enumerate(zip(rows, values, strict=True)):
        predictions, targets = given[3 * i : 3 * i + 2]
        np.testing.assert_allclose(
            np.asarray(value), row.expected(predictions[mask], targets[mask]), err_msg=row.id, **TOLERANCE[dtype]
        )


def states_on_backends():
    """JAX and MLX accumulate states by functions of their own, for the other backends NumPy does."""
    for file in TABLE:
        rows = [row for row in TABLE[file] if row in FIRST]
        yield pytest.param("FAST_COMPILE", rows, id=f"NumPy-{file}")
        for backend in PACKAGES:
            tier = pytest.mark.backends if backend in ("JAX", "MLX") else pytest.mark.exhaustive
            yield parameter(backend, rows, marks=[tier], name=file)


@pytest.mark.parametrize(("backend", "rows"), list(states_on_backends()))
def test_states_in_float32(backend, rows):
    """The values of two batches with floatX=float32, by one validation of all rows."""
    if backend == "JAX" and FLOAT == "float64":
        pytest.skip("PyTensor switches float64 off, or not, when JAX is imported")
    mask = np.random.default_rng(5).random(N) < 0.7
    with pytensor.config.change_flags(gcc__cxxflags="-O0", floatX="float32"), uncompiled(backend):
        given, variables, outputs = inputs_of(rows, mask, "float32")
        measures = dict(zip((row.id for row in rows), outputs, strict=True))
        validation = compile_validation(variables, measures, mode=mode(backend))
        for part in np.split(np.arange(N), [17]):
            validation.update([array[part] for array in given])
        values = validation.result().values()
    assert {value.dtype.name for value in values} == {"float32"}
    check_values(rows, values, given, mask, "float32")
