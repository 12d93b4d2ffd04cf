"""Rows of the curves of binary scores, the areas under them and their operating points."""

from functools import wraps

import numpy as np
import pytensor.tensor as pt
from cases.case import CLASSES, binary, each_item, labels, one_hot, probabilities, reals
from sklearn import metrics as sklearn

import objectives
from measures.measure import Measure, by_sklearn

# Thresholds at which curves are compared: their lengths differ from scikit-learn's.
GRID, UNIT_GRID = np.linspace(-4, 4, 9), np.linspace(0.02, 0.98, 9)
SCORES, UNITS, TARGETS = each_item(reals), each_item(probabilities), each_item(binary)


def tied(rng, shape):
    return rng.integers(-3, 4, size=shape[:-1]).astype("float64")


def tenths(rng, shape):
    return rng.integers(0, 11, size=shape[:-1]) / 10


def on_grid(curve, empty, grid=GRID):
    """Two rows of a curve at the last threshold that is at least each of the grid, minus the values without items."""

    @wraps(curve)
    def at_thresholds(predictions, targets, **options):
        first, second, thresholds = (curve(predictions, targets, **options)[i] for i in range(3))
        last = pt.ge(thresholds[:, None], grid.astype(thresholds.dtype)).astype("int64").sum(axis=0) - 1
        return pt.stack([first[last] - empty, second[last]])

    return at_thresholds


def of_sklearn(curve, empty=0, rising=False, grid=GRID, lower=0):
    def reference(scores, targets, weights=None):
        first, second, thresholds = curve(targets, scores, sample_weight=weights)
        if rising:  # precision and recall, whose last point has no threshold
            first, second, thresholds = first[::-1], second[::-1], np.append(np.inf, thresholds[::-1])
        last = ((thresholds - lower)[:, None] >= grid).sum(axis=0) - 1
        return np.stack([first[last] - empty, second[last]])

    return reference


def all_roc_points(targets, scores, sample_weight=None):
    return sklearn.roc_curve(targets, scores, sample_weight=sample_weight, drop_intermediate=False)


def all_det_points(targets, scores, sample_weight=None):
    fpr, tpr, thresholds = all_roc_points(targets, scores, sample_weight)
    return fpr, 1 - tpr, thresholds


def mixed(rng, shape):
    """Targets of labels, both 0 and 1 in each row."""
    targets = binary(rng, shape)
    targets[..., :2] = np.array([[0, 1], [1, 0]])[rng.integers(0, 2, size=shape[:-1])]
    return targets


def tied_labels(rng, shape):
    return rng.integers(0, 5, size=shape) / 4


def pooled_classes(scores, targets, weights=None):
    return sklearn.roc_auc_score(np.eye(CLASSES)[targets], scores, average="micro", sample_weight=weights)


def to_steps(steps):
    """Let a reference see scores rounded to multiples of 1 / steps."""
    return lambda reference: lambda scores, *others: reference(np.rint(scores * steps) / steps, *others)


def of_tenths(curve, rising=False):
    """scikit-learn's curve of scores in tenths, at thresholds halfway between them."""
    return of_sklearn(curve, float(rising), rising, UNIT_GRID, lower=0.05)


def apart(function):
    """Wrap a function, so that its first row of another kind is swept like the first row of another function."""

    @wraps(function)
    def wrapped(predictions, targets, **options):
        return function(predictions, targets, **options)

    return wrapped


def equal_error(scores, targets, weights=None):
    fpr, fnr, _ = all_det_points(targets, scores, weights)
    at = np.abs(fpr - fnr).argmin()
    return (fpr[at] + fnr[at]) / 2


def at_least(bound, first, second, curve):
    """By hand: the greatest value of one row of a curve where the other row reaches the bound."""

    def reference(scores, targets, weights=None):
        rows = curve(targets, scores, sample_weight=weights)
        found = [value for value, other in zip(first(rows), second(rows), strict=True) if other >= bound - 1e-12]
        return max(found, default=0)

    return reference


