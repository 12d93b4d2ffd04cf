"""What all pictures have in common: checks of what is given, new figures, colours."""

import numpy as np
from pytensor.graph.basic import Variable

# Okabe and Ito (2008), told apart by colour-blind people; the yellow that is hard to see on white is left out.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
REFERENCE = {"color": "0.55", "linewidth": 1, "linestyle": (0, (4, 3)), "zorder": 1}  # lines to compare with
GRID = {"color": "0.5", "alpha": 0.2, "linewidth": 0.8}  # on light and dark backgrounds


def array_of(values, what, ndim):
    """Numbers as an array of floats."""
    if isinstance(values, Variable):
        raise TypeError(f"{what} must be numbers, not a symbolic expression: compute it first, as by .eval()")
    values = np.asarray(values, dtype="float64")
    if values.ndim != ndim or values.size == 0:
        raise ValueError(f"{what} must be an array of {ndim} dimensions that is not empty, not of shape {values.shape}")
    return values


def pyplot():
    """matplotlib's, which is imported when something is drawn."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'objectives[plot]'") from error
    return pyplot


def new_axes(ax, *, figsize):
    """The Axes that was given, or that of a new figure."""
    if ax is not None:
        return ax
    return pyplot().subplots(figsize=figsize, layout="constrained")[1]


def colour(number):
    return COLOURS[number % len(COLOURS)]


def tidy(ax, *, grid=True):
    """No frame above and on the right, and a grid that does not compete with the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(**GRID)


def unit_square(ax):
    """Both axes from 0 to 1, equally long, with room for lines on the border."""
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    tidy(ax)


def panel_below(ax, share):
    """A second Axes of the same x axis below the first, which leaves it this share of its height."""
    place = ax.get_subplotspec()
    if place is None:  # was placed by hand
        left, bottom, right, top = ax.get_position().extents
        place = ax.figure.add_gridspec(1, 1, left=left, bottom=bottom, right=right, top=top)[0]
    above, under = place.subgridspec(2, 1, height_ratios=[1 - share, share], hspace=0.06)
    ax.set_subplotspec(above)
    below = ax.figure.add_subplot(under, sharex=ax)
    ax.tick_params(labelbottom=False)
    tidy(below)
    return below
