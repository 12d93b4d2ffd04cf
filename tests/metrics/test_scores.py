"""Precision, recall and other ratios: edge cases with values worked out by hand."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from sklearn import metrics as sklearn

import objectives
from objectives import (
    aggregate,
    binary_accuracy,
    binary_confusion_matrix,
    binary_f1_score,
    binary_fbeta_score,
    binary_jaccard_score,
    binary_negative_predictive_value,
    binary_precision,
    binary_recall,
    binary_specificity,
    categorical_accuracy,
    class_likelihood_ratios,
    compile_validation,
    confusion_matrix,
    f1_score,
    fbeta_score,
    jaccard_score,
    negative_predictive_value,
    precision,
    recall,
    specificity,
)

NAN = float("nan")
MANY = [precision, recall, specificity, negative_predictive_value, fbeta_score, f1_score, jaccard_score]
AVERAGES = ("macro", "weighted", "micro")


def test_absent_classes_are_ignored_by_default():
    assert jaccard_score([0, 0], [0, 0], num_classes=3).eval() == 1
    np.testing.assert_allclose(jaccard_score([0, 0], [0, 0], num_classes=3, absent="count").eval(), 1 / 3)
    # class 1 is predicted only: it counts, with a recall of 0/0
    assert recall([0, 1], [0, 0], num_classes=3).eval() == 0.25
    # neither item is predicted as the absent class 2
    np.testing.assert_allclose(specificity([0, 1], [0, 0], num_classes=3, absent="count").eval(), (0 + 0.5 + 1) / 3)
    assert specificity([0, 1], [0, 0], num_classes=3).eval() == 0.25


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@pytest.mark.parametrize("zero_division", [0, 1, NAN])
@pytest.mark.parametrize("name", ["precision", "recall", "fbeta"])
def test_zero_division_matches_sklearn(name, zero_division, average):
    predictions, targets = [0, 0, 1, 1], [0, 2, 1, 2]
    options = {"zero_division": zero_division, "average": average} | ({"beta": 0.5} if name == "fbeta" else {})
    expected = getattr(sklearn, f"{name}_score")(targets, predictions, labels=range(4), **options)
    ours = getattr(objectives, {"fbeta": "fbeta_score"}.get(name, name))
    value = ours(predictions, targets, num_classes=4, absent="count", **options).eval()
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_no_items_give_zero_division():
    nothing = np.zeros(0, "int64")
    for zero_division in (0, 1, NAN):
        options = {"num_classes": 2, "zero_division": zero_division}
        values = [f(nothing, nothing, average=average, **options) for f in MANY for average in AVERAGES]
        np.testing.assert_array_equal(pytensor.function([], values)(), np.full(len(values), zero_division))


def test_empty_counts_are_exactly_0_for_any_weights():
    """If all items belong to one class, or are predicted as it, 0/0 must not become a ratio of rounding errors."""
    rng = np.random.default_rng(0)
    one, others, weights = np.full(50, 3), rng.integers(0, 12, 50), rng.uniform(size=50)
    options = {"num_classes": 12, "average": None, "weights": weights, "zero_division": NAN}
    assert np.isnan(negative_predictive_value(one, others, **options).eval()[3])
    assert np.isnan(specificity(others, one, **options).eval()[3])


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", None])
def test_infinite_beta_gives_recall(average):
    predictions, targets, options = [0, 1, 1, 1], [0, 1, 2, 2], {"num_classes": 3, "average": average}
    expected = sklearn.fbeta_score(targets, predictions, beta=np.inf, average=average)
    for beta in (np.inf, 1e200):
        np.testing.assert_allclose(fbeta_score(predictions, targets, beta=beta, **options).eval(), expected)
    assert binary_fbeta_score([0.9, 0.2], [1, 1], beta=np.inf).eval() == 0.5


def test_beta_0_gives_precision():
    predictions, targets = [0, 1, 1, 1], [0, 1, 2, 2]
    assert fbeta_score(predictions, targets, beta=0, num_classes=3).eval() == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert precision(predictions, targets, num_classes=3).eval() == pytest.approx((1 + 1 / 3 + 0) / 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"average": "mean"}, r"average must be one of 'macro', 'weighted', 'micro' or None, not 'mean'"),
        ({"absent": True}, "absent must be 'ignore' or 'count', not True"),
        ({"zero_division": 0.5}, "zero_division must be 0, 1 or NaN, not 0.5"),
        ({"zero_division": "warn"}, "zero_division must be 0, 1 or NaN, not 'warn'"),
        ({"num_classes": 0}, "num_classes must be a whole number of at least 1, not 0"),
        ({"num_classes": None}, "num_classes must be given: class indices do not tell"),
    ],
)
def test_errors(options, message):
    for function in MANY:
        with pytest.raises(ValueError, match=message):
            function([0, 1], [0, 1], **({"num_classes": 2} | options))


def test_errors_of_binary_scores():
    for label_axis in (None, -1):
        with pytest.raises(ValueError, match="average must be one of"):
            binary_precision([[0.5]], [[1]], label_axis=label_axis, average="samples")
        with pytest.raises(ValueError, match="zero_division must be"):
            binary_precision([[0.5]], [[1]], label_axis=label_axis, zero_division=2)
    for beta in (-1, NAN, "1"):
        with pytest.raises(ValueError, match="beta must be a number of at least 0"):
            fbeta_score([0], [0], num_classes=2, beta=beta)
    with pytest.raises(TypeError, match="label_axis must be an integer, or None to pool all elements, not 'rows'"):
        binary_recall([[0.5]], [[1]], label_axis="rows")
    with pytest.raises(np.exceptions.AxisError, match="label_axis: axis 2 is out of bounds"):
        binary_recall([[0.5]], [[1]], label_axis=2)


def test_top_k():
    """By hand: of equal scores the lower classes are among the best, and a NaN score is visible."""
    scores, targets = np.array([[0.5, 0.5, 0.5], [-np.inf, -np.inf, 1]]), [2, 0]
    each, pooled = {"top_k": 2, "average": None, "zero_division": NAN}, {"top_k": 2, "average": "micro"}
    unscored = np.where([[False], [True]], NAN, scores)
    found = [
        precision(scores, targets, **each),
        recall(scores, targets, **each),
        recall(scores.T, targets, axis=0, **each),
        precision(scores, targets, **pooled),
        recall(scores, targets, **pooled) - aggregate(categorical_accuracy(scores, targets, 2)),
        f1_score(scores, targets, top_k=3, average="micro"),
        f1_score(unscored, targets, top_k=2),
        f1_score(unscored, targets, top_k=2, mask=[True, False]),
    ]
    expected = [[0.5, 0, 0], [1, NAN, 0], [1, NAN, 0], 1 / 4, 0, 1 / 2, NAN, 0]
    for value, number in zip(pytensor.function([], found)(), expected, strict=True):
        np.testing.assert_array_equal(value, number)


def test_errors_of_top_k():
    scores = np.eye(3)
    for function in (precision, recall, fbeta_score, f1_score):
        with pytest.raises(TypeError, match=r"top_k=2 needs a score for each class: .* not class indices of int64"):
            function([0, 1], [0, 1], num_classes=3, top_k=2)
        with pytest.raises(ValueError, match="top_k must be a whole number of at least 1, not 0"):
            function(scores, [0, 1, 2], top_k=0)
        with pytest.raises(ValueError, match="top_k must be at most the number of classes, 3, not 4"):
            function(scores, [0, 1, 2], top_k=4)
    with pytest.raises(TypeError, match=r"predictions \(3,\) and targets are vectors"):
        precision([0.1, 0.8, 0.9], [0, 1, 1], top_k=2)
    with pytest.raises(ValueError, match="num_classes is 4, but predictions have scores for 3 classes"):
        precision(scores, [0, 1, 2], num_classes=4, top_k=2)
    with pytest.raises(AssertionError):
        precision(x := pt.matrix(), [0, 1, 2], num_classes=4, top_k=2).eval({x: scores})
    with pytest.raises(IndexError, match=r"class label 3 at position \(1,\) of the targets is outside \[0, 3\)"):
        precision(scores, [0, 3, 2], top_k=2).eval()


def test_a_nan_score_is_visible_in_every_average():
    scores, targets = np.eye(3), [0, 1, 2]
    scores[1, 0] = np.nan
    values = [function(scores, targets, average=average) for function in MANY for average in AVERAGES]
    assert np.isnan(pytensor.function([], values)()).all()


def test_mean_iou_of_an_image():
    """Keras's MeanIoU gives (1/2 + 2/3) / 2 as well; its ignored class is a mask here."""
    image, truth = np.array([[0, 1], [1, 1]]), np.array([[0, 0], [1, 1]])
    np.testing.assert_allclose(jaccard_score(image, truth, num_classes=2).eval(), 7 / 12)
    truth[0, 1] = 255
    assert jaccard_score(image, truth, num_classes=2, mask=truth != 255).eval() == 1