def with_threshold(bound, first, second, curve):
    """By hand: of the points that reach the bound the best; of equal ones that of the greatest other row."""

    def reference(scores, targets, weights=None):
        rows = curve(targets, scores, sample_weight=weights)
        thresholds = np.append(rows[2], np.inf)[
            : len(rows[0])
        ]  # precision and recall end with a point above all scores
        points = [
            point for point in zip(first(rows), second(rows), thresholds, strict=True) if point[1] >= bound - 1e-12
        ]
        return max(points)[::2]

    return reference


def over_logarithm(low, high):
    def reference(scores, targets, weights=None):
        fpr, tpr, _ = all_roc_points(targets, scores, weights)
        inside = (fpr > low) & (fpr < high)
        x = np.concatenate([[low], fpr[inside], [high]])
        y = np.concatenate([np.interp([low], fpr, tpr), tpr[inside], np.interp([high], fpr, tpr)])
        return np.trapezoid(y, np.log10(x)) / np.log10(high / low)

    return reference


def one_against(rest, average):
    """scikit-learn's areas of pairs of classes, or of classes against the rest."""

    def reference(scores, targets, weights=None):
        weights = np.ones(len(targets)) if weights is None else weights
        areas, sizes = [], []
        for j in range(CLASSES):
            for others in rest(j):
                chosen = (targets == j) | np.isin(targets, others)
                own = targets[chosen] == j
                areas.append(sklearn.roc_auc_score(own, scores[chosen, j], sample_weight=weights[chosen]))
                counts = chosen if len(others) == 1 else targets == j
                sizes.append(weights[counts].sum())
        return areas if average is None else np.average(areas, weights=sizes if average == "weighted" else None)

    return reference


def the_rest(j):
    return [[k for k in range(CLASSES) if k != j]]


def each_other(j):
    return [[k] for k in range(CLASSES) if k != j]


def of_one_hot(reference):
    return lambda scores, targets, *weights: reference(scores, targets.argmax(-1), *weights)


AREA = by_sklearn(sklearn.roc_auc_score)
AVERAGE = by_sklearn(sklearn.average_precision_score)
SPECIFICITY, SENSITIVITY = (lambda rows: 1 - rows[0]), (lambda rows: rows[1])
PRECISION, RECALL = (lambda rows: rows[0]), (lambda rows: rows[1])
ON_GRID = {"result": (2, len(GRID))}
CLASS_COUNT = {"num_classes": CLASSES}


def of_labels(function, reference):
    """Rows of a function of label matrices, whose draws and averages are those of scikit-learn."""
    in_steps = to_steps(4)
    for average, options, change in (
        ("macro", {}, None),
        ("samples", {}, None),
        ("weighted", {}, None),
        ("micro", {}, None),
        (None, {}, None),
        ("weighted", {"num_bins": 5}, in_steps),
        (None, {"num_bins": 5}, in_steps),
        *[("macro", {"max_fpr": 0.4}, None)] * (reference is sklearn.roc_auc_score),
    ):
        known = {"max_fpr": 0.4} if "max_fpr" in options else {}
        expected = by_sklearn(reference, average=average, **known)
        yield Measure(
            apart(function) if average in ("macro", "samples") else function,
            tied_labels if average in ("samples", None) else probabilities,
            mixed,
            change(expected) if change else expected,
            {"average": average, "label_axis": -1, **options},
            mask_ndim=2,
            result=() if average else (CLASSES,),
        )


