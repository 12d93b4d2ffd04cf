"""Ways to draw losses and measures that are no curve over one prediction; each way serves many of them.

Each takes the name of a function, the Axes, and options for the function, as docs/pictures.csv has them. It computes
few numbers, since the documentation should be built soon.
"""

from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt

import objectives
from objectives.lookup import COSINES, LOG_PROBABILITIES, REALS
from objectives.plot import (
    plot_confusion_matrix,
    plot_precision_recall_curve,
    plot_reliability_diagram,
    plot_roc_curve,
)
from objectives.plot._axes import color, tidy

# Without rewrites: each graph is computed once, so that compiling it would take longer.
AT_ONCE = pytensor.compile.mode.Mode(linker="py", optimizer=None)
compiled = partial(pytensor.function, mode=AT_ONCE)
CLASSES = 3
ITEMS = 500


def of_target_class(name, ax):
    """Value and gradient over what is predicted for the target class; the other classes share the rest equally."""
    function, (first, *_) = objectives.get(name), objectives.facts(name).arguments
    given = objectives.facts(name).arguments[first]
    x = pt.dvector()
    if given in (REALS, COSINES):
        others, label = 0 * x, f"{first.removesuffix('s')} of the target class, 0 for the others"
        grid = np.linspace(-0.99, 0.99, 199) if given is COSINES else np.linspace(-4, 4, 201)
    else:
        others, label = (1 - x) / (CLASSES - 1), f"probability of the target class, one of {CLASSES}"
        grid = np.linspace(0.02, 0.98, 193)
    rows = pt.stack([x] + [others] * (CLASSES - 1), axis=-1)
    targets = np.eye(CLASSES)[np.zeros(grid.size, int)]
    loss = function(pt.log(rows) if given is LOG_PROBABILITIES else rows, targets)
    loss = loss.sum(axis=-1) if loss.ndim == 2 else loss
    values, slopes = compiled([x], [loss, pytensor.grad(loss.sum(), x)])(grid)
    ax.plot(grid, values, color=color(0), linewidth=2, label="value")
    ax.plot(grid, slopes, color=color(1), linewidth=2, linestyle="--", label="gradient")
    ax.set_ylim(*_limits(np.concatenate([values, slopes])))
    _finish(ax, label, "", legend=True)


def over_angle(name, ax):
    """Value over the angle between two vectors."""
    angle = np.linspace(0, np.pi, 181)
    turned = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    fixed = np.broadcast_to([1.0, 0.0], turned.shape)
    function = objectives.get(name)
    if "b" in objectives.facts(name).arguments:
        for i, (target, words) in enumerate([(1.0, "a pair"), (0.0, "not a pair")]):
            values = function(turned, fixed, np.full(len(angle), target)).eval(mode=AT_ONCE)
            ax.plot(np.degrees(angle), values, color=color(i), linewidth=2, label=words)
    else:
        ax.plot(np.degrees(angle), function(turned, fixed).eval(mode=AT_ONCE), color=color(0), linewidth=2)
    ax.set_xticks(range(0, 181, 45))
    _finish(ax, "angle between the vectors, in degrees", "value", legend="b" in objectives.facts(name).arguments)


def over_two_distances(name, ax):
    """Value over the distances of the anchor to the positive and to the negative."""
    near, far = _plane(np.linspace(0, 3, 61), np.linspace(0, 3, 61))
    values = objectives.get(name)(np.zeros_like(near), near, -far).eval(mode=AT_ONCE)
    _contours(ax, near[..., 0], far[..., 0], values)
    _finish(ax, "distance to the positive", "distance to the negative")


def over_mean_and_variance(name, ax):
    """Value over mean and log variance of one latent variable."""
    mean, log_variance = _plane(np.linspace(-2.5, 2.5, 61), np.linspace(-4, 2, 61))
    _contours(ax, mean[..., 0], log_variance[..., 0], objectives.get(name)(mean, log_variance).eval(mode=AT_ONCE))
    _finish(ax, "mean", "log variance")


