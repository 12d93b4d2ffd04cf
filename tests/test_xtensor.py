"""Functions of named dims give what those of arrays give, whatever the order of the dims."""

import inspect
import subprocess
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES
from measures import MEASURES
from pytensor.xtensor import as_xtensor, xtensor

import objectives
from objectives import xtensor as ox
from objectives.xtensor import NEW_DIMS

DIMS = "batch", "item", "pixel", "class"


def reordered(array, dims, shift):
    """Named values whose dims are in another order: reversed, and moved along by some."""
    order = [(i + shift) % len(dims) for i in reversed(range(len(dims)))]
    return as_xtensor(array.transpose(order), dims=tuple(dims[i] for i in order))


def by_name(row, keywords, shape, dims):
    """The arguments of the function of named dims for those of a row."""
    found, parameters = dict(keywords), inspect.signature(row.function).parameters
    known = {shape: dims, shape[:-1]: dims[:-1], shape[-1:]: dims[-1:]}
    for i, (name, x) in enumerate(keywords.items()):
        if isinstance(x, np.ndarray):
            found[name] = reordered(x, known.get(x.shape, ("sample", *dims)), i)
    if "axis" in parameters:
        found["dim"] = dims[-1]
    if "pixel_axes" in parameters:
        axes = found.pop("pixel_axes", range(1, len(dims) - ("axis" in parameters)))
        found["pixel_dims"] = tuple(dims[i] for i in np.atleast_1d(axes))
    if "label_axis" in found:
        found["label_dim"] = dims[found.pop("label_axis")]
    return found


def both(row, arrays, shape, dims, **masks):
    """What the function gives for arrays, and what it gives for the same with names."""
    names = [*[*inspect.signature(row.function).parameters][:2], *getattr(row, "extras", ())]
    keywords = dict(zip(names, arrays, strict=True)) | row.options | masks
    return row.function(**keywords), getattr(ox, row.function.__name__)(**by_name(row, keywords, shape, dims))


def compare(pairs):
    """Values and dims, which are those of `DIMS` in some order, but for new ones."""
    outputs = [output for expected, found in pairs for output in (expected, found.values)]
    values = iter(pytensor.function([], outputs)())
    for (_, found), expected, value in zip(pairs, values, values, strict=True):
        in_order = sorted(range(found.ndim), key=lambda i, dims=found.dims: (*DIMS, *dims).index(dims[i]))
        if set(found.dims) <= set(DIMS):
            value = value.transpose(in_order)
        np.testing.assert_array_equal(value, expected)
        assert value.dtype == expected.dtype


def of_its_kind(rows):
    """One row of each function, for each way in which its arguments have dims."""

    def kind(row):
        arrays = {name for name, x in row.options.items() if isinstance(x, np.ndarray)}
        axes = {name: x for name, x in row.options.items() if name.endswith(("axis", "axes", "average", "normalize"))}
        return row.function, row.draw("float64")[1].ndim, *sorted(arrays), str(axes)

    # rows of curves have a function of their own, which looks at a few of their points
    known = [row for row in rows if row.function is getattr(objectives, row.function.__name__, None)]
    return list({kind(row): row for row in known if row.function.__name__ in ox.__all__}.values())


ROWS = of_its_kind(CASES)


@pytest.mark.parametrize("part", range(8))
def test_losses_and_item_wise_measures(part):
    pairs = []
    for case in ROWS[part::8]:
        is_deep = case.leading_dimensions and not case.pools
        shape, dims = ((2, 3, 5), ("batch", "item", "class")) if is_deep else ((6, 5), ("item", "class"))
        arrays = case.draw("float64", shape=shape)
        mask = np.random.default_rng(1).random(case.mask_shape(shape)) < 0.6
        if case.pools:
            shape, dims = arrays[0].shape, ("item", "pixel", "class")[: arrays[0].ndim]
        if not case.itemwise and arrays[0].ndim < len(shape):
            mask = mask[..., 0]
        pairs.append(both(case, arrays, shape, dims, mask=mask))
    compare(pairs)


def test_measures_of_sets():
    pairs = []
    for row in of_its_kind(MEASURES):
        arrays = row.draw()
        rng, shape = np.random.default_rng(1), arrays[1].shape[: row.mask_ndim]
        masks = {"mask": rng.random(shape) < 0.6} | ({"weights": rng.uniform(size=shape)} if row.weighted else {})
        pairs.append(both(row, arrays, (len(arrays[0]), 5), ("item", "class"), **masks))
    compare(pairs)


@pytest.mark.parametrize("name", ["roc_curve", "precision_recall_curve", "det_curve"])
def test_curves(name):
    scores, targets = (xtensor(dims=("label", "item"), dtype=dtype) for dtype in ("float64", "int64"))
    arrays = np.array([[0.1, 0.8, 0.4], [0.7, 0.3, 0.2]]), np.array([[0, 1, 1], [1, 0, 0]])
    whole = getattr(ox, name)(scores, targets)
    by_label = getattr(ox, name)(scores, targets, label_dim="label")
    assert (whole.dims, by_label.dims) == (("statistic", "point"), ("statistic", "point", "label"))
    found = pytensor.function([scores, targets], by_label)(*arrays)
    expected = getattr(objectives, name)(*(array.T for array in arrays), label_axis=1).eval()
    np.testing.assert_array_equal(found, expected)


@pytest.fixture
def logits():
    return xtensor("logits", dims=("class", "time", "batch"))


