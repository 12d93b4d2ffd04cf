"""Edge cases of curves and areas, with values computed by hand."""

from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.graph.fg import FunctionGraph
from sklearn import metrics as sklearn

from objectives import (
    auc,
    average_precision_score,
    compile_validation,
    det_curve,
    equal_error_rate,
    log_auc,
    multiclass_roc_auc_score,
    precision_at_recall,
    precision_recall_curve,
    recall_at_precision,
    roc_auc_score,
    roc_curve,
    sensitivity_at_specificity,
)
from objectives.ops.labels import LabelError
from objectives.ops.thresholds import PairsInOrder, counts_above

binned_roc_auc_score, binned_average_precision_score, binned_roc_curve = (
    partial(function, num_bins=1001) for function in (roc_auc_score, average_precision_score, roc_curve)
)
NEEDS_BOTH = {
    "roc_auc_score": roc_auc_score,
    "roc_auc_score in bins": binned_roc_auc_score,
    "equal_error_rate": equal_error_rate,
    "log_auc": log_auc,
}


def value(function, *arrays, **options):
    return np.asarray(function(*map(np.asarray, arrays), **options).eval())


def test_ties_count_a_half():
    assert value(roc_auc_score, [0.5, 0.5, 0.5, 0.5], [0, 1, 1, 0]) == 0.5
    # pairs: (1, 0.5) and (1, 0) are in order, (0.5, 0.5) is tied, (0.5, 0) is in order
    assert value(roc_auc_score, [0.0, 0.5, 0.5, 1.0], [0, 0, 1, 1]) == 3.5 / 4
    # the same by weights: 2 * (3 + 1) in order and 2 * 1 / 2 for the tie
    assert value(roc_auc_score, [0.0, 0.5, 0.5, 1.0], [0, 0, 1, 1], weights=[3.0, 1.0, 1.0, 2.0]) == 11.5 / 12


def test_points_of_equal_scores_are_equal():
    curve = value(roc_curve, [0.3, 0.7, 0.7, 0.7], [0, 1, 0, 1])
    np.testing.assert_array_equal(curve, [[0, 0.5, 0.5, 0.5, 1], [0, 1, 1, 1, 1], [np.inf, 0.7, 0.7, 0.7, 0.3]])


def test_items_that_do_not_count_repeat_the_last_point():
    curve = value(roc_curve, [0.3, 0.7, 0.9, 0.1], [0, 1, 0, 1], mask=[True, True, False, False])
    np.testing.assert_array_equal(curve, [[0, 0, 1, 1, 1], [0, 1, 1, 1, 1], [np.inf, 0.7, 0.3, 0.3, 0.3]])


@pytest.mark.parametrize("function", NEEDS_BOTH.values(), ids=NEEDS_BOTH)
@pytest.mark.parametrize("only", [0, 1])
def test_one_class(function, only):
    assert np.isnan(value(function, [0.2, 0.7], [only, only]))


def test_without_positives():
    """As in scikit-learn, where that defines a value."""
    scores, none = [0.2, 0.7], [0, 0]
    assert value(average_precision_score, scores, none) == value(binned_average_precision_score, scores, none) == 0
    np.testing.assert_array_equal(value(precision_recall_curve, scores, none)[:2], [[1, 0, 0], [0, 1, 1]])
    assert np.isnan(value(recall_at_precision, scores, none, precision=0.5))


def test_infinite_scores_are_ordered():
    assert value(roc_auc_score, [-np.inf, 0.0, np.inf, np.inf], [0, 0, 1, 0]) == 2.5 / 3


def test_nothing_reaches_the_bound():
    scores, targets = [0.9, 0.8, 0.1], [0, 1, 0]
    assert value(recall_at_precision, scores, targets, precision=0.6) == 0
    assert value(precision_at_recall, scores, targets, recall=1) == 0.5
    assert value(sensitivity_at_specificity, scores, targets, specificity=0.5) == 1
    assert value(sensitivity_at_specificity, scores, targets, specificity=0.6) == 0