def over_overlap(name, ax):
    """Value over the share of the target that a region of the same size covers."""
    size, pixels = 20, 100
    shifts = np.arange(size + 1)
    place = np.arange(pixels)
    target = np.broadcast_to((place >= 30) & (place < 30 + size), (len(shifts), pixels)).astype(float)
    moved = ((place >= 30 + shifts[:, None]) & (place < 30 + size + shifts[:, None])).astype(float)
    values = objectives.get(name)(moved[..., None], target[..., None]).eval(mode=AT_ONCE)
    ax.plot(1 - shifts / size, values.reshape(len(shifts)), color=color(0), linewidth=2)
    _finish(ax, "share of the target that is covered, by a region of its size", "value")


def over_position(name, ax, **options):
    """Value over the position of the one relevant item among ten."""
    length = 10
    scores = np.broadcast_to(-np.arange(length, dtype=float), (length, length))
    values = objectives.get(name)(scores, np.eye(length), **options).eval(mode=AT_ONCE)
    ax.plot(np.arange(1, length + 1), values, "o-", color=color(0), linewidth=1)
    ax.set_xticks(range(1, length + 1))
    said = "".join(f", {option}={value}" for option, value in options.items())
    _finish(ax, f"position of the one relevant item among {length}{said}", "value")


def over_wrong_labels(name, ax):
    """Value over the share of labels that are drawn at random, of four classes of different size."""
    rng = np.random.default_rng(0)
    shares = np.linspace(0, 1, 21)
    targets = rng.choice(4, size=ITEMS, p=[0.4, 0.3, 0.2, 0.1])
    drawn, order = rng.choice(4, size=ITEMS, p=[0.4, 0.3, 0.2, 0.1]), rng.permutation(ITEMS) / ITEMS
    clusters = {"num_clusters": 4} if str(objectives.facts(name).arguments["predictions"]) == "cluster indices" else {}
    given = pt.lvector()
    measure = compiled([given], objectives.get(name)(given, targets, num_classes=4, **clusters))
    ax.plot(shares, [measure(np.where(order < share, drawn, targets)) for share in shares], color=color(0), linewidth=2)
    _finish(ax, "share of labels drawn at random", "value")


def over_noise(name, ax, **options):
    """Value over the standard deviation of errors, of targets whose own is 1."""
    rng = np.random.default_rng(0)
    deviations = np.linspace(0.02, 3, 21)
    targets, noise = 12 + rng.normal(size=ITEMS), rng.normal(size=ITEMS)
    given = pt.dvector()
    measure = compiled([given], objectives.get(name)(given, targets, **options))
    found = [measure(np.maximum(targets + deviation * noise, 0.05)) for deviation in deviations]
    ax.plot(deviations, found, color=color(0), linewidth=2)
    _finish(ax, "standard deviation of errors; that of the targets is 1", "value")


def over_threshold(name, ax):
    """Value over the threshold, of two overlapping groups of scores."""
    scores, targets = _scores()
    thresholds = np.linspace(0.02, 0.98, 49)
    given = pt.dvector()
    measure = compiled([given], objectives.get(name)(given, targets, threshold=0.0))
    ax.plot(thresholds, [measure(scores - t) for t in thresholds], color=color(0), linewidth=2)
    _finish(ax, "threshold", "value")


def over_sampled_classes(name, ax):
    """Value over the score of the target class, for 1, 5 and 50 sampled classes of score 0."""
    scores = np.linspace(-4, 4, 41)
    for i, count in enumerate((1, 5, 50)):
        weights, samples = np.append(1.0, np.zeros(count))[:, None], np.arange(1, count + 1)
        loss = objectives.get(name)(scores[:, None], weights, np.zeros(41, int), samples=samples)
        ax.plot(scores, loss.eval(mode=AT_ONCE), color=color(i), linewidth=2, label=f"{count} sampled")
    _finish(ax, "score of the target class; that of sampled classes is 0", "value", legend=True)


