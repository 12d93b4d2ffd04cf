"""Class indices outside the range: an error where the backend can raise, NaN for the item elsewhere."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, CANNOT_RAISE, mode

import objectives

CLASSES = 10
LOSSES = {
    "crossentropy with logits": objectives.categorical_crossentropy_with_logits,
    "crossentropy": lambda z, y, **k: objectives.categorical_crossentropy(pt.exp(z - 20), y, **k),
    "weighted crossentropy": lambda z, y, **k: objectives.categorical_crossentropy_with_logits(
        z, y, class_weights=np.arange(1.0, CLASSES + 1, dtype="float32"), **k
    ),
    "hinge": objectives.multiclass_hinge_loss,
}


def outputs(z, y, **options):
    """Losses, gradients of their sums, and the accuracy."""
    losses = [loss(z, y, **options) for loss in LOSSES.values()]
    gradients = [pytensor.grad(loss.sum(), z) for loss in losses]
    return [*losses, *gradients, objectives.categorical_accuracy(z, y, top_k=3, **options)]


def compiled(backend, *, masked=False):
    z, y, mask = pt.matrix("z", dtype="float32"), pt.lvector("y"), pt.vector("mask", dtype="bool")
    results = outputs(z, y, **({"mask": mask} if masked else {}))
    return pytensor.function([z, y, mask] if masked else [z, y], results, mode=mode(backend))


@pytest.mark.parametrize("backend", ALL)
def test_a_label_outside_the_range_is_an_error_or_nan(backend):
    function = compiled(backend)
    logits = np.random.default_rng(0).normal(size=(4, CLASSES)).astype("float32")
    good = [np.asarray(result) for result in function(logits, np.arange(4))]
    assert all(np.isfinite(result).all() for result in good)
    for bad in (CLASSES, -1, -100, 255, 2**40, -(2**62)):
        labels = np.array([0, 1, bad, 3])
        if backend not in CANNOT_RAISE:
            message = rf"class label {bad} at position \(2,\) of the targets is outside \[0, 10\).*mask=pt\.neq"
            with pytest.raises(IndexError, match=message):
                function(logits, labels)
            continue
        for result, expected in zip(function(logits, labels), good, strict=True):
            assert np.isnan(np.asarray(result)[2]).all()
            np.testing.assert_array_equal(np.delete(result, 2, axis=0), np.delete(expected, 2, axis=0))


@pytest.mark.parametrize("backend", ALL)
def test_masked_labels_may_be_anything(backend):
    function = compiled(backend, masked=True)
    logits = np.random.default_rng(0).normal(size=(4, CLASSES)).astype("float32")
    mask = np.array([True, True, False, True])
    for bad in (CLASSES, -100, 2**40):
        for result in function(logits, np.array([0, 1, bad, 3]), mask):
            assert (np.asarray(result)[2] == 0).all() and np.isfinite(result).all()


def test_the_position_has_one_number_for_each_dimension():
    z, y = pt.tensor3("z"), pt.lmatrix("y")
    function = pytensor.function([z, y], objectives.categorical_crossentropy_with_logits(z, y), mode="NUMBA")
    with pytest.raises(IndexError, match=r"label 7 at position \(1, 0\) .* outside \[0, 3\)"):
        function(np.zeros((2, 2, 3)), [[0, 1], [7, 9]])


@pytest.mark.parametrize("backend", ["NUMBA", "CVM"])
def test_one_hot_rows_must_name_a_class(backend):
    z, t = pt.matrix("z"), pt.matrix("t")
    results = [objectives.multiclass_hinge_loss(z, t), objectives.categorical_accuracy(z, t)]
    for result in results:
        function = pytensor.function([z, t], result, mode=mode(backend))
        with pytest.raises(IndexError, match=r"label -1 at position \(1,\).*Dense targets that name no class"):
            function(np.eye(3), np.diag([1.0, 0.0, 1.0]))


@pytest.mark.parametrize("backend", ALL)
def test_as_many_labels_as_rows(backend):
    z, y = pt.matrix("z", dtype="float32"), pt.lvector("y")
    function = pytensor.function([z, y], objectives.categorical_crossentropy_with_logits(z, y), mode=mode(backend))
    with pytest.raises(Exception, match="shape mismatch"):
        function(np.zeros((4, 3), "float32"), np.zeros(2, "int64"))