def test_area_of_a_curve():
    assert value(auc, [0.0, 0.5, 1.0], [0.0, 1.0, 1.0]) == value(auc, [1.0, 0.5, 0.0], [1.0, 1.0, 0.0]) == 0.75
    assert np.isnan(value(auc, [0.0, 1.0, 0.5], [0.0, 1.0, 1.0]))
    with pytest.raises(TypeError, match="vectors"):
        auc(pt.matrix(), pt.vector())
    scores, targets = np.random.default_rng(0).random(50), np.arange(50) % 2
    curve = value(binned_roc_curve, scores, targets)
    np.testing.assert_allclose(value(auc, curve[0], curve[1]), value(binned_roc_auc_score, scores, targets), rtol=1e-12)


@pytest.mark.parametrize("num_bins", [2, 5, 20])
def test_the_error_of_bins_is_bounded(num_bins):
    rng = np.random.default_rng(1)
    scores, targets = rng.beta(2, 2, size=300), rng.integers(0, 2, size=300)
    column = np.floor(scores * (num_bins - 1) + 0.5).astype(int)
    negative, positive = (np.bincount(column[targets == t], minlength=num_bins) for t in (0, 1))
    exact = value(roc_auc_score, scores, targets)
    error = abs(value(roc_auc_score, scores, targets, num_bins=num_bins) - exact)
    assert 0 < error <= (positive * negative).sum() / 2 / (positive.sum() * negative.sum())

    true, false = (np.append(np.cumsum(n[::-1])[::-1], 0) for n in (positive, negative))
    above, below = (np.maximum(n, 1) for n in (true[:-1] + false[1:], true[1:] + false[:-1]))  # 0 / 0 is 0
    widths = true[:-1] / above - true[1:] / below
    exact = value(average_precision_score, scores, targets)
    error = abs(value(average_precision_score, scores, targets, num_bins=num_bins) - exact)
    assert 0 < error <= (positive / positive.sum() * widths).sum()


def test_every_multiple_has_its_own_bin():
    for steps in (7, 10, 49, 1000):
        scores = np.arange(steps + 1) / steps
        counts = value(roc_curve, scores, np.arange(steps + 1) % 2, num_bins=steps + 1)
        assert len(np.unique(counts[:2], axis=1).T) == steps + 2


@pytest.mark.parametrize("score", [-0.002, 1.002, np.nan])
def test_scores_outside_the_unit_interval_are_not_clipped(score):
    assert np.isnan(value(binned_roc_auc_score, [0.2, 0.7, score], [0, 1, 1]))
    assert np.isnan(value(binned_average_precision_score, [0.2, 0.7, score], [0, 1, 0]))


def test_scores_rounded_beyond_the_unit_interval():
    """A softmax or a mean may return the next float32 after 1."""
    scores, targets = np.array([0, 0.3, 0.7, 1, 1], "float32"), [0, 1, 0, 1, 0]
    beyond = np.where(
        scores == 1, np.nextafter(scores, np.float32(2)), np.where(scores == 0, np.float32(-1e-7), scores)
    )
    for function in (binned_roc_auc_score, binned_average_precision_score, binned_roc_curve):
        np.testing.assert_array_equal(value(function, beyond, targets), value(function, scores, targets))


def test_targets_outside_0_and_1_are_refused():
    for targets in ([0, 2], [0, -1], [0, 0.5], [0, np.nan]):
        with pytest.raises(LabelError):
            value(roc_auc_score, [0.2, 0.7], targets)
        with pytest.raises(LabelError):
            value(binned_roc_auc_score, [0.2, 0.7], targets)


def test_averages_over_classes_match_scikit_learn():
    rng = np.random.default_rng(2)
    p, t = rng.dirichlet(np.ones(3), size=30), rng.integers(0, 3, size=30)
    for multi_class in ("ovr", "ovo"):
        for average in ("macro", "weighted"):
            options = {"multi_class": multi_class, "average": average}
            expected = sklearn.roc_auc_score(t, p, **options)
            np.testing.assert_allclose(value(multiclass_roc_auc_score, p, t, **options), expected, rtol=1e-12)
    assert np.isnan(value(multiclass_roc_auc_score, p, t % 2))
    with pytest.raises(LabelError, match="class label 3"):
        value(multiclass_roc_auc_score, p, t + 1)


