"""Plot of a confusion matrix."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from objectives._options import one_of
from objectives.plot._axes import array_of, new_axes

__all__ = ["plot_confusion_matrix"]

QUANTITIES = {None: "items", "true": "share of true class", "pred": "share of predicted class", "all": "share of items"}
LARGEST_FONT, SMALLEST_FONT = 11, 5  # points
MOST_NAMES = 30  # per axis; of more classes only some are named


def plot_confusion_matrix(
    matrix: ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    normalize: Literal["true", "pred", "all"] | None = None,
    ax: Any = None,
) -> Any:
    """Plot a confusion matrix as a heat map with numbers.

    Parameters
    ----------
    matrix : array
        Confusion matrix (C, C) as of `confusion_matrix`, with one row per true class.
    labels : sequence of str, optional
        Names of the classes; by default their indices.
    normalize : {"true", "pred", "all"}, optional
        Divide by the sum of each row, of each column, or of all, instead of showing counts.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The Axes with the plot.

    Raises
    ------
    TypeError, ValueError
        If the matrix is symbolic, not square or negative somewhere, or if `labels` or `normalize` do not fit.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    Cells of an empty row or column stay blank if normalized. Numbers that do not fit into their cells are left out.

    Examples
    --------
    >>> from objectives.plot import plot_confusion_matrix
    >>> ax = plot_confusion_matrix([[9, 1], [2, 8]], labels=["cat", "dog"], normalize="true")
    >>> [text.get_text() for text in ax.texts]
    ['0.90', '0.10', '0.20', '0.80']
    """
    matrix = array_of(matrix, "matrix", ndim=2)
    if matrix.shape[0] != matrix.shape[1] or (matrix < 0).any():
        raise ValueError(f"matrix must be square and have no negative entries; it is {matrix.shape}:\n{matrix}")
    labels = list(map(str, range(len(matrix)) if labels is None else labels))
    if len(labels) != len(matrix):
        raise ValueError(f"labels must name each of the {len(matrix)} classes, not {len(labels)}")
    shown = _normalized(matrix, normalize)

    size = float(np.clip(2.4 + 0.42 * len(matrix), 4, 9))
    ax = new_axes(ax, figsize=(size * 1.2, size))
    image = ax.imshow(shown, cmap="Blues", vmin=0, vmax=1 if normalize in ("true", "pred") else None)
    bar = ax.figure.colorbar(image, ax=ax, label=QUANTITIES[normalize], shrink=0.8)
    bar.outline.set_visible(False)
    _write_numbers(ax, image, shown, "{:,.0f}" if (shown == shown.round()).all() and normalize is None else None)
    _name_classes(ax, labels)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="predicted class", ylabel="true class", title="Confusion matrix")
    return ax


def _normalized(matrix, normalize):
    if normalize is None:
        return matrix
    axes = {"true": 1, "pred": 0, "all": None}
    one_of(normalize, "normalize", (*axes, None))
    totals = matrix.sum(axis=axes[normalize], keepdims=True)
    return np.divide(matrix, totals, out=np.full_like(matrix, np.nan), where=totals != 0)


def _write_numbers(ax, image, shown, pattern):
    """Write the number of each cell, dark on light colors and light on dark ones."""
    pattern = pattern or ("{:.2f}" if np.nanmax(shown, initial=0) <= 1 else "{:.4g}")
    texts = [[("" if np.isnan(value) else pattern.format(value)) for value in row] for row in shown]
    longest = max(len(text) for row in texts for text in row)
    width = 0.8 * ax.get_window_extent().width * 72 / ax.figure.dpi / len(shown)  # of a cell, in points
    size = min(LARGEST_FONT, 0.85 * width / (0.6 * max(longest, 2)))
    if size < SMALLEST_FONT:
        return
    for row, column in np.ndindex(shown.shape):
        red, green, blue, _ = image.cmap(image.norm(shown[row, column]))
        is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
        style = {"color": "white" if is_dark else "#222222", "fontsize": size, "ha": "center", "va": "center"}
        if texts[row][column]:
            ax.text(column, row, texts[row][column], **style)


def _name_classes(ax, labels):
    step = -(-len(labels) // MOST_NAMES)
    names, ticks = labels[::step], np.arange(0, len(labels), step)
    is_long = max(map(len, names)) * len(names) > 40
    turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if is_long else {}
    ax.set_xticks(ticks, names, **turned)
    ax.set_yticks(ticks, names)
    ax.tick_params(length=0)
