"""Losses are drawn with their gradients, over the range of their predictions."""

from inspect import signature

import numpy as np
import pytest

import objectives
from objectives import plot

pytest.importorskip("matplotlib")  # which plot needs, and nothing else
pytestmark = pytest.mark.usefixtures("figures")


def test_loss():
    ax = plot.plot_loss("huber_loss", targets=(0, 2), delta=0.5)
    gradients = ax.figure.axes[-1]
    for target, losses, gradient in zip((0, 2), ax.lines, gradients.lines, strict=True):
        x = losses.get_xdata()
        assert (x[0], x[-1]) == (-3, 5)
        error = x - target
        huber = np.where(abs(error) < 0.5, error**2 / 2, 0.5 * (abs(error) - 0.25))
        np.testing.assert_allclose(losses.get_ydata(), huber, atol=1e-12)
        np.testing.assert_allclose(gradient.get_ydata(), np.clip(error, -0.5, 0.5), atol=1e-12)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["target 0", "target 2"]


def test_loss_over_its_range():
    ax = plot.plot_loss(objectives.binary_crossentropy)
    x, losses = ax.lines[0].get_data()
    assert (x[0], x[-1], losses[0], losses[-1]) == (0, 1, 0, np.inf)
    np.testing.assert_allclose(losses[1:-1], -np.log1p(-x[1:-1]))
    assert ax.get_ylim()[1] < 10, "a pole does not flatten the rest"
    assert ax.get_xlabel() == "" and ax.figure.axes[-1].get_xlabel() == "prediction"


def test_measure_has_no_gradient():
    ax = plot.plot_loss("binary_accuracy", predictions=[0.4, 0.5, 0.6])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [0, 1, 1])
    assert len(ax.figure.axes) == 1


def test_function_of_ones_own():
    def cubic(predictions, targets, scale=1):
        return scale * (predictions - targets) ** 3

    ax = plot.plot_loss(cubic, targets=1, predictions=(0, 2), scale=2)
    x, losses = ax.lines[0].get_data()
    np.testing.assert_allclose(losses, 2 * (x - 1) ** 3)
    assert ax.get_title() == "cubic"


@pytest.mark.parametrize("name", [n for n in objectives.names() if objectives.facts(n).per == "element"])
def test_each_loss_can_be_drawn(name):
    known = objectives.facts(name)
    needed = [p for p in signature(known.function).parameters.values() if p.default is p.empty]
    options = {p.name: 1.0 for p in needed[1:] if p.name not in ("targets", needed[1].name)}
    options |= {"b": 0.0} if name == "margin_ranking_loss" else {}
    options |= {"log_odds": True} if name == "binary_hinge_loss" else {}
    if str(known.arguments.get("targets")).startswith("class indices"):
        with pytest.raises(ValueError, match="no curve"):
            plot.plot_loss(name)
        return
    ax = plot.plot_loss(name, targets=1, **options)
    assert np.isfinite(ax.lines[0].get_ydata()).sum() > 300


@pytest.mark.parametrize("name", ["categorical_crossentropy", "cosine_distance", "wmw_auc_loss", "multi_margin_loss"])
def test_loss_of_several_predictions(name):
    with pytest.raises(ValueError, match=f"{name} has no curve"):
        plot.plot_loss(name)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("gaussian_nll_loss",), {}, TypeError, "variance=1.0"),
        (("hubber_loss",), {}, ValueError, "huber_loss"),
        (("binary_crossentropy",), {"targets": 2}, ValueError, r"must be in \[0, 1\]"),
        ((lambda p, t: (p - t) * np.inf,), {}, ValueError, "finite nowhere"),
        ((lambda p, t: (p - t).sum(),), {}, ValueError, "one number for each prediction"),
        ((lambda p, t: (p - t)[:3],), {}, ValueError, "3"),
    ],
)
def test_wrong_loss(arguments, options, error, message):
    with pytest.raises(error, match=message):
        plot.plot_loss(*arguments, **options)
