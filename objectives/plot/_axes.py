"""Common parts of all plots: checks of arrays, new figures, colors."""

from typing import Any

import numpy as np
from pytensor.graph.basic import Variable

# Okabe and Ito (2008), distinct for color-blind readers, without the yellow, which is hard to see on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
REFERENCE = {"color": "0.55", "linewidth": 1, "linestyle": (0, (4, 3)), "zorder": 1}  # lines for comparison
GRID = {"color": "0.5", "alpha": 0.2, "linewidth": 0.8}  # on light and dark backgrounds


def array_of(values: Any, what: str, ndim: int) -> np.ndarray:
    """The values as an array of floats."""
    if isinstance(values, Variable):
        raise TypeError(
            f"{what} must be numbers, not a symbolic expression: compute it first, for example with .eval()"
        )
    values = np.asarray(values, dtype="float64")
    if values.ndim != ndim or values.size == 0:
        raise ValueError(f"{what} must be a non-empty array of {ndim} dimensions, not of shape {values.shape}")
    return values


def pyplot() -> Any:
    """matplotlib.pyplot, imported only when something is drawn."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install matplotlib") from error
    return pyplot


def new_axes(ax: Any, *, figsize: tuple[float, float]) -> Any:
    """The given Axes, or that of a new figure."""
    if ax is not None:
        return ax
    return pyplot().subplots(figsize=figsize, layout="constrained")[1]


def color(number: int) -> str:
    return COLORS[number % len(COLORS)]


def tidy(ax: Any, *, grid: bool = True) -> None:
    """Remove the top and right frame, and add a faint grid."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(**GRID)


def unit_square(ax: Any) -> None:
    """Show both axes from 0 to 1, equally long, with room for lines on the border."""
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    tidy(ax)


def panel_below(ax: Any, share: float) -> Any:
    """Split off a share of the height of an Axes as a second Axes below it, with the same x axis."""
    place = ax.get_subplotspec()
    if place is None:  # placed by hand
        left, bottom, right, top = ax.get_position().extents
        place = ax.figure.add_gridspec(1, 1, left=left, bottom=bottom, right=right, top=top)[0]
    above, under = place.subgridspec(2, 1, height_ratios=[1 - share, share], hspace=0.06)
    ax.set_subplotspec(above)
    below = ax.figure.add_subplot(under, sharex=ax)
    ax.tick_params(labelbottom=False)
    tidy(below)
    return below
