"""Curves over all thresholds, and reliability diagrams."""

from collections.abc import Mapping

import numpy as np

from objectives.plot._axes import REFERENCE, array_of, colour, new_axes, panel_below, unit_square

__all__ = ["plot_precision_recall_curve", "plot_reliability_diagram", "plot_roc_curve"]


def plot_roc_curve(curves, *, ax=None):
    """Draw receiver operating characteristics, with the area under each.

    Parameters
    ----------
    curves : tuple or dict
        ``(fpr, tpr)``, the false and the true positive rates (K,) of one curve, or several such by name. A third
        array, of thresholds, is ignored, so that what ``roc_curve`` returns fits.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib Axes
        With the picture.

    Raises
    ------
    TypeError
        If a curve is symbolic.
    ValueError
        If a rate is outside [0, 1], if rates fall and rise, or if their numbers differ.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The area is that of trapezoids. A guess without looking gives the diagonal, whose area is 1/2.

    Examples
    --------
    >>> from objectives.plot import plot_roc_curve
    >>> ax = plot_roc_curve(([0, 0, 0.5, 1], [0, 0.5, 1, 1]))
    >>> ax.get_legend().get_texts()[0].get_text()
    'AUC 0.875'
    """
    curves = _named(curves, ("false positive rates", "true positive rates"), monotone=(0, 1))
    areas = [abs(np.trapezoid(tpr, fpr)) for fpr, tpr in curves.values()]
    ax = new_axes(ax, figsize=(5, 5))
    for i, ((name, (fpr, tpr)), area) in enumerate(zip(curves.items(), areas, strict=True)):
        ax.plot(fpr, tpr, color=colour(i), label=f"{name}AUC {area:.3f}", linewidth=2, clip_on=False)
    ax.plot([0, 1], [0, 1], label="chance", **REFERENCE)
    unit_square(ax)
    ax.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC curve")
    ax.legend(frameon=False, loc="lower right")
    return ax


def plot_precision_recall_curve(curves, *, prevalence=None, ax=None):
    """Draw precision over recall, with the average precision of each curve.

    Parameters
    ----------
    curves : tuple or dict
        ``(precision, recall)``, (K,) each, of one curve, or several such by name. A third array, of thresholds, is
        ignored, so that what ``precision_recall_curve`` returns fits.
    prevalence : float, optional
        The share of positive items, which is the precision of guesses; drawn as a line.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib Axes
        With the picture.

    Raises
    ------
    TypeError
        If a curve is symbolic.
    ValueError
        If a number is outside [0, 1], if the recall falls and rises (as it does where precision and recall are
        exchanged), or if their numbers differ.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The average precision is the sum of the precisions at each threshold, times the recall that it adds: the area
    under the steps that are drawn. Straight lines between the points would promise too much.

    Examples
    --------
    >>> from objectives.plot import plot_precision_recall_curve
    >>> ax = plot_precision_recall_curve(([0.5, 2 / 3, 1, 1], [1, 1, 0.5, 0]), prevalence=0.5)
    >>> ax.get_legend().get_texts()[0].get_text()
    'AP 0.833'
    """
    curves = _named(curves, ("precision", "recall"), monotone=(1,))
    ax = new_axes(ax, figsize=(5, 5))
    for i, (name, (precision, recall)) in enumerate(curves.items()):
        if recall[0] < recall[-1]:
            precision, recall = precision[::-1], recall[::-1]
        area = -np.sum(np.diff(recall) * precision[:-1])
        style = {"linewidth": 2, "drawstyle": "steps-post", "clip_on": False}
        ax.plot(recall, precision, color=colour(i), label=f"{name}AP {area:.3f}", **style)
    if prevalence is not None:
        (prevalence,) = _in_unit_interval([prevalence], "the prevalence")
        ax.axhline(prevalence, label=f"chance {prevalence:.3f}", **REFERENCE)
    unit_square(ax)
    ax.set(xlabel="recall", ylabel="precision", title="Precision and recall")
    ax.legend(frameon=False, loc="best")
    return ax


def plot_reliability_diagram(confidence, accuracy, weights, *, edges=None, ax=None):
    """Draw how often predictions of each confidence are right, and how many there are.

    Parameters
    ----------
    confidence, accuracy, weights : array
        Mean confidence, share of right predictions and number (or weight) of predictions in each bin (B,), as
        ``calibration_curve`` returns them. Of a bin without predictions the first two may be NaN.
    edges : array, optional
        Borders of the bins (B + 1,); bins of equal width from 0 to 1 if not given.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib Axes
        With the diagram. The histogram below it is the last Axes of the figure, ``ax.figure.axes[-1]``.

    Raises
    ------
    TypeError
        If an array is symbolic.
    ValueError
        If numbers of bins differ, a share is outside [0, 1], a weight is negative or all are 0.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The expected calibration error in the title is the mean distance of accuracy from confidence (the thin lines),
    weighted by the bins.

    Examples
    --------
    >>> from objectives.plot import plot_reliability_diagram
    >>> ax = plot_reliability_diagram([0.3, 0.9], [0.4, 0.7], [10, 30])
    >>> print(ax.get_title())
    Reliability, ECE 0.175
    """
    weights = array_of(weights, "the weights", ndim=1)
    if (weights < 0).any() or weights.sum() == 0:
        raise ValueError("weights of bins must not be negative, and not all 0")
    there = weights > 0
    edges = np.linspace(0, 1, len(weights) + 1) if edges is None else _in_unit_interval(edges, "edges")
    given = [array_of(x, what, ndim=1) for x, what in ((confidence, "confidence"), (accuracy, "accuracy"))]
    if len(edges) != len(weights) + 1 or any(len(x) != len(weights) for x in given):
        raise ValueError(
            f"numbers of bins differ: {len(given[0])} confidences, {len(given[1])} accuracies, {len(weights)} weights, "
            f"{len(edges)} edges (one more)"
        )
    confidence, accuracy = (_in_unit_interval(x[there], "confidence and accuracy") for x in given)
    error = np.average(np.abs(accuracy - confidence), weights=weights[there])

    ax = new_axes(ax, figsize=(5, 6.2))
    ax.plot([0, 1], [0, 1], label="perfectly calibrated", **REFERENCE)
    ax.vlines(confidence, confidence, accuracy, color=colour(1), linewidth=1.5, label="gap")
    ax.plot(confidence, accuracy, "o-", color=colour(0), linewidth=2, markersize=5, label="predictions", clip_on=False)
    unit_square(ax)
    ax.set(aspect="auto", ylabel="accuracy", title=f"Reliability, ECE {error:.3f}")
    ax.legend(frameon=False, loc="upper left")

    below = panel_below(ax, share=0.2)
    below.bar(edges[:-1], weights / weights.sum(), np.diff(edges), align="edge", color=colour(0), alpha=0.6)
    below.set(xlabel="confidence", ylabel="share of items")
    return ax


def _named(curves, whats, monotone):
    """Pairs of arrays by name with a comma, or of the name "" if there is only one."""
    several = isinstance(curves, Mapping)
    curves = curves if several else {"": curves}
    if not curves:
        raise ValueError("there is no curve to draw")
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
