"""Losses and measures of tensors with named dims, those of ``pytensor.xtensor``.

Each function is made from the one of the same name in `objectives`, with ``dim="class"`` in place of ``axis=-1``
(``label_dim`` of ``label_axis``, ``pixel_dims`` of ``pixel_axes``). Arguments are aligned by name, whatever the order
of their dims. Data have all dims of the first argument, or all but ``dim`` where the function takes class indices; a
mask, weights and options may lack dims, and then hold for all of their entries. The result has the dims that remain.

    >>> from pytensor.xtensor import xtensor
    >>> from objectives import xtensor as ox
    >>> logits = xtensor("logits", dims=("class", "time", "batch"))
    >>> labels = xtensor("labels", dims=("batch", "time"), dtype="int64")
    >>> known = ox.labelled(labels, -1)
    >>> losses = ox.categorical_crossentropy_with_logits(logits, labels, mask=known, dim="class")
    >>> losses.dims
    ('time', 'batch')
    >>> ox.aggregate(losses, mask=known, dim="time").dims
    ('batch',)

Element-wise functions and those with an axis are here. This module is imported only when it is asked for, since
PyTensor's own takes seconds to import where xarray is installed.
"""

import re
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, getdoc, signature
from typing import Any, NamedTuple

import numpy as np
from pytensor.graph.basic import Constant

try:
    from pytensor.xtensor.basic import XTensorFromTensor, xtensor_from_tensor
    from pytensor.xtensor.type import XTensorType, XTensorVariable
except ImportError as error:
    raise ImportError("objectives.xtensor needs pytensor.xtensor, which this version of PyTensor lacks") from error

from objectives import aggregation, lookup
from objectives._foreign import refused_keyword
from objectives._inputs import as_tensor

REDUCTIONS = "aggregate", "aggregate_parts"
# What takes the place of an argument that names axes by number: its name, type and description.
DIMS = {
    "axis": ("dim", "str", "The dim of classes, features or list entries, wherever it is."),
    "label_axis": ("label_dim", "str, optional", "The dim of labels; by default the elements of all dims are pooled."),
    "pixel_axes": ("pixel_dims", "str or tuple of str", "The dims to sum over."),
}
REDUCED = "dim", "str or tuple of str, optional", "The dims to reduce; by default all."
# The dims of results that no argument has; None is that of classes or labels.
NEW_DIMS: dict[str, tuple[str | None, ...]] = {
    "binary_confusion_matrix": (None, "target", "prediction"),
    "calibration_curve": ("statistic", "bin"),
    "class_likelihood_ratios": ("ratio", None),
    "confusion_matrix": ("target", "prediction"),
    **dict.fromkeys(("roc_curve", "precision_recall_curve", "det_curve"), ("statistic", "point", None)),
}
# Functions of lists or of items whose mask and weights are of entries, by module or name.
OF_ENTRIES = {
    *("losses.ranking", "metrics.ranking", "metrics.retrieval", "metrics.retrieval_cutoff"),
    *("robust_binary_crossentropy", *REDUCTIONS),
}


class Named(NamedTuple):
    """The dims and values of an argument."""

    dims: tuple[str, ...]
    values: Any

    def aligned(self, name, order):
        """The values as a tensor with these dims, of length 1 where there is none of the name."""
        values = as_tensor(self.values, name)
        if self.dims == order:
            return values
        return values.dimshuffle([self.dims.index(dim) if dim in self.dims else "x" for dim in order])


def _named(x) -> Named | None:
    if isinstance(getattr(x, "type", None), XTensorType):
        if isinstance(x, Constant):
            return Named(x.type.dims, x.data)
        # without a cast forth and back, to see which function the values come from
        was_tensor = x.owner is not None and isinstance(x.owner.op, XTensorFromTensor)
        return Named(x.type.dims, x.owner.inputs[0] if was_tensor else x.values)
    is_xarray = type(x).__module__.partition(".")[0] == "xarray" and hasattr(x, "dims")
    return Named(tuple(x.dims), x.to_numpy()) if is_xarray else None


class Layout(NamedTuple):
    """The order in which a function is given its dims."""

    rows: tuple[str, ...]
    last: tuple[str, ...]  # the dims that it treats as its axis
    like: tuple[str, ...]  # the dims that its options and its result may have
    axes: dict[str, Any]  # the arguments that tell it

    @property
    def all(self):
        return self.rows + self.last


