"""What is drawn is what was given: read back from the pictures."""

import subprocess
import sys
from inspect import signature
from pathlib import Path

import numpy as np
import pytensor.tensor as pt
import pytest
from numpydoc.docscrape import FunctionDoc
from sklearn import metrics

import objectives
from objectives import plot

pyplot = pytest.importorskip("matplotlib.pyplot")
to_rgb = pytest.importorskip("matplotlib.colors").to_rgb
pytestmark = pytest.mark.usefixtures("figures")
ROOT = Path(__file__).parent.parent
FUNCTIONS = {name: value for name, value in vars(plot).items() if name.startswith("plot_")}
TARGETS = np.array([0, 1, 1, 0, 1, 0, 1, 1])
SCORES = np.array([0.1, 0.9, 0.4, 0.5, 0.8, 0.3, 0.2, 0.8])


def line(ax, label):
    return next(line for line in ax.lines if str(line.get_label()).startswith(label))


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# All of them


@pytest.mark.parametrize("name", FUNCTIONS)
def test_documentation(name):
    function = FUNCTIONS[name]
    doc = FunctionDoc(function)
    documented = ", ".join(p.name for p in doc["Parameters"]).replace("*", "").split(", ")
    assert documented == list(signature(function).parameters)
    assert all(doc[section] for section in ("Returns", "Raises", "Examples"))
    assert f".. autofunction:: {name}\n" in (ROOT / "docs/plot.rst").read_text()


def test_functions_are_found_in_one_place():
    assert len(FUNCTIONS) == 6
    assert not FUNCTIONS.keys() & vars(objectives).keys()


