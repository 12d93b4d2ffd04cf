"""Plot of a loss and its gradient."""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import ArrayLike

from objectives.lookup import BINARY, BINARY_OR_SIGNS, CLASSES, POSITIVE, REALS, SIGNS, UNIT, Facts, facts, get, names
from objectives.plot._axes import array_of, color, new_axes, panel_below, tidy

__all__ = ["plot_loss"]

TARGETS = {BINARY: (0, 1), UNIT: (0, 1), BINARY_OR_SIGNS: (0, 1), SIGNS: (-1, 1), REALS: (0,), POSITIVE: (1, 3)}
REACH = 3  # how far unbounded predictions extend beyond the targets
POINTS = 401
SHOWN = (2, 98)  # percentiles that must be visible: a pole must not flatten the rest


def plot_loss(
    function: Callable[..., Any] | str,
    *,
    targets: float | Sequence[float] | None = None,
    predictions: ArrayLike | None = None,
    ax: Any = None,
    **options: Any,
) -> Any:
    """Plot an element-wise loss over its predictions, with its gradient below.

    Parameters
    ----------
    function : callable or str
        Loss, or its name: of this package, or any element-wise function of predictions and targets.
    targets : number or sequence of numbers, optional
        Targets, one line each; by default 0 and 1 if binary, 0 if real, 1 and 3 if positive.
    predictions : array or pair of numbers, optional
        Grid (N,), or the two ends of the range; by default the range in `facts`, or 3 beyond the targets.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.
    **options
        Further arguments of the function, such as ``delta=2`` or ``variance=1.0``.

    Returns
    -------
    matplotlib Axes
        The Axes of the loss; its gradient, which measures lack, is on the last Axes, ``ax.figure.axes[-1]``.

    Raises
    ------
    TypeError, ValueError
        If a required argument is missing, or if the function is not element-wise or nowhere finite in the range.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The gradient is PyTensor's, of the expression. Where a loss goes to infinity, the plot cuts it off.

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
        raise ValueError(f"{name} has no curve: its value depends on more than one prediction and its target")
    missing = [p for p in parameters.values() if p.name not in (first, second, *options) and _is_needed(p)]
    if missing:
        raise TypeError(f"{name} needs {missing[0].name} as well: give a number, such as {missing[0].name}=1.0")

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
    targets = array_of(np.atleast_1d(targets), "targets", ndim=1)
    if (targets < allowed.low).any() or (targets > allowed.high).any():
        raise ValueError(f"targets must be in {allowed}, not {targets}")
    return targets


def _grid(predictions, targets, allowed):
    """The grid of predictions."""
    if predictions is not None and np.shape(predictions) != (2,):
        return array_of(predictions, "predictions", ndim=1)
    low = allowed.low if np.isfinite(allowed.low) else min(targets.min(), 0) - REACH
    high = allowed.high if np.isfinite(allowed.high) else max(targets.max(), 0) + REACH
    first, last = (low, high) if predictions is None else predictions
    return np.linspace(first, last, POINTS)


def _compute(function, name, arguments, x, targets, options, differentiable):
    """The loss and its gradient, one row per target."""
    predictions, target = pt.dvectors("predictions", "targets")
    result = pt.as_tensor_variable(function(**dict(zip(arguments, (predictions, target), strict=True)), **options))
    if result.ndim != 1:
        raise ValueError(f"{name} has no curve: it must return one number for each prediction, not {result.type}")
    gradient: Any = pytensor.grad(result.sum(), predictions) if differentiable else pt.zeros_like(predictions)
    # for so few numbers, compiling takes the time
    compute = pytensor.function([predictions, target], [result, gradient], mode="FAST_COMPILE")
    rows = [compute(x, np.full_like(x, t)) for t in targets]
    for t, (losses, _) in zip(targets, rows, strict=True):
        if losses.shape != x.shape:
            raise ValueError(f"{name} has no curve: it returns {losses.shape} numbers for {len(x)} predictions")
        if not np.isfinite(losses).any():
            raise ValueError(
                f"{name} is finite nowhere in [{x[0]:g}, {x[-1]:g}] for the target {t:g}: give other predictions"
            )
    return zip(*rows, strict=True)


def _draw(ax, x, curves, targets, label):
    for i, (target, values) in enumerate(zip(targets, curves, strict=True)):
        ax.plot(x, values, color=color(i), linewidth=2, label=f"target {target:g}")
    ax.set(ylabel=label, ylim=_limits(np.concatenate(curves)))
    tidy(ax)


def _limits(values):
    """The range of the values, without poles."""
    low, high = np.percentile(values[np.isfinite(values)], SHOWN)
    inner = (values >= low - (high - low)) & (values <= high + (high - low))
    low, high = min(values[inner], default=0), max(values[inner], default=0)
    margin = 0.08 * (high - low) or 1
    return low - margin, high + margin