class Translation:
    """A function of arrays, and what is known of its arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.name = function, function.__name__
        self.parameters = signature(function).parameters
        self.facts = lookup.facts(self.name) if self.name in lookup.names() else None
        self.per = self.facts.per if self.facts else "element"
        self.data = [*self.facts.arguments] if self.facts else [*self.parameters][:1]
        self.reduces, self.has_axis = self.name in REDUCTIONS, "axis" in self.parameters
        module = function.__module__.removeprefix("objectives.")
        self.of_entries = not self.has_axis or not OF_ENTRIES.isdisjoint([module, self.name])
        renamed = [self._renamed(parameter) for parameter in self.parameters.values()]
        self.signature = Signature(renamed, return_annotation=XTensorVariable)

    def _renamed(self, parameter):
        if parameter.name not in DIMS:
            return parameter
        is_optional = self.per == "set" or self.reduces
        return parameter.replace(
            name=DIMS[parameter.name][0], default=None if is_optional else Parameter.empty, annotation=str
        )

    def call(self, args, keywords):
        for keyword in keywords:
            if keyword not in self.signature.parameters:
                raise TypeError(self._refused(keyword))
        given = self.signature.bind_partial(*args, **keywords).arguments
        dim, label_dim, pixel_dims = (given.pop(new, None) for new, *_ in DIMS.values())
        named = {name: found for name, x in given.items() if (found := _named(x)) is not None}
        self._check_unnamed({name: x for name, x in given.items() if name not in named})
        first = next((named[name] for name in self.data if name in named and named[name].dims), Named((), None))
        layout = self._layout(first, dim, label_dim, pixel_dims)
        for name, x in named.items():
            given[name] = x.aligned(name, self._order(name, x.dims, layout))
        try:
            result = self.function(**given, **layout.axes)
        except Exception as error:
            dims = ", ".join(f"{name} {x.dims}" for name, x in named.items())
            error.add_note(f"The dims are {dims}; those of the last axes are {layout.last}.")
            raise
        results = [
            self._with_dims(x, first.dims, layout, dim or label_dim)
            for x in (result if isinstance(result, tuple) else [result])
        ]
        return tuple(results) if isinstance(result, tuple) else results[0]

    def _refused(self, keyword):
        if keyword in DIMS:
            return f"{self.name} has no argument {keyword!r}: dims have names here, {DIMS[keyword][0]}="
        return refused_keyword(keyword, self.name, self.signature.parameters)

    def _check_unnamed(self, unnamed):
        """Refuse arrays without names, except vectors that are options of classes."""
        for name, x in unnamed.items():
            ndim = np.ndim(x) if isinstance(x, list | tuple) or hasattr(x, "ndim") or hasattr(x, "__array__") else 0
            if ndim > (self.has_axis and name not in (*self.data, "mask", "weights")):
                raise TypeError(
                    f"{name} has {ndim} dims without names: give them, pytensor.xtensor.as_xtensor({name}, dims=...), "
                    f"or call objectives.{self.name}, which takes arrays"
                )

    def _layout(self, first, dim, label_dim, pixel_dims) -> Layout:
        def without(last, dims=first.dims):
            return tuple(d for d in dims if d not in last)

        if self.reduces:
            last = first.dims if dim is None else _checked("dim", dim, first.dims)
            axes = {} if dim is None else {"axis": tuple(range(-len(last), 0))}
            return Layout(without(last), last, without(last), axes)
        if not self.has_axis and "pixel_axes" not in self.parameters:
            last = () if label_dim is None else _checked("label_dim", label_dim, first.dims, 1)
            return Layout(without(last), last, without(last) + last, {"label_axis": -1} if last else {})
        if self.per == "set" and dim not in first.dims and "float" not in str(getattr(first.values, "dtype", "float")):
            return Layout(first.dims, (), first.dims, {})  # predictions that are class indices
        last = _checked("dim", dim, first.dims, 1) if self.has_axis else ()
        rows = without(last)
        if "pixel_axes" not in self.parameters:
            return Layout(rows, last, rows if self.per == "item" else rows + last, {})
        pixels = _checked("pixel_dims", pixel_dims, rows)
        kept = without(pixels, rows)
        return Layout(kept + pixels, last, kept + last, {"pixel_axes": tuple(range(len(kept), len(rows)))})

    def _order(self, name, dims, layout):
        """The dims in the order in which the function takes them for this argument."""
        present, last = set(dims), set(layout.last)
        if name in self.data:
            fitting = [layout.all, *[layout.rows] * (self.has_axis and not self.reduces), ()]
            found = [order for order in fitting if present == set(order)]
            if not found:
                raise TypeError(_misfit(name, dims, fitting[:-1]))
            return found[0]
        if name == "noise" and len(samples := present - set(layout.all)) == 1:
            return (*samples, *layout.all)
        if not present <= set(layout.all):
            raise TypeError(f"{name} {dims} would enlarge the result: its dims must be among {layout.all}")
        if name in ("mask", "weights"):
            return layout.all if self.of_entries or present & last else layout.rows
        if present <= set(layout.like):
            return layout.like if present else ()
        return layout.last if present == last else layout.all

    def _with_dims(self, result, dims, layout, dim) -> XTensorVariable:
        own: tuple[str | None, ...]
        if self.per == "set":
            own = NEW_DIMS.get(self.name, (None,))
            own = tuple(dim if d is None else d for d in own if d is not None or len(own) == result.ndim)
            if None in own:
                raise ValueError(f"{self.name} gives one number for each class: name the dim of the result, dim=")
            return xtensor_from_tensor(result, dims=own)
        own = layout.like[: result.ndim]
        order = tuple(d for d in dims if d in own)
        return xtensor_from_tensor(result.dimshuffle([own.index(d) for d in order]) if order != own else result, order)


def _checked(argument, names, dims, most=None):
    """The names as a tuple, each one of the dims."""
    found = (names,) if isinstance(names, str) else names
    is_known = isinstance(found, tuple | list) and found and len(found) == len(set(found)) and set(found) <= set(dims)
    if not is_known or (most and len(found) > most):
        raise ValueError(f"{argument} must be {'one' if most else 'some'} of the dims {dims}, not {names!r}")
    return tuple(found)


def _misfit(name, dims, fitting):
    expected = fitting[0]
    lacking, besides = (tuple(d for d in a if d not in b) for a, b in ((expected, dims), (dims, expected)))
    wrong = [*[f"lack {lacking}"] * bool(lacking), *[f"have {besides} besides"] * bool(besides)]
    return (
        f"dims mismatch: {name} have the dims {dims}, but should have {' or '.join(map(str, fitting))}: they "
        f"{' and '.join(wrong)}. Broadcasting would pair entries that do not belong together; if it is meant, say so, "
        f"{name}.expand_dims(...)"
    )


def _documentation(function):
    """The docstring of the function of arrays, with dims in place of axes, and without its examples."""
    text = getdoc(function) or ""
    for old, described in DIMS.items():
        new, kind, meaning = REDUCED if function.__name__ in REDUCTIONS else described
        text = re.sub(rf"^{old} : .*\n(    .*\n)+", f"{new} : {kind}\n    {meaning}\n", text, flags=re.MULTILINE)
        text = re.sub(rf"\b{old}=-?\d", f'{new}="{"label" if new == "label_dim" else "class"}"', text)
        text = re.sub(rf"\b{old}\b", new, text)
    text = text.replace("axes", "dims").replace("axis", "dim").replace("TensorVariable", "XTensorVariable")
    first, *rest = text.partition("\n\nExamples\n")[0].split("\n\n", 1)
    return "\n\n".join([first, f"`objectives.{function.__name__}` of tensors whose dims have names.", *rest])


def _with_named_dims(function: Callable[..., Any]) -> Callable[..., Any]:
    translation = Translation(function)

    @wraps(function)
    def of_names(*args: Any, **keywords: Any) -> Any:
        return translation.call(args, keywords)

    of_names.__dict__["__signature__"] = translation.signature
    of_names.__module__, of_names.__doc__ = __name__, _documentation(function)
    return of_names


def _has_dims(name):
    parameters = signature(lookup.get(name)).parameters
    return lookup.facts(name).per == "element" or not parameters.keys().isdisjoint(DIMS)


__all__ = sorted([*filter(_has_dims, lookup.names()), *REDUCTIONS, "labelled"])


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in __all__:
        reason = ": it has no axis to name, give x.values to objectives" if name in lookup.names() else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{reason}")
    function = getattr(aggregation, name) if name in aggregation.__all__ else lookup.get(name)
    return globals().setdefault(name, _with_named_dims(function))


def __dir__() -> list[str]:
    return list(__all__)