def test_absent_class():
    """The result is NaN; scikit-learn skips its pairs, as happens here without the scores of that class."""
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(4), size=20), rng.integers(0, 3, size=20)
    assert np.isnan(value(multiclass_roc_auc_score, p, y, multi_class="ovo"))
    expected = sklearn.roc_auc_score(y, p, multi_class="ovo", labels=range(4))
    np.testing.assert_allclose(value(multiclass_roc_auc_score, p[:, :3], y, multi_class="ovo"), expected, rtol=1e-12)


def test_options_are_checked():
    p, t = pt.vector(), pt.lvector()
    with pytest.raises(ValueError, match="max_fpr must be positive, not 0"):
        roc_auc_score(p, t, max_fpr=0)
    with pytest.raises(ValueError, match=r"max_fpr must be a number between 0 and 1, not 'all'"):
        roc_auc_score(p, t, max_fpr="all")
    with pytest.raises(ValueError, match="num_bins must be a whole number of at least 2"):
        roc_auc_score(p, t, num_bins=1)
    with pytest.raises(ValueError, match="recall must be a number between 0 and 1, not 90"):
        precision_at_recall(p, t, recall=90)
    with pytest.raises(ValueError, match="0 < a < b <= 1"):
        log_auc(p, t, fpr_range=(0, 1))
    with pytest.raises(ValueError, match=r"0 < a < b <= 1, not 0\.1"):
        log_auc(p, t, fpr_range=0.1)
    with pytest.raises(ValueError, match="multi_class must be"):
        multiclass_roc_auc_score(pt.matrix(), t, multi_class="all", num_classes=3)
    with pytest.raises(ValueError, match="average must be"):
        multiclass_roc_auc_score(pt.matrix(), t, multi_class="ovo", average=None, num_classes=3)


def test_the_fast_path_for_equal_weights_gives_the_same_counts():
    rng = np.random.default_rng(3)
    scores, labels = rng.integers(0, 9, size=60) / 4, rng.integers(0, 3, size=60)
    op = counts_above(pt.vector(), pt.lvector(), pt.vector(), num_classes=3).owner.op
    quick = op.compute(scores, labels, np.full(60, 0.5))
    weights = np.append(np.full(60, 0.5), 0)
    slow = op.compute(np.append(scores, 9), np.append(labels, 0), weights)
    np.testing.assert_allclose(quick, slow[:, :60], rtol=1e-12)


@pytest.mark.parametrize("by_class", [False, True])
def test_pairs_in_order_match_the_expression(by_class):
    rng = np.random.default_rng(4)
    op = PairsInOrder(num_classes=3, by_class=by_class)
    inputs = [pt.matrix(), pt.lvector(), pt.vector()]
    expression = pytensor.function(inputs, op.build_inner_graph(*inputs))
    scores, labels, weights = rng.integers(0, 5, (40, 3)) / 4, rng.integers(0, 3, 40), rng.integers(0, 3, 40) / 2
    unknown = np.where([False, True, False], np.nan, scores)
    for values in ((scores, labels, weights), (unknown, labels, weights), (scores[:0], labels[:0], weights[:0])):
        np.testing.assert_allclose(op.compute(*values), *expression(*values), rtol=1e-12)


@pytest.mark.parametrize("multi_class", ["ovr", "ovo"])
def test_the_graph_does_not_grow_with_the_number_of_classes(multi_class):
    p, t = pt.matrix(), pt.lvector()
    few, many = (
        FunctionGraph(outputs=[multiclass_roc_auc_score(p, t, multi_class=multi_class, num_classes=number)])
        for number in (3, 300)
    )
    assert len(few.apply_nodes) == len(many.apply_nodes)


def test_what_a_validation_keeps():
    """Scores unchanged, one byte per target, and weights only if given."""
    p, t, mask = pt.fvector("p"), pt.lvector("t"), pt.vector("m", dtype="bool")
    validation = compile_validation([p, t], {"auc": roc_auc_score(p, t)})
    assert sorted(a.dtype.name for name, a in validation.state.items() if name != "batches") == ["float32", "int8"]
    masked = compile_validation([p, t, mask], {"auc": roc_auc_score(p, t, mask=mask)})
    assert len(masked.state) == 4
    assert pytensor.config.floatX in {a.dtype.name for a in masked.state.values()}


LABELS = np.array([[0, 1, 0], [1, 1, 0], [1, 0, 0]])
LABEL_SCORES = np.array([[0.2, 0.1, 0.5], [0.4, 0.7, 0.6], [0.9, 0.3, 0.2]])


