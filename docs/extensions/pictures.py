"""Pictures for the reference, each with a sentence that says what it shows.

A loss of one prediction and one target is drawn with `plot_loss`, with its gradient; docs/pictures.csv says how to draw
others. Pictures are kept in docs/_generated: one is drawn anew when the file of its function, or that of the ways to
draw, or the table, is newer.
"""

import csv
import inspect
import warnings
from functools import partial
from pathlib import Path

import drawings
import matplotlib
import pytensor

import objectives
from objectives.plot import plot_loss

TABLE = Path(__file__).parent.parent / "pictures.csv"
SIZE, DPI = (5, 4.2), 100


def draw_pictures(app):
    folder = Path(app.srcdir) / "_generated" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    app.config.pictures = {}
    matplotlib.use("agg")
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        for name, drawing in pictures().items():
            file = folder / f"{name}.png"
            sources = [inspect.getsourcefile(inspect.unwrap(objectives.get(name))), drawings.__file__, TABLE]
            if not file.exists() or file.stat().st_mtime < max(Path(source).stat().st_mtime for source in sources):
                draw(drawing, name, file)
            app.config.pictures[name] = f"_generated/pictures/{file.name}", inspect.getdoc(drawing.func)


def pictures():
    """How to draw each function that has a picture."""
    found = dict.fromkeys(filter(has_curve, objectives.names()), partial(draw_curve))
    for picture, names in list(csv.reader(TABLE.read_text().splitlines()))[1:]:
        kind, *options = picture.split()
        options = {option: int(value) for option, value in (text.split("=") for text in options)}
        found |= dict.fromkeys(names.split(), partial(getattr(drawings, kind), **options))
    return found


def has_curve(name):
    """Whether a loss is one of two numbers; `plot_loss` may refuse it nevertheless, and would stop the build."""
    known = objectives.facts(name)
    labels = objectives.lookup.CLASSES in known.arguments.values()
    return known.differentiable and known.per == "element" and not labels


def draw(drawing, name, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI)
    drawing(name, figure.add_axes((0.15, 0.12, 0.82, 0.8)))
    figure.savefig(file)


def draw_curve(name, ax):
    """Value and gradient over the prediction, for some targets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of Lasagne's default of the hinge loss
        plot_loss(name, ax=ax, **further_arguments(name))


def further_arguments(name):
    """A number for each argument that is needed beside prediction and target: 1 for a spread, 0 for what is real."""
    _, *others = inspect.signature(objectives.get(name)).parameters.values()
    needed = [p.name for p in others if p.default is p.empty and p.name != "targets"]
    ranges = objectives.facts(name).arguments
    needed = needed if "targets" in [p.name for p in others] else needed[1:]
    return {argument: 0.0 if ranges.get(argument, objectives.lookup.REALS).low < 0 else 1.0 for argument in needed}


def setup(app):
    app.connect("builder-inited", draw_pictures, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