MEASURES = [
    *(Measure(objectives.roc_auc_score, draw, TARGETS, AREA) for draw in (SCORES, tied)),
    *(
        Measure(objectives.roc_auc_score, draw, TARGETS, by_sklearn(sklearn.roc_auc_score, max_fpr=m), {"max_fpr": m})
        for draw, m in ((SCORES, 0.3), (tied, 0.7))
    ),
    *(Measure(objectives.average_precision_score, draw, TARGETS, AVERAGE) for draw in (SCORES, tied)),
    *(
        Measure(
            objectives.multiclass_roc_auc_score,
            reals,
            labels,
            one_against(rest, average),
            {"multi_class": multi_class, "average": average, **CLASS_COUNT},
            result=() if average else (CLASSES,),
        )
        for multi_class, rest in (("ovr", the_rest), ("ovo", each_other))
        for average in ("macro", "weighted", None)
        if average or multi_class == "ovr"
    ),
    Measure(objectives.multiclass_roc_auc_score, reals, labels, pooled_classes, {"average": "micro", **CLASS_COUNT}),
    Measure(
        objectives.multiclass_roc_auc_score, reals, one_hot, of_one_hot(one_against(the_rest, "macro")), CLASS_COUNT
    ),
    *(
        Measure(on_grid(objectives.roc_curve, 0), draw, TARGETS, of_sklearn(all_roc_points), **ON_GRID)
        for draw in (SCORES, tied)
    ),
    Measure(on_grid(objectives.det_curve, 0), tied, TARGETS, of_sklearn(all_det_points), **ON_GRID),
    Measure(
        on_grid(objectives.precision_recall_curve, 1),
        tied,
        TARGETS,
        of_sklearn(sklearn.precision_recall_curve, 1, rising=True),
        **ON_GRID,
        empty=0,
    ),
    *of_labels(objectives.roc_auc_score, sklearn.roc_auc_score),
    *of_labels(objectives.average_precision_score, sklearn.average_precision_score),
    Measure(objectives.equal_error_rate, SCORES, TARGETS, equal_error),
    *(
        Measure(objectives.log_auc, SCORES, TARGETS, over_logarithm(*bounds), {"fpr_range": bounds})
        for bounds in ((0.013, 0.371), (0.001, 0.1013))
    ),
    *(
        Measure(function, draw, TARGETS, reference(bound, first, second, curve), {name: bound, **options}, **result)
        for function, name, first, second, curve in (
            (objectives.precision_at_recall, "recall", PRECISION, RECALL, sklearn.precision_recall_curve),
            (objectives.recall_at_precision, "precision", RECALL, PRECISION, sklearn.precision_recall_curve),
            (objectives.sensitivity_at_specificity, "specificity", SENSITIVITY, SPECIFICITY, all_roc_points),
            (objectives.specificity_at_sensitivity, "sensitivity", SPECIFICITY, SENSITIVITY, all_roc_points),
        )
        for draw, bound, reference, options, result in (
            (SCORES, 0.63, at_least, {}, {}),
            (SCORES, 0.97, at_least, {}, {}),
            (SCORES, 0.63, with_threshold, {"return_threshold": True}, {"result": (2,)}),
            (tied, 0.3, with_threshold, {"return_threshold": True}, {"result": (2,)}),
        )
    ),
    *(
        Measure(function, draw, TARGETS, to_steps(steps)(reference), {"num_bins": steps + 1})
        for function, reference in (
            (apart(objectives.roc_auc_score), AREA),
            (apart(objectives.average_precision_score), AVERAGE),
        )
        for draw, steps in ((tenths, 10), (UNITS, 7))
    ),
    Measure(
        objectives.roc_auc_score,
        UNITS,
        TARGETS,
        to_steps(7)(by_sklearn(sklearn.roc_auc_score, max_fpr=0.3)),
        {"max_fpr": 0.3, "num_bins": 8},
    ),
    Measure(
        on_grid(objectives.roc_curve, 0, UNIT_GRID),
        tenths,
        TARGETS,
        of_tenths(all_roc_points),
        {"num_bins": 11},
        **ON_GRID,
    ),
    Measure(
        on_grid(objectives.precision_recall_curve, 1, UNIT_GRID),
        tenths,
        TARGETS,
        of_tenths(sklearn.precision_recall_curve, rising=True),
        {"num_bins": 11},
        **ON_GRID,
        empty=0,
    ),
]
