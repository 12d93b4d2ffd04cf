"""The curve of a loss."""

from inspect import signature
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt

from objectives.lookup import BINARY, BINARY_OR_SIGNS, CLASSES, POSITIVE, REALS, SIGNS, UNIT, Facts, facts, get, names
from objectives.plot._axes import array_of, colour, new_axes, panel_below, tidy

__all__ = ["plot_loss"]

TARGETS = {BINARY: (0, 1), UNIT: (0, 1), BINARY_OR_SIGNS: (0, 1), SIGNS: (-1, 1), REALS: (0,), POSITIVE: (1, 3)}
REACH = 3  # how far predictions without a bound go beyond the targets
POINTS = 401
SHOWN = (2, 98)  # percentiles of values that must be in sight, so that a pole does not flatten the rest


def plot_loss(function, *, targets=None, predictions=None, ax=None, **options):
    """Draw an element-wise loss over predictions, and its gradient below.

    Parameters
    ----------
    function : callable or str
        The loss, or its name: one of this package, or any function of predictions and targets that returns one
        number for each element.
    targets : number or sequence of numbers, optional
        A line for each; 0 and 1 of binary targets if not given, 0 of real ones, 1 and 3 of positive ones.
    predictions : array or pair of numbers, optional
        Where to compute it (N,), or the ends of the range; if not given the range that `facts` knows, or 3 beyond
        the targets where that has no end.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if not given.
    **options
        Other arguments of the function, such as ``delta=2`` or ``variance=1.0``.

    Returns
    -------
    matplotlib Axes
        With the loss. The gradient below it, which measures do not have, is on the last Axes of the figure,
        ``ax.figure.axes[-1]``.

    Raises
    ------
    TypeError
        If an argument that the function needs is missing.
    ValueError
        If the function is not element-wise, or has no finite value in the range.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    PyTensor computes both, the gradient by differentiation of the expression. Where a loss goes to infinity the
    picture ends before it.

    Examples
    --------
    >>> from objectives.plot import plot_loss
    >>> ax = plot_loss("huber_loss", delta=0.5, predictions=[-1.0, 0.0, 1.0])
    >>> print(ax.lines[0].get_ydata())
    [0.375 0.    0.375]
    >>> print(ax.figure.axes[-1].lines[0].get_ydata())
    [-0.5  0.   0.5]
    """
    function = get(function) if isinstance(function, str) else function
    name = getattr(function, "__name__", "loss")
    known = facts(name) if name in names() and get(name) is function else Facts(function)
    parameters = signature(function).parameters
    first, second, *_ = parameters
    second = "targets" if "targets" in parameters else second
    if known.per != "element" or known.arguments.get(second) is CLASSES:
        raise ValueError(f"{name} has no curve: its value depends on several predictions, not on one and its target")
    missing = [p for p in parameters.values() if p.name not in (first, second, *options) and _is_needed(p)]
    if missing:
        raise TypeError(f"{name} needs {missing[0].name}, too: give a number, such as {missing[0].name}=1.0")

    targets = _targets(targets, known.arguments.get(second, REALS))
    x = _grid(predictions, targets, known.arguments.get(first, REALS))
    losses, gradients = _compute(function, name, (first, second), x, targets, options, known.differentiable)

    ax = new_axes(ax, figsize=(5.5, 5.5 if known.differentiable else 3.5))
    _draw(ax, x, losses, targets, "loss" if known.differentiable else "value")
    if known.differentiable:
        below = panel_below(ax, share=0.4)
        _draw(below, x, gradients, targets, "gradient")
    lowest = below if known.differentiable else ax
    lowest.set(xlabel={"logits": "logit", "predictions": "prediction"}.get(first, first.replace("_", " ")))
    ax.set(title=name, xlim=(x[0], x[-1]))
    ax.legend(frameon=False)
    return ax


def _is_needed(parameter):
    return parameter.default is parameter.empty and parameter.kind not in (
        parameter.VAR_KEYWORD,
        parameter.VAR_POSITIONAL,
    )


def _targets(targets, allowed):
    if targets is None:
        targets = TARGETS.get(allowed, (1, 3) if allowed.low == 0 else (0,))
    targets = array_of(np.atleast_1d(targets), "the targets", ndim=1)
    if (targets < allowed.low).any() or (targets > allowed.high).any():
        raise ValueError(f"targets must be in {allowed}, not {targets}")
    return targets


def _grid(predictions, targets, allowed):
    """The predictions at which the loss is computed."""
    if predictions is not None and np.shape(predictions) != (2,):
        return array_of(predictions, "the predictions", ndim=1)
    low = allowed.low if np.isfinite(allowed.low) else min(targets.min(), 0) - REACH
    high = allowed.high if np.isfinite(allowed.high) else max(targets.max(), 0) + REACH
    first, last = (low, high) if predictions is None else predictions
    return np.linspace(first, last, POINTS)


def _compute(function, name, arguments, x, targets, options, differentiable):
    """The loss and its gradient, a row for each target."""
    predictions, target = pt.dvectors("predictions", "targets")
    result = pt.as_tensor_variable(function(**dict(zip(arguments, (predictions, target), strict=True)), **options))
    if result.ndim != 1:
        raise ValueError(f"{name} has no curve: it must return one number for each prediction, not {result.type}")
    gradient: Any = pytensor.grad(result.sum(), predictions) if differentiable else pt.zeros_like(predictions)
    # Of few numbers, the time is that of the compilation.
    compute = pytensor.function([predictions, target], [result, gradient], mode="FAST_COMPILE")
    rows = [compute(x, np.full_like(x, t)) for t in targets]
    for t, (losses, _) in zip(targets, rows, strict=True):
        if losses.shape != x.shape:
            raise ValueError(f"{name} has no curve: it returns {losses.shape} numbers for {len(x)} predictions")
        if not np.isfinite(losses).any():
            raise ValueError(f"{name} is finite nowhere in [{x[0]:g}, {x[-1]:g}] for the target {t:g}: give others")
    return zip(*rows, strict=True)


def _draw(ax, x, curves, targets, label):
    for i, (target, values) in enumerate(zip(targets, curves, strict=True)):
        ax.plot(x, values, color=colour(i), linewidth=2, label=f"target {target:g}")
    ax.set(ylabel=label, ylim=_limits(np.concatenate(curves)))
    tidy(ax)


def _limits(values):
    """The range of the values, without what a pole adds."""
    low, high = np.percentile(values[np.isfinite(values)], SHOWN)
    inner = (values >= low - (high - low)) & (values <= high + (high - low))
    low, high = min(values[inner], default=0), max(values[inner], default=0)
    margin = 0.08 * (high - low) or 1
    return low - margin, high + margin
