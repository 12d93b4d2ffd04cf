"""Plot of learning curves: measures over epochs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from objectives.lookup import facts, names
from objectives.plot._axes import REFERENCE, array_of, color, pyplot, tidy

__all__ = ["plot_learning_curves"]

SPLITS = {"train": "training", "training": "training", "val": "validation", "valid": "validation"}
SPLITS |= {"validation": "validation", "test": "test", "testing": "test"}
ORDER = ("training", "validation", "test", "")
# Words in the names of measures that are not functions of this package, and whether less or more is better.
WORDS = dict.fromkeys(
    (
        *("loss", "logloss", "error", "entropy", "crossentropy", "deviance", "divergence", "distance", "perplexity"),
        *("bce", "brier", "cer", "crps", "ece", "eer", "fnr", "fpr", "hinge", "jsd", "kl", "kld", "mad", "mae", "mape"),
        *("mce", "mse", "msle", "nll", "ppl", "rmse", "rmsle", "smape", "wer"),
    ),
    "min",
) | dict.fromkeys(
    (
        *("accuracy", "acc", "auc", "auroc", "ap", "bleu", "correlation", "dcg", "elbo", "f1", "fbeta", "iou"),
        *("jaccard", "kappa", "map", "mcc", "miou", "mrr", "ndcg", "npv", "ppv", "precision", "psnr", "r2", "recall"),
        *("sensitivity", "similarity", "specificity", "ssim", "tnr", "tpr"),
    ),
    "max",
)
MOST_COLUMNS = 3


def plot_learning_curves(
    history: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    best: Mapping[str, Literal["min", "max"] | None] | None = None,
    ax: Any = None,
) -> Any:
    """Plot learning curves: training and validation values over epochs, one panel per measure.

    Parameters
    ----------
    history : dict or sequence of dict
        Values of all epochs by name, or one dict per epoch. ``train_loss``, ``validation_loss``, ``val_loss`` and
        ``test_loss`` share the panel of ``loss``; a name without prefix is training, as in Keras.
    best : dict, optional
        ``"min"``, ``"max"`` or None by measure: which epoch to mark. By default as in `facts`, else by words in the
        name, such as loss or accuracy; none if these are unknown or disagree.
    ax : matplotlib Axes or sequence of them, optional
        Axes to draw on, one per measure; by default a new figure.

    Returns
    -------
    array of matplotlib Axes
        One Axes per measure, in the order of the history.

    Raises
    ------
    TypeError, ValueError
        If the history has another form or is empty, or if `best` or `ax` do not fit its measures.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The marked epoch is the first best one of validation, else of test; without either, only if `best` asks for it.
    Missing values and NaN are gaps in the line.

    Examples
    --------
    >>> from objectives.plot import plot_learning_curves
    >>> history = {"train_loss": [0.9, 0.5, 0.3], "validation_loss": [1.0, 0.7, 0.8]}
    >>> (ax,) = plot_learning_curves(history)
    >>> ax.texts[0].get_text()
    'best 0.7, epoch 2'
    """
    panels = _panels(_columns(history))
    best = dict(best or {})
    if not best.keys() <= panels.keys() or not set(best.values()) <= {"min", "max", None}:
        raise ValueError(f"best must be 'min', 'max' or None for some of the measures {list(panels)}, not {best}")
    axes = _axes_for(panels, ax)
    for panel, (measure, lines) in zip(axes, panels.items(), strict=True):
        for split, values in sorted(lines.items(), key=lambda line: ORDER.index(line[0])):
            epochs = np.arange(1, len(values) + 1)
            is_short = len(values) <= 40
            style = {"color": color(ORDER.index(split) % 3), "linewidth": 2, "markersize": 5 if is_short else 0}
            panel.plot(epochs, values, "o-", label=split or None, **style)
        _mark(panel, lines, best.get(measure, _best_of(measure) if {"validation", "test"} & lines.keys() else None))
        panel.set(xlabel="epoch", ylabel=measure.replace("_", " "))
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.margins(y=0.12)
        tidy(panel)
        if set(lines) != {""}:
            panel.legend(frameon=False)
    return axes


def _columns(history):
    """The values of all epochs by name."""
    if isinstance(history, Mapping):
        columns = history
    elif all(isinstance(epoch, Mapping) for epoch in history):
        names = dict.fromkeys(name for epoch in history for name in epoch)
        columns = {name: [epoch.get(name, np.nan) for epoch in history] for name in names}
    else:
        raise TypeError("history must be a dict of values by measure, or a sequence of one dict per epoch")
    if not columns:
        raise ValueError("history is empty: there is nothing to plot")
    return {str(name): array_of(values, f"{name!r} of the history", ndim=1) for name, values in columns.items()}


def _panels(columns):
    """The lines of each measure, by split."""
    panels: dict[str, dict[str, np.ndarray]] = {}
    for name, values in columns.items():
        prefix, _, measure = name.partition("_")
        split = SPLITS.get(prefix, "") if measure else ""
        panels.setdefault(measure if split else name, {})[split] = values
    for lines in panels.values():
        if "" in lines and len(lines) > 1 and "training" not in lines:
            lines["training"] = lines.pop("")
    return panels


def _best_of(measure):
    """``"min"`` or ``"max"``; None if unknown."""
    words = re.split(r"[\W_]+", measure.lower())
    if (name := "_".join(words)) in names():
        return facts(name).best
    found = {WORDS[word] for word in words if word in WORDS}
    return found.pop() if len(found) == 1 else None


def _axes_for(panels, ax):
    if ax is None:
        columns = min(len(panels), MOST_COLUMNS)
        rows = -(-len(panels) // columns)
        figsize = (4.6 * columns, 3.4 * rows)
        axes = pyplot().subplots(rows, columns, figsize=figsize, layout="constrained", squeeze=False)[1].ravel()
        for unused in axes[len(panels) :]:
            unused.remove()
        return axes[: len(panels)]
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(axes) != len(panels):
        raise ValueError(f"ax must hold one Axes for each of the measures {list(panels)}, not {len(axes)}")
    return axes


def _mark(panel, lines, best):
    """A ring around the best value, and a line at its epoch."""
    values = next(lines[split] for split in ("validation", "test", "training", "") if split in lines)
    if best is None or np.isnan(values).all():
        return
    index = int(np.nanargmin(values) if best == "min" else np.nanargmax(values))
    panel.axvline(index + 1, **REFERENCE)
    panel.plot(index + 1, values[index], "o", markersize=10, markerfacecolor="none", markeredgecolor="0.5", zorder=4)
    on_the_right = index + 1 > (len(values) + 1) / 2
    place = {"xytext": (-8 if on_the_right else 8, 4), "ha": "right" if on_the_right else "left", "va": "bottom"}
    text = f"best {values[index]:.3g}, epoch {index + 1}"
    style = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "fontsize": 9}
    panel.annotate(text, (index + 1, 0), **style, **place)
