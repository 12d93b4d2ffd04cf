"""Targets of two classes that are neither 0 nor 1 are refused in their batch, or make results NaN."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, CANNOT_RAISE, mode, uncompiled

import objectives
from objectives import BatchError, aggregate, binary_accuracy, compile_validation, exact_match

scores, targets = pt.vector("scores", dtype="float32"), pt.lvector("targets")
MEASURES = {
    name: getattr(objectives, name)(scores, targets, **options)
    for name, options in {
        "average_precision_score": {},
        "binary_accuracy": {},
        "binary_calibration_error": {"num_bins": 3},
        "binary_confusion_matrix": {},
        "binary_f1_score": {},
        "binary_negative_predictive_value": {},
        "equal_error_rate": {},
        "log_auc": {},
        "precision_at_recall": {"recall": 0.5},
        "roc_auc_score": {},
        "sensitivity_at_specificity": {"specificity": 0.5},
    }.items()
} | {
    name: getattr(objectives, name)(scores, targets)[1] for name in ("det_curve", "precision_recall_curve", "roc_curve")
}
MEASURES["roc_auc_score in bins"] = objectives.roc_auc_score(scores, targets, num_bins=5)
SCORES = np.array([0.2, 0.6, 0.7, 0.4], "float32")
GOOD, BAD = np.array([0, 1, 1, 0]), np.array([0, 1, 2, 0])


@pytest.mark.parametrize("name", MEASURES)
def test_a_bad_target_is_refused_in_its_batch(name):
    validation = compile_validation([scores, targets], {name: MEASURES[name]})
    expected = validation.validate([(SCORES, GOOD)] * 2, progress=False)[name]
    validation.reset()
    validation.update((SCORES, GOOD))
    with pytest.raises(BatchError, match=r"batch 1 .*target 2 at position \(2,\) is neither 0 nor 1. Leave out"):
        validation.update((SCORES, BAD))
    validation.update((SCORES, GOOD))
    np.testing.assert_array_equal(validation.result()[name], expected)


@pytest.mark.backends
@pytest.mark.parametrize("backend", ALL)
def test_backends(backend):
    """A measure that keeps all items, and one that reads each item."""
    measures = {name: MEASURES[name] for name in ("roc_auc_score", "binary_accuracy")}
    with uncompiled(backend), pytensor.config.change_flags(floatX="float32"):
        validation = compile_validation([scores, targets], measures, mode=mode(backend))
        validation.update((SCORES, GOOD))
        if backend in CANNOT_RAISE:
            validation.update((SCORES, BAD))
            assert all(np.isnan(value) for value in validation.result().values())
        else:
            with pytest.raises(BatchError, match=r"batch 1 .*target 2 at position \(2,\) is neither 0 nor 1"):
                validation.update((SCORES, BAD))
            assert validation.result() == dict.fromkeys(measures, 1)


@pytest.mark.parametrize(("bad", "shown"), [(-1, "-1"), (255, "255"), (0.5, "0.5"), (np.nan, "nan"), (np.inf, "inf")])
def test_the_target_that_was_given_is_named(bad, shown):
    with pytest.raises(IndexError, match=rf"target {shown} at position \(1,\)"):
        binary_accuracy(SCORES[:2], np.array([0, bad])).eval()
    with pytest.raises(IndexError, match=rf"target {shown} at position \(1,\)"):
        objectives.roc_auc_score(SCORES[:2], np.array([0, bad])).eval()


def test_numba_names_it_too():
    t = pt.fmatrix("t")
    with pytest.raises(IndexError, match=r"target -1 at position \(1, 0\) is neither 0 nor 1"):
        binary_accuracy(t * 0, t).eval({t: np.array([[0, 1], [-1, 0]], "float32")}, mode="NUMBA")


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float64"])
def test_targets_of_any_dtype(dtype):
    given = GOOD.astype(dtype)
    assert (binary_accuracy(SCORES, given).eval() == 1).all()
    assert objectives.roc_auc_score(SCORES, given).eval() == 1
    assert binary_accuracy(0.7, given[1]).eval() == 1


def test_masked_targets_may_be_anything():
    counts = np.array([True, True, False, True])
    assert (binary_accuracy(SCORES, BAD, mask=counts).eval() == counts).all()
    for measure in (objectives.roc_auc_score, objectives.binary_f1_score):
        assert measure(SCORES, BAD, mask=counts).eval() == 1
        assert measure(SCORES, BAD, weights=counts).eval() == 1
    rows = np.array([[0.2, 0.6], [0.7, 0.4], [0.1, 0.9]]), np.array([[0, 1], [-100, 0], [0, 0]])
    for axis, (p, t) in ((-1, rows), (0, (rows[0].T, rows[1].T))):
        found = exact_match(p, t, axis=axis, mask=[True, False, True])
        np.testing.assert_array_equal(found.eval(), [1, 0, 0])
    assert aggregate(exact_match(*rows, mask=False), mode="sum").eval() == 0