def test_labels_without_positives():
    """Their area is NaN, their average precision 0, and neither counts in averages by frequency."""
    given = LABEL_SCORES, LABELS
    np.testing.assert_array_equal(value(roc_auc_score, *given, average=None, label_axis=1), [1, 0.5, np.nan])
    assert np.isnan(value(roc_auc_score, *given, label_axis=1))
    assert value(roc_auc_score, *given, average="weighted", label_axis=1) == 0.75
    found = value(average_precision_score, *given, average=None, label_axis=-1)
    np.testing.assert_allclose(found, [1, (1 + 2 / 3) / 2, 0])
    np.testing.assert_allclose(value(average_precision_score, *given, label_axis=1), found.mean())
    np.testing.assert_allclose(
        value(average_precision_score, *given, average="weighted", label_axis=1), (found[0] + found[1]) / 2
    )


def test_a_nan_is_of_its_label_or_item():
    scores = np.where(np.arange(9).reshape(3, 3) == 4, np.nan, LABEL_SCORES)
    for options in ({}, {"num_bins": 11}):
        found = value(average_precision_score, scores, LABELS, average=None, label_axis=1, **options)
        np.testing.assert_array_equal(np.isnan(found), [False, True, False])
    assert np.isnan(value(average_precision_score, scores, LABELS, average="samples", label_axis=1))
    mask = np.array([[True], [False], [True]])
    found = value(average_precision_score, scores, LABELS, average="samples", mask=mask, label_axis=1)
    np.testing.assert_allclose(found, (1 / 3 + 1) / 2)


def test_the_axis_of_labels_is_any():
    by_label = value(roc_auc_score, LABEL_SCORES.T, LABELS.T, average=None, label_axis=0)
    np.testing.assert_array_equal(by_label, [1, 0.5, np.nan])
    # by hand: of two items, with the weights 1 and 3
    weights, scores, targets = np.array([[1.0], [3.0]]), LABEL_SCORES[[0, 2]], LABELS[[0, 2]]
    for function, areas in ((roc_auc_score, (0, 1)), (average_precision_score, (1 / 3, 1))):
        found = value(function, scores, targets, average="samples", weights=weights, label_axis=-1)
        np.testing.assert_allclose(found, (areas[0] + 3 * areas[1]) / 4)
        found = value(function, scores.T, targets.T, average="samples", weights=weights.T, label_axis=0)
        np.testing.assert_allclose(found, (areas[0] + 3 * areas[1]) / 4)


@pytest.mark.parametrize("curve", [roc_curve, precision_recall_curve, det_curve])
def test_curves_of_labels(curve):
    """They are those of each label, with its mask and weights."""
    mask, weights = LABEL_SCORES != 0.9, LABEL_SCORES + 1
    for options in ({}, {"num_bins": 11}) if curve is not det_curve else ({},):
        found = value(curve, LABEL_SCORES.T, LABELS.T, mask=mask.T, weights=weights.T, label_axis=0, **options)
        columns = zip(LABEL_SCORES.T, LABELS.T, mask.T, weights.T, strict=True)
        expected = [value(curve, p, t, mask=m, weights=w, **options) for p, t, m, w in columns]
        np.testing.assert_allclose(found, np.stack(expected, axis=-1), rtol=1e-12)


def test_averages_are_checked():
    p, t = pt.matrices("p", "t")
    with pytest.raises(ValueError, match="average must be one of 'macro', 'weighted', 'micro', 'samples' or None, not"):
        roc_auc_score(p, t, average="binary", label_axis=-1)
    with pytest.raises(ValueError, match=r"average='samples' is a mean over the items .* give its label_axis"):
        average_precision_score(p, t, average="samples")
    for option, number in (("num_bins", 5), ("max_fpr", 0.5)):
        with pytest.raises(ValueError, match=f"average='samples' compares all .* leave {option} None"):
            roc_auc_score(p, t, average="samples", label_axis=-1, **{option: number})
    with pytest.raises(TypeError, match="label_axis must be an integer"):
        roc_auc_score(p, t, label_axis="labels")
    with pytest.raises(ValueError, match="average must be 'macro' or 'weighted', not 'micro'"):
        multiclass_roc_auc_score(p, t, multi_class="ovo", average="micro", num_classes=3)