def test_binary_threshold_matches_binary_accuracy():
    np.testing.assert_array_equal(binary_confusion_matrix([0.5], [0]).eval(), [[0, 1], [0, 0]])
    # 0.7 in float32 is less than 0.7 in float64
    predictions = np.array([0.7], "float32")
    assert binary_accuracy(predictions, [1], 0.7).eval() == 1
    assert binary_recall(predictions, [1], 0.7).eval() == 1


def test_binary_edges():
    predictions, targets = [0.9, 0.8, 0.3, 0.1], [1, 0, 1, 1]
    assert binary_precision(predictions, targets).eval() == 0.5
    np.testing.assert_allclose(binary_recall(predictions, targets).eval(), 1 / 3)
    assert binary_specificity(predictions, targets).eval() == 0
    assert binary_negative_predictive_value(predictions, targets).eval() == 0
    np.testing.assert_allclose(binary_f1_score(predictions, targets).eval(), 0.4)
    assert binary_jaccard_score(predictions, targets).eval() == 0.25
    assert np.isnan(binary_precision([0.1], [1], zero_division=NAN).eval())
    assert binary_precision(predictions, targets, weights=np.array([True, False, True, True])).eval() == 1


def test_label_axis_and_thresholds_per_label():
    predictions = np.array([[0.2, 0.6], [0.4, 0.9]])
    targets = [[0, 1], [1, 1]]
    by_label = binary_recall(predictions, targets, label_axis=1, average=None)
    np.testing.assert_array_equal(by_label.eval(), [0, 1])
    np.testing.assert_array_equal(
        binary_recall(predictions.T, np.transpose(targets), label_axis=0, average=None).eval(), [0, 1]
    )
    recalls = binary_recall(predictions, targets, np.array([[0.3, 0.7]]), label_axis=1, average=None)
    np.testing.assert_array_equal(recalls.eval(), [1, 0.5])