def over_rare_classes(name, ax):
    """Loss of each class where all scores are 0: those of a tail share the probability of their place in the head."""
    sizes = 4, 8, 16
    tails = [(np.zeros((1, 1)), np.zeros((size, 1))) for size in sizes[1:]]
    first, targets = np.zeros((sum(sizes), 1)), np.arange(sum(sizes))
    values = objectives.get(name)(first, np.zeros((6, 1)), targets, tails=tails).eval(mode=AT_ONCE)
    for i, part in enumerate(np.split(targets, np.cumsum(sizes)[:-1])):
        ax.bar(part, values[part], color=color(i), label=("head", "first tail", "second tail")[i])
    ax.set_ylim(0, 1.4 * values.max())
    _finish(ax, "class, the most frequent first", "value", legend=True)


def over_two_features(name, ax):
    """Value over the two features of an item; arrows are the weights of three classes, of which A is the target."""
    features = np.concatenate(_plane(np.linspace(-3, 3, 61), np.linspace(-3, 3, 61)), axis=-1)
    angles = np.pi * np.array([1 / 2, 7 / 6, 11 / 6])
    weights = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    values = objectives.get(name)(features.reshape(-1, 2), weights, np.zeros(61 * 61, int)).eval(mode=AT_ONCE)
    _contours(ax, features[..., 0], features[..., 1], values.reshape(61, 61))
    for arrow, letter in zip(1.5 * weights, "ABC", strict=True):
        ax.annotate("", arrow, (0, 0), arrowprops={"arrowstyle": "->", "color": "white", "linewidth": 2})
        ax.text(*(1.2 * arrow), letter, color="white", ha="center", va="center", weight="bold")
    _finish(ax, "first feature", "second feature")


def over_latent_variable(name, ax):
    """Value over the mean of the latent variable, for three log variances; clusters, if any, are at -2 and 2."""
    means = np.linspace(-5, 5, 101)[:, None]
    right = np.zeros_like(means)
    for i, log_variance in enumerate((-2, 0, 2)):
        given = right, right, means, right + log_variance, *_prior(objectives.facts(name).arguments)
        values = objectives.get(name)(*given).eval(mode=AT_ONCE)
        ax.plot(means, values, color=color(i), linewidth=2, label=f"log variance {log_variance}")
    _finish(ax, "mean of the latent variable", "value", legend=True)


def _prior(arguments):
    """Two clusters of variance 1 around -2 and 2, equally probable, if the prior is a mixture."""
    clusters = [[-2.0], [2.0]], np.zeros((2, 1)), np.log([0.5, 0.5])
    return clusters if "cluster_log_variance" in arguments else ()


