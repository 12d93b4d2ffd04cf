"""Plots of ROC curves, precision-recall curves and reliability diagrams."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from objectives.plot._axes import REFERENCE, array_of, color, new_axes, panel_below, unit_square

__all__ = ["plot_precision_recall_curve", "plot_reliability_diagram", "plot_roc_curve"]

Curve: TypeAlias = tuple[ArrayLike, ...]


def plot_roc_curve(curves: Curve | Mapping[str, Curve], *, ax: Any = None) -> Any:
    """Plot ROC curves (receiver operating characteristics), with the area under each.

    Parameters
    ----------
    curves : tuple or dict
        ``(fpr, tpr)``, false and true positive rates (K,) as of `roc_curve`, whose thresholds are ignored; or several
        such tuples by name.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The Axes with the plot.

    Raises
    ------
    TypeError, ValueError
        If a curve is symbolic, not monotone, outside [0, 1], or of different lengths.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The area is computed by trapezoids. Random guessing gives the diagonal, with an area of 1/2.

    Examples
    --------
    >>> from objectives.plot import plot_roc_curve
    >>> ax = plot_roc_curve(([0, 0, 0.5, 1], [0, 0.5, 1, 1]))
    >>> ax.get_legend().get_texts()[0].get_text()
    'AUC 0.875'
    """
    named = _named(curves, ("false positive rates", "true positive rates"), monotone=(0, 1))
    areas = [abs(np.trapezoid(tpr, fpr)) for fpr, tpr in named.values()]
    ax = new_axes(ax, figsize=(5, 5))
    for i, ((name, (fpr, tpr)), area) in enumerate(zip(named.items(), areas, strict=True)):
        ax.plot(fpr, tpr, color=color(i), label=f"{name}AUC {area:.3f}", linewidth=2, clip_on=False)
    ax.plot([0, 1], [0, 1], label="chance", **REFERENCE)
    unit_square(ax)
    ax.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC curve")
    ax.legend(frameon=False, loc="lower right")
    return ax


def plot_precision_recall_curve(
    curves: Curve | Mapping[str, Curve], *, prevalence: float | None = None, ax: Any = None
) -> Any:
    """Plot precision-recall curves, with the average precision of each.

    Parameters
    ----------
    curves : tuple or dict
        ``(precision, recall)`` (K,) as of `precision_recall_curve`, whose thresholds are ignored; or several such
        tuples by name.
    prevalence : float, optional
        Fraction of positive items, the precision of random guessing; drawn as a line.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The Axes with the plot.

    Raises
    ------
    TypeError, ValueError
        If a curve is symbolic, outside [0, 1], of different lengths, or if precision and recall are exchanged.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    Average precision sums the precision at each threshold times the recall gained there: the area under the steps
    drawn. Straight lines between the points would be too optimistic.

    Examples
    --------
    >>> from objectives.plot import plot_precision_recall_curve
    >>> ax = plot_precision_recall_curve(([0.5, 2 / 3, 1, 1], [1, 1, 0.5, 0]), prevalence=0.5)
    >>> ax.get_legend().get_texts()[0].get_text()
    'AP 0.833'
    """
    named = _named(curves, ("precision", "recall"), monotone=(1,))
    ax = new_axes(ax, figsize=(5, 5))
    for i, (name, (precision, recall)) in enumerate(named.items()):
        if recall[0] < recall[-1]:
            precision, recall = precision[::-1], recall[::-1]
        area = -np.sum(np.diff(recall) * precision[:-1])
        style = {"linewidth": 2, "drawstyle": "steps-post", "clip_on": False}
        ax.plot(recall, precision, color=color(i), label=f"{name}AP {area:.3f}", **style)
    if prevalence is not None:
        (share,) = _in_unit_interval([prevalence], "the prevalence")
        ax.axhline(share, label=f"chance {share:.3f}", **REFERENCE)
    unit_square(ax)
    ax.set(xlabel="recall", ylabel="precision", title="Precision and recall")
    ax.legend(frameon=False, loc="best")
    return ax


def plot_reliability_diagram(
    confidence: ArrayLike, accuracy: ArrayLike, weights: ArrayLike, *, edges: ArrayLike | None = None, ax: Any = None
) -> Any:
    """Plot a reliability diagram (calibration curve): accuracy by confidence, and a histogram of confidence.

    Parameters
    ----------
    confidence, accuracy, weights : array
        Mean confidence, accuracy and weight of each bin (B,), as of `calibration_curve`; NaN in empty bins.
    edges : array, optional
        Edges of the bins (B + 1,); by default of equal width from 0 to 1.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The Axes of the diagram; the histogram is on the last Axes of the figure, ``ax.figure.axes[-1]``.

    Raises
    ------
    TypeError, ValueError
        If an array is symbolic, if lengths differ, or if values are out of range or all weights are 0.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The expected calibration error in the title is the weighted mean of the gaps between accuracy and confidence.

    Examples
    --------
    >>> from objectives.plot import plot_reliability_diagram
    >>> ax = plot_reliability_diagram([0.3, 0.9], [0.4, 0.7], [10, 30])
    >>> print(ax.get_title())
    Reliability, ECE 0.175
    """
    w = array_of(weights, "weights", ndim=1)
    if (w < 0).any() or w.sum() == 0:
        raise ValueError("weights must not be negative, and not all 0")
    there = w > 0
    borders = np.linspace(0, 1, len(w) + 1) if edges is None else _in_unit_interval(edges, "edges")
    given = [array_of(x, what, ndim=1) for x, what in ((confidence, "confidence"), (accuracy, "accuracy"))]
    if len(borders) != len(w) + 1 or any(len(x) != len(w) for x in given):
        raise ValueError(
            f"numbers of bins differ: {len(given[0])} confidences, {len(given[1])} accuracies, {len(w)} weights, "
            f"{len(borders)} edges (one more)"
        )
    x, y = (_in_unit_interval(values[there], "confidence and accuracy") for values in given)
    error = np.average(np.abs(y - x), weights=w[there])

    ax = new_axes(ax, figsize=(5, 6.2))
    ax.plot([0, 1], [0, 1], label="perfectly calibrated", **REFERENCE)
    ax.vlines(x, x, y, color=color(1), linewidth=1.5, label="gap")
    ax.plot(x, y, "o-", color=color(0), linewidth=2, markersize=5, label="predictions", clip_on=False)
    unit_square(ax)
    ax.set(aspect="auto", ylabel="accuracy", title=f"Reliability, ECE {error:.3f}")
    ax.legend(frameon=False, loc="upper left")

    below = panel_below(ax, share=0.2)
    below.bar(borders[:-1], w / w.sum(), np.diff(borders), align="edge", color=color(0), alpha=0.6)
    below.set(xlabel="confidence", ylabel="share of items")
    return ax


def _named(curves, whats, monotone):
    """Pairs of arrays by name with a comma, or of the name "" if there is only one."""
    several = isinstance(curves, Mapping)
    curves = curves if several else {"": curves}
    if not curves:
        raise ValueError("curves must hold at least one curve, not an empty dict")
    return {f"{name}, " if several else name: _curve(curve, whats, monotone) for name, curve in curves.items()}


def _curve(curve, whats, monotone):
    try:
        x, y, *_ = curve
    except (TypeError, ValueError) as error:
        raise ValueError(f"a curve must be a pair of arrays ({', '.join(whats)}), or several by name") from error
    x, y = (_in_unit_interval(values, what) for values, what in zip((x, y), whats, strict=True))
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} {whats[0]}, but {len(y)} {whats[1]}")
    for i in monotone:
        steps = np.diff((x, y)[i])
        if (steps < 0).any() and (steps > 0).any():
            raise ValueError(f"{whats[i]} of a curve must not both rise and fall: is the order ({', '.join(whats)})?")
    return x, y


def _in_unit_interval(values, what):
    values = array_of(values, what, ndim=1)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{what} must be in [0, 1]: {values}")
    return values