def test_a_nan_prediction_is_visible():
    predictions, targets = [0.2, NAN], [1, 0]
    assert np.isnan(binary_confusion_matrix(predictions, targets).eval()).all()
    assert np.isnan(binary_precision(predictions, targets).eval())
    # but not if it is masked, and not in other labels
    assert binary_recall(predictions, targets, mask=np.array([True, False])).eval() == 0
    matrices = binary_confusion_matrix([predictions], [targets], label_axis=-1).eval()
    np.testing.assert_array_equal(matrices[0], [[0, 0], [1, 0]])
    assert np.isnan(matrices[1]).all()


@pytest.mark.parametrize("target", [0.5, 2])
def test_targets_other_than_0_and_1_are_refused(target):
    """Unless they are masked."""
    p, t = pt.vectors("pt")
    given = {p: [0.2, 0.4], t: [1, target]}
    for measure in (binary_confusion_matrix, binary_precision):
        with pytest.raises(IndexError, match=rf"target {target} at position \(1,\) is neither 0 nor 1"):
            measure(p, t).eval(given)
    assert binary_recall(p, t, mask=np.array([True, False])).eval(given) == 0


def test_a_column_goes_with_a_vector():
    np.testing.assert_array_equal(
        binary_confusion_matrix(np.array([[0.2], [0.9], [0.8]]), [0, 0, 1]).eval(), [[1, 1], [0, 1]]
    )


