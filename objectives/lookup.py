"""Losses and measures by name, and their facts: ranges, symmetry, convexity, minimizers."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import wraps
from inspect import getdoc, signature
from typing import Any, Literal, TypeVar, cast

from objectives._foreign import answers, refused_keyword
from objectives._options import flag
from objectives.ops.marking import without_gradient

__all__ = ["Facts", "Range", "facts", "get", "names"]


@dataclass(frozen=True)
class Range:
    """The range of the numbers that an argument may hold.

    Attributes
    ----------
    description : str
        The range in words or symbols, such as ``"[0, 1]"``.
    low, high : float
        Bounds of the entries.
    """

    description: str
    low: float = -float("inf")
    high: float = float("inf")

    def __str__(self) -> str:
        return self.description


REALS = Range("real")
NOT_ZERO = Range("real, not all 0")
NON_NEGATIVE = Range("[0, ∞)", low=0)
POSITIVE = Range("(0, ∞)", low=0)
UNIT = Range("[0, 1]", 0, 1)
COSINES = Range("[-1, 1]", -1, 1)
SIMPLEX = Range("[0, 1], adding up to 1", 0, 1)
LOG_PROBABILITIES = Range("(-∞, 0]", high=0)
BINARY = Range("{0, 1}", 0, 1)
SIGNS = Range("{-1, 1}", -1, 1)
BINARY_OR_SIGNS = Range("{0, 1} or {-1, 1}", -1, 1)
LABELS = Range("class indices", low=0)
INTEGERS = Range("integers")
CLASSES = Range("class indices, one-hot or soft", low=0)


@dataclass(frozen=True)
class Facts:
    """Facts about a loss or measure.

    Attributes
    ----------
    function : callable
        The function.
    arguments : dict
        The `Range` of each argument that holds data, by name.
    per : {"element", "item", "set"}
        What one number of the result belongs to: an element, an item (the class or feature axis is reduced), or the
        whole set.
    symmetric : bool
        Whether the first two arguments can be exchanged.
    convex : bool
        Whether the loss is convex in its first argument.
    smooth : bool
        Whether the loss has a continuous gradient inside its range.
    minimizer : str or None
        The prediction that minimizes the mean loss over targets; None for measures.
    minimum : float or None
        The least value of the loss; None if it depends on the targets.
    differentiable : bool
        False for measures, which are not meant to be trained with.
    best : {"min", "max"} or None
        Whether the least or the greatest value is best; None if there is no best, as for signed errors and curves.
    train_with : str or None
        For a measure without a gradient, the loss to train with, "" if there is none of its kind; None for losses,
        and for measures that have a gradient.
    """

    function: Callable[..., Any]
    arguments: dict[str, Range] = field(default_factory=dict)
    per: Literal["element", "item", "set"] = "element"
    symmetric: bool = False
    convex: bool = False
    smooth: bool = False
    minimizer: str | None = None
    minimum: float | None = None
    differentiable: bool = True
    best: Literal["min", "max"] | None = "min"
    train_with: str | None = None

    @property
    def name(self) -> str:
        """Name of the function, as for `get`."""
        return self.function.__name__

    @property
    def reference(self) -> str:
        """The first reference in the function's docstring."""
        found = re.search(r"\.\. \[1\] (.+?)(?=\n\s*\.\. \[|\n\n|\Z)", getdoc(self.function) or "", re.DOTALL)
        return " ".join(found.group(1).split()) if found else ""


_FACTS: dict[str, Facts] = {}


Function = TypeVar("Function", bound=Callable[..., Any])


def described(
    *,
    per: Literal["element", "item", "set"] = "element",
    symmetric: bool = False,
    convex: bool = False,
    smooth: bool = False,
    minimizer: str | None = None,
    minimum: float | None = None,
    differentiable: bool = True,
    best: Literal["min", "max", ""] | None = "",
    train_with: str | None = None,
    **arguments: Range,
) -> Callable[[Function], Function]:
    """Record facts about the decorated function, and make it refuse foreign keywords and wrong booleans.

    With `train_with` the function is a measure, and to differentiate its result is an error that names that loss. By
    default the least value of a loss is best, and the greatest of a measure.
    """
    differentiable = differentiable and train_with is None
    known = (per, symmetric, convex, smooth, minimizer, minimum, differentiable)
    best = ("min" if differentiable else "max") if best == "" else best

    def record(function: Function) -> Function:
        parameters = signature(function).parameters
        flags = {name for name, parameter in parameters.items() if isinstance(parameter.default, bool)}

        @wraps(function)
        def checked(*args: Any, **keywords: Any) -> Any:
            _check_keywords(keywords, function.__name__, parameters)
            for name, value in (*zip(parameters, args, strict=False), *keywords.items()):
                if name in flags:
                    flag(value, name)
            result = function(*args, **keywords)
            if train_with is None:
                return result
            return without_gradient(function.__name__, train_with, result, (*args, *keywords.values()))

        _FACTS[function.__name__] = Facts(checked, arguments, *known, best, train_with)
        return cast(Function, checked)

    return record


def _check_keywords(keywords, function, parameters):
    for keyword, value in keywords.items():
        if keyword not in parameters:
            raise TypeError(refused_keyword(keyword, function, parameters, value))


def answering(function: Function) -> Function:
    """Make a function that is no loss or measure answer foreign keywords as those do."""
    parameters = signature(function).parameters

    @wraps(function)
    def checked(*args: Any, **keywords: Any) -> Any:
        _check_keywords(keywords, function.__name__, parameters)
        return function(*args, **keywords)

    return cast(Function, checked)


def facts(name: str) -> Facts:
    """Look up the facts about a loss or measure: ranges, symmetry, convexity, minimizer and source.

    Parameters
    ----------
    name : str
        Name of a public loss or measure.

    Returns
    -------
    Facts
        The facts, as attributes.

    Raises
    ------
    ValueError
        If there is no function of this name; the message says what to write instead.

    Examples
    --------
    >>> import objectives
    >>> known = objectives.facts("huber_loss")
    >>> known.per, known.symmetric, known.convex, known.minimum
    ('element', True, True, 0)
    >>> print(known.arguments["predictions"])
    real
    """
    if name not in _FACTS:
        raise ValueError(f"there is no loss or measure named {name!r}{_hint(str(name))}")
    return _FACTS[name]


def _hint(name: str) -> str:
    if found := answers(name):
        return ": write " + ", or ".join(found)
    similar = get_close_matches(name, _FACTS, n=3, cutoff=0.5)
    meant = f" Did you mean {' or '.join(map(repr, similar))}?" if similar else ""
    return f".{meant} objectives.names() lists all of them."


def get(name: str) -> Callable[..., Any]:
    """Get a loss or measure by its name, for example from a configuration file.

    Parameters
    ----------
    name : str
        Name of a public loss or measure, as listed by `names`.

    Returns
    -------
    callable
        The function.

    Raises
    ------
    ValueError
        If there is no function of this name. For names of other libraries, such as "mse" or
        "keras.losses.MeanSquaredError", the message says what to write here; for others it lists similar names.

    Examples
    --------
    >>> import objectives
    >>> objectives.get("huber_loss") is objectives.huber_loss
    True
    """
    return facts(name).function


def names() -> list[str]:
    """List the names of all losses and measures.

    Returns
    -------
    list of str
        The names in alphabetical order, for `get` and `facts`.

    Examples
    --------
    >>> import objectives
    >>> "huber_loss" in objectives.names()
    True
    """
    return sorted(_FACTS)