@pytest.fixture
def labels():
    return xtensor("labels", dims=("batch", "time"), dtype="int64")


def test_training_step(logits, labels):
    """Weights and mask that lack dims hold for all of their entries, and gradients go through the names."""
    known, weights = xtensor("known", dims="time", dtype="bool"), xtensor("weights", dims="batch")
    losses = ox.categorical_crossentropy_with_logits(logits, labels, mask=known, class_weights=[1.0, 2.0], dim="class")
    loss = ox.aggregate(losses, weights, "normalized_sum", mask=known)
    z, y, k, w = pt.tensor3(), pt.lmatrix(), pt.vector(dtype="bool"), pt.vector()
    plain = objectives.categorical_crossentropy_with_logits(z, y.T, mask=k[:, None], class_weights=[1.0, 2.0], axis=0)
    expected = objectives.aggregate(plain, w[None], "normalized_sum", mask=k[:, None])
    rng = np.random.default_rng(0)
    given = rng.normal(size=(2, 3, 4)), rng.integers(0, 2, size=(4, 3)), np.array([1, 0, 1], bool), rng.random(4)
    found, plain = (
        pytensor.function(inputs, outputs)(*given)
        for inputs, outputs in (
            ([logits, labels, known, weights], [loss, pytensor.grad(loss.values, logits)]),
            ([z, y, k, w], [expected, pytensor.grad(expected, z)]),
        )
    )
    assert found[0] > 0 and (found[1][:, 1] == 0).all() and (found[1][:, 0] != 0).all()
    for ours, theirs in zip(found, plain, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_dims_of_results(logits, labels):
    cases = {
        ("time", "batch"): ox.categorical_accuracy(logits, labels, dim="class"),
        logits.dims: ox.squared_error(logits, logits.transpose()),
        ("class",): ox.f1_score(logits, labels, dim="class", num_classes=3, average=None),
        (): ox.f1_score(labels, labels.transpose(), num_classes=3),
        ("target", "prediction"): ox.confusion_matrix(logits, labels, dim="class", num_classes=3),
        ("batch",): ox.aggregate(ox.absolute_error(logits, 0), dim=("time", "class")),
        ("class", "batch"): ox.dice_loss(logits, labels, dim="class", pixel_dims="time"),
    }
    assert [found.dims for found in cases.values()] == list(cases)
    known = ox.labelled(labels, -1)
    total, count = ox.aggregate_parts(ox.absolute_error(logits, 0), mask=known, dim="class")
    assert total.dims == count.dims == ("time", "batch")


def test_the_source_of_probabilities_is_seen(logits, labels):
    """Through the names, so that the stable form is built."""
    named = as_xtensor(pt.special.softmax(logits.values, axis=0), dims=logits.dims)
    with pytest.raises(ValueError, match="would be applied twice"):
        ox.categorical_crossentropy_with_logits(named, labels, dim="class")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda z, y: ox.squared_error(z, y), TypeError, r"b have the dims .*they lack \('class',\)"),
        (lambda z, y: ox.nll_loss(z, y.rename(time="step"), dim="class"), TypeError, r"\('step',\) besides"),
        (lambda z, y: ox.nll_loss(z, y), ValueError, "dim must be one of the dims .*, not None"),
        (lambda z, y: ox.nll_loss(z, y, dim="klass"), ValueError, "not 'klass'"),
        (lambda z, y: ox.nll_loss(z, y, axis=0), TypeError, "dims have names here, dim="),
        (lambda z, y: ox.nll_loss(z, y, reduction="sum"), TypeError, "not reduced"),
        (lambda z, y: ox.nll_loss(z, y.values, dim="class"), TypeError, "targets has 2 dims without names"),
        (lambda z, y: ox.squared_error(z, ([[1.0]],)), TypeError, "b has 3 dims without names"),
        (lambda z, y: ox.nll_loss(z, y, mask=y.rename(time="step") > 0, dim="class"), TypeError, "would enlarge"),
        (lambda z, y: ox.cosine_distance(z, y, dim="class"), TypeError, r"The dims are predictions \('class', 'time'"),
        (lambda z, y: ox.dice_loss(z, y, dim="class"), ValueError, "pixel_dims must be some of the dims"),
        (lambda z, y: ox.f1_score(y, y, num_classes=3, average=None), ValueError, "name the dim of the result"),
        (lambda z, y: ox.aggregate(z, dim="step"), ValueError, "not 'step'"),
        (lambda z, y: ox.r2_score(z, z), AttributeError, "no axis to name"),
    ],
)
def test_refusals(logits, labels, call, error, message):
    with pytest.raises(error, match=message):
        call(logits, labels)


def test_what_is_there():
    """All of it has the documentation of the function of arrays, in which no axis is left, and is loaded when asked."""
    assert dir(ox) == ox.__all__ and {"huber_loss", "roc_auc_score", "aggregate"} <= {*ox.__all__}
    assert NEW_DIMS.keys() <= {*ox.__all__}
    for name in ox.__all__:
        function = getattr(ox, name)
        assert not {"axis", "label_axis", "pixel_axes"} & inspect.signature(function).parameters.keys()
        assert "axis" not in function.__doc__ and "axes" not in function.__doc__ and ">>>" not in function.__doc__
    code = "import sys, objectives; print('pytensor.xtensor' in sys.modules); objectives.xtensor.huber_loss"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