def over_alignment(name, ax):
    """Value over the score of the label or blank that is due in each of 12 frames, for targets of 1 to 3 labels."""
    scores = np.linspace(-2, 6, 41)
    for i, length in enumerate((1, 2, 3)):
        due = np.eye(4)[np.arange(12) * (length + 1) // 12]
        targets = np.broadcast_to(np.arange(1, length + 1), (41, length))
        values = objectives.get(name)(scores[:, None, None] * due, targets).eval(mode=AT_ONCE)
        ax.plot(scores, values, color=color(i), linewidth=2, label=f"labels {', '.join('123'[:length])}")
    _finish(ax, "score of what is due; that of other classes is 0", "value", legend=True)


def on_operating_point(name, ax):
    """The curve of two overlapping groups of scores: the dashed line is what is demanded, the point what is found."""
    wanted, _, demanded = name.partition("_at_")
    found = float(objectives.get(name)(*_scores(), **{demanded: 0.8}).eval(mode=AT_ONCE))
    rates = {wanted: found, demanded: 0.8}
    if "recall" in rates:
        on_precision_recall_curve(name, ax)
        place = rates["recall"], rates["precision"]
    else:
        on_roc_curve(name, ax)
        place = 1 - rates["specificity"], rates["sensitivity"]
    if demanded in ("recall", "specificity"):
        ax.axvline(place[0], color=color(2), linestyle="--", label=f"{demanded} 0.8")
    else:
        ax.axhline(place[1], color=color(2), linestyle="--", label=f"{demanded} 0.8")
    ax.plot(*place, "o", color=color(2), label=f"{wanted} {found:.2f}")
    ax.legend(frameon=False, loc="lower center")


def at_equal_errors(name, ax):
    """The two rates of errors over the threshold, of two overlapping groups of scores, and where they are equal."""
    scores, targets = _scores()
    thresholds = np.linspace(0, 1, 101)
    said_true = scores >= thresholds[:, None]
    ax.plot(thresholds, said_true[:, targets == 0].mean(axis=1), color=color(0), linewidth=2, label="false positives")
    ax.plot(thresholds, 1 - said_true[:, targets == 1].mean(axis=1), color=color(1), linewidth=2, label="misses")
    rate = float(objectives.get(name)(scores, targets).eval(mode=AT_ONCE))
    ax.axhline(rate, color=color(2), linestyle="--", label=f"equal error rate {rate:.2f}")
    _finish(ax, "threshold", "share of its class", legend=True)


def on_roc_curve(name, ax):
    """The ROC curve of two overlapping groups of scores, with the area below it."""
    curve = objectives.roc_curve(*_scores()).eval(mode=AT_ONCE)[:2]
    plot_roc_curve(curve, ax=ax)
    ax.fill_between(curve[0], curve[1], color=color(0), alpha=0.15)


def on_precision_recall_curve(name, ax):
    """The curve of precision over recall of two overlapping groups of scores."""
    plot_precision_recall_curve(objectives.precision_recall_curve(*_scores()).eval(mode=AT_ONCE)[:2], ax=ax)


def of_confusion(name, ax):
    """The matrix of labels of which a quarter is wrong."""
    rng = np.random.default_rng(0)
    targets = rng.integers(CLASSES, size=ITEMS)
    wrong = np.where(rng.random(ITEMS) < 0.25, rng.integers(CLASSES, size=ITEMS), targets)
    plot_confusion_matrix(objectives.confusion_matrix(wrong, targets, num_classes=CLASSES).eval(mode=AT_ONCE), ax=ax)


def on_reliability_diagram(name, ax):
    """Frequencies over predicted probabilities that are too certain."""
    rng = np.random.default_rng(0)
    predicted = rng.random(20 * ITEMS)
    targets = (rng.random(20 * ITEMS) < 0.2 + 0.6 * predicted).astype(float)
    plot_reliability_diagram(
        *objectives.binary_calibration_curve(predicted, targets, num_bins=10).eval(mode=AT_ONCE), ax=ax
    )


def _scores():
    """Scores in [0, 1] and labels, of which a third are 1."""
    rng = np.random.default_rng(0)
    targets = (np.arange(ITEMS) % 3 == 0).astype(float)
    return 1 / (1 + np.exp(-(1.8 * (2 * targets - 1) + 1.5 * rng.normal(size=ITEMS)))), targets


def _plane(x, y):
    return [values[..., None] for values in np.meshgrid(x, y)]


def _contours(ax, x, y, values):
    filled = ax.contourf(x, y, values, levels=12, cmap="viridis")
    ax.figure.colorbar(filled, ax=ax, label="value")


def _limits(values):
    low, high = np.nanpercentile(values[np.isfinite(values)], [2, 98])
    room = 0.08 * (high - low)
    return low - room, high + room


def _finish(ax, x, y, *, legend=False):
    tidy(ax)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    if legend:
        ax.legend(frameon=False)