def test_without_matplotlib():
    code = """
import sys
sys.modules["matplotlib"] = None
from objectives.plot import plot_confusion_matrix
plot_confusion_matrix([[1]])
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "ImportError: plots need matplotlib: pip install matplotlib" in done.stderr


CALLS = {
    "plot_confusion_matrix": lambda ax: plot.plot_confusion_matrix([[1, 0], [2, 3]], ax=ax),
    "plot_roc_curve": lambda ax: plot.plot_roc_curve(([0, 1], [0, 1]), ax=ax),
    "plot_precision_recall_curve": lambda ax: plot.plot_precision_recall_curve(([0.5, 1], [1, 0]), ax=ax),
    "plot_reliability_diagram": lambda ax: plot.plot_reliability_diagram([0.5], [0.5], [1], ax=ax),
    "plot_learning_curves": lambda ax: plot.plot_learning_curves({"loss": [1.0]}, ax=ax)[0],
    "plot_loss": lambda ax: plot.plot_loss("squared_error", ax=ax),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("make", [lambda: pyplot.subplots()[1], lambda: pyplot.figure().add_axes((0.2, 0.2, 0.5, 0.5))])
def test_draws_on_the_given_axes(name, make):
    ax = make()
    whole = ax.get_position().bounds
    assert CALLS[name](ax) is ax
    assert len(pyplot.get_fignums()) == 1
    inside = [other.get_position().bounds for other in ax.figure.axes]
    low = min(y for _, y, _, _ in inside)
    assert low >= whole[1] - 1e-6, "a second panel stays within the place of the first"


# The confusion matrix


def numbers(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_confusion_matrix(normalize):
    matrix = metrics.confusion_matrix(TARGETS, SCORES > 0.45, normalize=normalize)
    counts = metrics.confusion_matrix(TARGETS, SCORES > 0.45)
    ax = plot.plot_confusion_matrix(counts, labels=["no", "yes"], normalize=normalize)
    np.testing.assert_allclose(ax.images[0].get_array(), matrix)
    assert numbers(ax) == [f"{value:.0f}" if normalize is None else f"{value:.2f}" for value in matrix.ravel()]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["no", "yes"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert len(ax.figure.axes) == 2, "a color bar"


def test_numbers_can_be_read_on_their_cells():
    ax = plot.plot_confusion_matrix([[0, 50], [75, 100]])
    image = ax.images[0]
    for text, value in zip(ax.texts, (0, 50, 75, 100), strict=True):
        colors = image.cmap(value / 100)[:3], to_rgb(text.get_color())
        luminance = [np.dot([0.2126, 0.7152, 0.0722], _linear(color)) for color in colors]
        contrast = (max(luminance) + 0.05) / (min(luminance) + 0.05)
        assert contrast > 3, (value, contrast)


def _linear(color):
    """Linear light of sRGB, as the Web Content Accessibility Guidelines define contrast."""
    c = np.asarray(color)
    return np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def test_empty_row_has_no_shares():
    ax = plot.plot_confusion_matrix([[0, 0], [1, 3]], normalize="true")
    assert numbers(ax) == ["0.25", "0.75"]


def test_weighted_and_many_classes():
    assert numbers(plot.plot_confusion_matrix([[0.5, 0], [0, 12345.5]])) == ["0.5", "0", "0", "1.235e+04"]
    ax = plot.plot_confusion_matrix(np.eye(100))
    assert not ax.texts and len(ax.get_xticks()) <= 30


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"matrix": [[1, 2]]}, ValueError, "square"),
        ({"matrix": [[1, -2], [0, 0]]}, ValueError, "negative"),
        ({"matrix": [1, 2]}, ValueError, "2 dimensions"),
        ({"matrix": np.eye(2), "labels": "abc"}, ValueError, "labels must name each of the 2 classes, not 3"),
        ({"matrix": np.eye(2), "normalize": "rows"}, ValueError, "'true', 'pred', 'all'"),
        ({"matrix": pt.matrix()}, TypeError, "eval"),
    ],
)
def test_wrong_confusion_matrix(arguments, error, message):
    with pytest.raises(error, match=message):
        plot.plot_confusion_matrix(**arguments)


# Curves


def test_roc_curve():
    fpr, tpr, thresholds = metrics.roc_curve(TARGETS, SCORES)
    ax = plot.plot_roc_curve((fpr, tpr, thresholds))
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.stack([fpr, tpr], 1))
    assert texts(ax) == [f"AUC {metrics.roc_auc_score(TARGETS, SCORES):.3f}", "chance"]
    np.testing.assert_array_equal(line(ax, "chance").get_xydata(), [[0, 0], [1, 1]])


def test_several_roc_curves():
    curves = {"a": metrics.roc_curve(TARGETS, SCORES)[:2], "b": metrics.roc_curve(TARGETS, -SCORES)[:2]}
    ax = plot.plot_roc_curve(curves)
    areas = [metrics.roc_auc_score(TARGETS, scores) for scores in (SCORES, -SCORES)]
    assert texts(ax) == [f"a, AUC {areas[0]:.3f}", f"b, AUC {areas[1]:.3f}", "chance"]
    assert ax.lines[0].get_color() != ax.lines[1].get_color()


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["falling", "rising"])
def test_precision_recall_curve(order):
    precision, recall, _ = metrics.precision_recall_curve(TARGETS, SCORES)
    ax = plot.plot_precision_recall_curve((precision[order], recall[order]), prevalence=TARGETS.mean())
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.stack([recall, precision], 1))
    assert texts(ax) == [f"AP {metrics.average_precision_score(TARGETS, SCORES):.3f}", "chance 0.625"]
    assert ax.lines[1].get_ydata()[0] == TARGETS.mean()


@pytest.mark.parametrize(
    ("curve", "error", "message"),
    [
        (([0, 1], [0, 0.5, 1]), ValueError, "2 false positive rates, but 3"),
        (([0, 2], [0, 1]), ValueError, r"in \[0, 1\]"),
        (([0, np.nan], [0, 1]), ValueError, r"in \[0, 1\]"),
        (([0, 0.5, 0.2], [0, 0.5, 1]), ValueError, "rise and fall"),
        (([],), ValueError, "pair of arrays"),
        ({}, ValueError, "at least one curve, not an empty dict"),
        (([0, 1], pt.vector()), TypeError, "eval"),
    ],
)
def test_wrong_curve(curve, error, message):
    with pytest.raises(error, match=message):
        plot.plot_roc_curve(curve)


def test_exchanged_precision_and_recall():
    precision, recall, _ = metrics.precision_recall_curve(TARGETS, SCORES)
    with pytest.raises(ValueError, match=r"order \(precision, recall\)"):
        plot.plot_precision_recall_curve((recall, precision))


def test_reliability_diagram():
    confidence, accuracy, weights = [np.nan, 0.4, 0.9], [np.nan, 0.5, 0.6], [0, 1, 3]
    ax = plot.plot_reliability_diagram(confidence, accuracy, weights)
    np.testing.assert_array_equal(line(ax, "predictions").get_xydata(), [[0.4, 0.5], [0.9, 0.6]])
    assert ax.get_title() == f"Reliability, ECE {0.25 * 0.1 + 0.75 * 0.3:.3f}"
    bars = ax.figure.axes[-1].patches
    assert [bar.get_height() for bar in bars] == [0, 0.25, 0.75]
    np.testing.assert_allclose([bar.get_x() for bar in bars], [0, 1 / 3, 2 / 3])
    ax = plot.plot_reliability_diagram([0.5], [0.5], [1], edges=[0.25, 0.75])
    assert ax.figure.axes[-1].patches[0].get_width() == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5], [0.5, 1], [1, 1]), "numbers of bins differ"),
        (([0.5, 0.5], [0.5, 1], [1, 1], [0, 1]), "numbers of bins differ"),
        (([0.5], [0.5], [0]), "not all 0"),
        (([0.5, 0.5], [0.5, 0.5], [1, -1]), "negative"),
        (([0.5], [1.5], [1]), r"in \[0, 1\]"),
        (([0.5], [np.nan], [1]), r"in \[0, 1\]"),
    ],
)
def test_wrong_reliability_diagram(arguments, message):
    *given, edges = arguments if len(arguments) == 4 else (*arguments, None)
    with pytest.raises(ValueError, match=message):
        plot.plot_reliability_diagram(*given, edges=edges)


# Learning curves

HISTORY = {"train_loss": [3, 2, 1], "val_loss": [3, 1, 2], "validation_accuracy": [0.1, np.nan, 0.3], "rate": [3, 2, 1]}


@pytest.mark.parametrize("rows", [False, True], ids=["by name", "by epoch"])
def test_learning_curves(rows):
    history = [{name: HISTORY[name][i] for name in HISTORY} for i in range(3)] if rows else HISTORY
    loss, accuracy, rate = axes = plot.plot_learning_curves(history)
    assert [ax.get_ylabel() for ax in axes] == ["loss", "accuracy", "rate"]
    np.testing.assert_array_equal(line(loss, "training").get_ydata(), HISTORY["train_loss"])
    np.testing.assert_array_equal(line(loss, "validation").get_xydata(), [[1, 3], [2, 1], [3, 2]])
    np.testing.assert_array_equal(line(accuracy, "validation").get_ydata(), HISTORY["validation_accuracy"])
    assert [text.get_text() for ax in axes for text in ax.texts] == ["best 1, epoch 2", "best 0.3, epoch 3"]
    assert not rate.texts and rate.get_legend() is None


def test_names_of_keras():
    (loss,) = plot.plot_learning_curves({"loss": [2, 1], "val_loss": [3, 2]})
    np.testing.assert_array_equal(line(loss, "training").get_ydata(), [2, 1])


@pytest.mark.parametrize(
    ("best", "measures"),
    [
        (
            1,
            [
                "crps",
                "kl",
                "bce",
                "hinge",
                "ece",
                "mad",
                "log_loss",
                "mean_absolute_error",
                "brier_score",
                "perplexity",
            ],
        ),
        (1, ["ensemble_crps", "dice_loss", "label-ranking-loss", "cross entropy", "fall_out_at_k"]),
        (2, ["acc", "top_5_accuracy", "roc_auc_score", "F1", "d2_log_loss_score", "cosine_similarity", "r2"]),
        (None, ["my_measure", "dice", "score", "learning_rate", "percentage_error", "roc_curve", "median_error"]),
    ],
)
def test_epochs_are_best_by_what_is_known(best, measures):
    """Neither the worst epoch nor a guess is marked."""
    history = {f"val_{name}": [1, 2] for name in measures}
    for name, ax in zip(measures, plot.plot_learning_curves(history), strict=True):
        assert [text.get_text() for text in ax.texts] == ([f"best {best}, epoch {best}"] if best else []), name


def test_which_epoch_is_best():
    history = {"val_accuracy": [1, 2], "accuracy": [5, 6]}
    assert plot.plot_learning_curves(history)[0].texts[0].get_text() == "best 2, epoch 2"
    assert plot.plot_learning_curves(history, best={"accuracy": "min"})[0].texts[0].get_text() == "best 1, epoch 1"
    assert not plot.plot_learning_curves(history, best={"accuracy": None})[0].texts
    assert plot.plot_learning_curves({"rate": [1, 2]}, best={"rate": "max"})[0].texts[0].get_text() == "best 2, epoch 2"


def test_missing_values_in_rows():
    (loss,) = plot.plot_learning_curves([{"val_loss": 1}, {}, {"val_loss": 0}])
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), [1, np.nan, 0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (({},), ValueError, "nothing"),
        (([],), ValueError, "nothing"),
        (([1, 2],), TypeError, "dict"),
        (({"a": []},), ValueError, "'a'"),
        (({"a": [1]}, {"b": "min"}), ValueError, "some of the measures"),
        (({"a": [1]}, {"a": "least"}), ValueError, "'min', 'max'"),
    ],
)
def test_wrong_history(arguments, error, message):
    history, best = arguments if len(arguments) == 2 else (*arguments, None)
    with pytest.raises(error, match=message):
        plot.plot_learning_curves(history, best=best)


def test_wrong_number_of_axes():
    with pytest.raises(ValueError, match="one Axes for each"):
        plot.plot_learning_curves({"a": [1], "b": [1]}, ax=pyplot.subplots()[1])
