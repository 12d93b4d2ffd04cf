"""What a row of the table of measures is: one number, or a few, for a whole set of items."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cases.case import CLASSES as CLASSES

N = 40


@dataclass(frozen=True, eq=False)
class Measure:
    """One row of the table.

    Parameters
    ----------
    function
        The measure.
    predictions, targets
        How its first two arguments are drawn, from (generator, shape), where the shape is (items, classes).
    reference
        The same of NumPy arrays (predictions, targets, weights), items along the first axis; weights may be None. It
        shares no code with the function, and has no need of weights if the row is not `weighted`.
    options
        Keyword arguments.
    result
        The shape of the result.
    weighted
        Whether the function takes weights.
    empty
        Its value for no items; an array if the numbers of the result differ.
    mask_ndim
        The number of dimensions of mask and weights: 1 for items, 2 for elements of rows.
    flattens
        Whether items may be spread over several axes.
    nan_spreads
        Whether a NaN among the predictions makes the result NaN, at least in part.
    """

    function: Callable
    predictions: Callable
    targets: Callable
    reference: Callable
    options: dict[str, Any] = field(default_factory=dict)
    result: tuple[int, ...] = ()
    weighted: bool = True
    empty: Any = np.nan
    mask_ndim: int = 1
    flattens: bool = True
    nan_spreads: bool = True

    @property
    def id(self):
        options = ",".join(f"{name}={getattr(v, '__name__', v)}" for name, v in self.options.items())
        return f"{self.function.__name__}[{self.predictions.__name__}{',' + options if options else ''}]"

    def apply(self, predictions, targets, **options):
        return self.function(predictions, targets, **(self.options | options))

    def draw(self, dtype="float64", *, items=N, seed=0):
        """Predictions and targets; floats of this dtype."""
        rng = np.random.default_rng([seed, items])
        targets, predictions = self.targets(rng, (items, CLASSES)), self.predictions(rng, (items, CLASSES))
        return [a.astype(dtype) if a.dtype.kind == "f" else a for a in (predictions, targets)]

    def expected(self, predictions, targets, weights=None):
        wide = [np.asarray(a, "float64") if a.dtype.kind == "f" else a for a in (predictions, targets)]
        return np.asarray(self.reference(*wide, weights) if self.weighted else self.reference(*wide))


def by_sklearn(function, **options):
    """A reference of scikit-learn, whose order is (targets, predictions)."""

    def reference(predictions, targets, weights=None):
        given = {} if weights is None else {"sample_weight": weights}
        return function(targets, predictions, **given, **options)

    return reference


def of_best(reference):
    """A reference for class indices, given scores: the class of the greatest."""
    return lambda scores, targets, *weights: reference(np.argmax(scores, axis=-1), targets, *weights)


def thresholded(reference, threshold=0.5):
    """A reference for 0 and 1, given probabilities."""
    return lambda probabilities, targets, *weights: reference(probabilities >= threshold, targets, *weights)
