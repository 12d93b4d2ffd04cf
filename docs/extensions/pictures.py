"""Pictures of the losses of one prediction and one target, with their gradients, for the reference.

They are drawn with `plot_loss` and kept in docs/_generated: one is drawn anew when the file of its function is newer.
"""

import inspect
import warnings
from pathlib import Path

import matplotlib

import objectives
from objectives.plot import plot_loss

SIZE, DPI = (5, 4.2), 100


def draw_pictures(app):
    folder = Path(app.srcdir) / "_generated" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    app.config.pictures = {}
    matplotlib.use("agg")
    for name in filter(has_curve, objectives.names()):
        file = folder / f"{name}.png"
        source = Path(inspect.getsourcefile(inspect.unwrap(objectives.get(name))))
        if not file.exists() or file.stat().st_mtime < source.stat().st_mtime:
            draw(name, file)
        app.config.pictures[name] = f"_generated/pictures/{file.name}"


def has_curve(name):
    """Whether a loss is one of two numbers; `plot_loss` may refuse it nevertheless, and would stop the build."""
    known = objectives.facts(name)
    labels = objectives.lookup.CLASSES in known.arguments.values()
    return known.differentiable and known.per == "element" and not labels


def draw(name, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of Lasagne's default of the hinge loss
        plot_loss(name, ax=figure.add_axes((0.13, 0.12, 0.84, 0.8)), **further_arguments(name))
    figure.savefig(file)


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