def test_all_share_one_state():
    predictions, targets = pt.lvectors("predictions", "targets")
    measures = {"matrix": confusion_matrix(predictions, targets, num_classes=3)}
    measures |= {f.__name__: f(predictions, targets, num_classes=3) for f in MANY}
    validation = compile_validation([predictions, targets], measures)
    assert validation.state.keys() == {"matrix.0", "batches"}
    validation.update(([0, 1], [0, 2]))
    validation.update(([1, 1], [1, 1]))
    assert validation.result()["precision"] == pytest.approx((1 + 2 / 3 + 0) / 3)


@pytest.mark.parametrize(
    "measure",
    [
        *("confusion_matrix", "f1_score", "matthews_corrcoef"),
        *("calibration_error", "multiclass_roc_auc_score", "perplexity"),
    ],
)
def test_two_vectors_are_not_taken_for_one_item(measure):
    with pytest.raises(TypeError, match=r"(predictions|logits) \(3,\) and targets are vectors.* one item"):
        getattr(objectives, measure)([0.1, 0.8, 0.9], [0, 1, 1])


def test_normalized_matrices():
    """Empty rows, columns and matrices are 0, as in scikit-learn."""
    predicted, targets = [0, 1, 1], [0, 0, 1]
    found = confusion_matrix(predicted, targets, normalize="true", num_classes=3).eval()
    np.testing.assert_array_equal(found, [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0]])
    found = confusion_matrix(predicted, targets, normalize="pred", num_classes=3).eval()
    np.testing.assert_array_equal(found, [[1, 0.5, 0], [0, 0.5, 0], [0, 0, 0]])
    assert not confusion_matrix([0], [1], normalize="all", num_classes=2, mask=[False]).eval().any()
    for matrix in (confusion_matrix, binary_confusion_matrix):
        with pytest.raises(ValueError, match="normalize must be one of 'true', 'pred', 'all' or None, not 'rows'"):
            matrix([[0.5, 0.5]], [[0, 1]], normalize="rows")


def test_likelihood_ratios_without_errors():
    """By hand: a ratio x/0 is infinite, and 0/0 is NaN."""
    np.testing.assert_array_equal(class_likelihood_ratios([0.9, 0.2, 0.7], [1, 0, 1]).eval(), [np.inf, 0])
    np.testing.assert_array_equal(class_likelihood_ratios([0.1, 0.2, 0.3], [1, 0, 1]).eval(), [np.nan, 1])
    np.testing.assert_array_equal(class_likelihood_ratios([0.9, 0.8, 0.7], [1, 0, 1]).eval(), [1, np.nan])
    np.testing.assert_array_equal(class_likelihood_ratios([0.9, 0.2], [1, 1]).eval(), [np.nan, np.nan])
    found = class_likelihood_ratios([0.9, 0.2, 0.1], [0, 0, 1], weights=[2.0, 1.0, 1.0]).eval()
    np.testing.assert_allclose(found, [0, 3])


def test_measures_by_group_are_exact_over_batches():
    """A recipe of docs/metrics.rst, against NumPy and scikit-learn."""
    rng = np.random.default_rng(0)
    p, t, groups = rng.random(60), rng.integers(0, 2, 60), rng.integers(0, 3, 60)
    inputs = pt.vector("p"), pt.lvector("t"), pt.lvector("groups")
    masks = [pt.invert(pt.neq(inputs[2], group)) for group in range(3)]
    rates = pt.stack([binary_recall(*inputs[:2], mask=mask) for mask in masks])
    shares = pt.stack([aggregate(pt.ge(inputs[0], 0.5), mask=mask) for mask in masks])
    measures = {
        "rates": rates,
        "gap": rates.max() - rates.min(),
        "shares": shares,
        "ratio": shares.min() / shares.max(),
    }
    validation = compile_validation(inputs, measures)
    found = validation.validate([(p[i], t[i], groups[i]) for i in np.split(np.arange(60), [3, 30])], progress=False)
    recalls = [sklearn.recall_score(t[groups == group], p[groups == group] >= 0.5) for group in range(3)]
    selected = [(p[groups == group] >= 0.5).mean() for group in range(3)]
    np.testing.assert_allclose(found["rates"], recalls)
    np.testing.assert_allclose(found["gap"], np.ptp(recalls))
    np.testing.assert_allclose(found["shares"], selected)
    np.testing.assert_allclose(found["ratio"], min(selected) / max(selected))
