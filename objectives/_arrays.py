"""Arguments of other libraries, from pandas to JAX: read if NumPy loses nothing, else refused with the conversion."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pytensor.graph.basic import Variable

NUMBERS = "biufc"  # the kinds of their dtypes
OF_PANDAS = {
    "text": "{0} must hold numbers, not text such as {1!r}: encode labels as integers, "
    "codes = pandas.factorize({0})[0]; missing ones are -1, for mask=objectives.labelled(codes, -1)",
    "mask": "{0} must not hold pandas.NA or other objects: say what counts, {0}.fillna(False).astype(bool)",
    "others": "{0} must not hold pandas.NA or other objects: convert it, .to_numpy('float64', na_value=numpy.nan), and "
    "mask what is missing, mask=objectives.labelled(array)",
}
CONVERSIONS = {
    "xarray": "{} is an object of xarray that is no array of numbers: of a Dataset give one of its arrays, {}['name']",
    "torch": "{} is a PyTorch tensor that NumPy cannot read: give "
    "{}.detach().cpu().numpy(), after .float() if it is bfloat16",
    "jax": "{} is a JAX array that NumPy cannot read: give "
    "numpy.asarray({}), after .astype('float32') if it is bfloat16",
}
OF_POLARS = {
    "lazy": "{} is lazy, a {} of polars: collect its frame, frame.collect(), and give its columns, .to_numpy()",
    "nulls": "{} must not have nulls, which arrays do not have: give {}.cast(polars.Float64).to_numpy(), where they "
    "are NaN, and mask them, mask=objectives.labelled(array)",
    "others": "{} is a polars object of other things than numbers: encode labels as integers, "
    "{}.cast(polars.Categorical).to_physical()",
}
OTHERWISE = "{} must be a tensor or an array of numbers, not {}: convert it with numpy.asarray"


def readable(x: Any, name: str | Variable) -> Any:
    """``x``, or the NumPy array that it holds if it is an array of another library."""
    library = library_of(x)
    if isinstance(x, Variable) or not (hasattr(x, "__array__") or library == "polars"):
        return x
    if isinstance(x, np.ndarray | np.generic):
        refuse_text(x.tolist() if x.dtype == object else x, name)
        if x.dtype.kind not in NUMBERS:
            held = np.asarray(x.tolist()).dtype
            dtype = held.name if held.kind in NUMBERS else "float64"
            raise TypeError(f"{name} must hold numbers, not {x.dtype}: convert the array, {name}.astype('{dtype}')")
        return x
    try:
        array = np.asarray(x)
    except Exception as error:
        raise TypeError(_message(library, name, x)) from error
    if array.dtype == object and library == "pandas":
        array = _without_objects(array, name)
    if array.dtype.kind not in NUMBERS or (library == "polars" and _has_nulls(x)):
        raise TypeError(_message(library, name, x))
    return array


def refuse_others(x: Any, name: str | Variable) -> None:
    """Raise for None, text, dicts and lists of them, which are no numbers."""
    if x is None or isinstance(x, str):
        raise TypeError(f"{name} must be a tensor, an array or a number, not {x!r}")
    if isinstance(x, Mapping):
        fix = "one number for each class, in order" if name == "class_weights" else "one of its values"
        raise TypeError(f"{name} must be a tensor, an array or a number, not a dict: give {fix}")
    if isinstance(x, list | tuple):
        refuse_text(x, name)


def refuse_text(x: Any, name: str | Variable) -> None:
    """Raise if an array holds text, or a list or tuple text or None."""
    entries = np.ravel(x)[:1] if isinstance(x, np.ndarray | np.generic) else _entries(x)
    first = next((entry for entry in entries if entry is None or isinstance(entry, str | bytes)), 0)
    if first is None:
        raise TypeError(f"{name} must not hold None: give NaN in its place, and mask=objectives.labelled({name})")
    if first == 0:
        return
    try:
        np.asarray(x).astype("float64")
        fix = f"convert them, numpy.asarray({name}).astype('float64')"
    except ValueError:
        fix = f"encode labels as integers, numpy.unique({name}, return_inverse=True)[1]"
    raise TypeError(f"{name} must hold numbers, not text such as {str(first)!r}: {fix}")


def _entries(x):
    """What nested lists and tuples hold."""
    if isinstance(x, list | tuple):
        for entry in x:
            yield from _entries(entry)
    else:
        yield x


def library_of(x: Any) -> str:
    """The name of the package that the type of ``x`` comes from."""
    return type(x).__module__.partition(".")[0].removesuffix("lib")


def _has_nulls(x):
    """Whether a series or frame of polars has nulls."""
    return bool(np.any(x.null_count()))


def _without_objects(array, name):
    """Numbers that pandas holds as objects, in columns of mixed or nullable dtypes; none may be missing."""
    numbers = np.array(array.tolist())
    if numbers.dtype.kind in "biuf":
        return numbers
    entries = list(_entries(array.tolist()))
    text = [entry for entry in entries if isinstance(entry, str)]
    if text:
        raise TypeError(OF_PANDAS["text"].format(name, text[0]))
    raise TypeError(OF_PANDAS["mask" if name == "mask" else "others"].format(name))


def _message(library, name, x):
    if library == "polars":
        if not hasattr(x, "to_numpy"):
            return OF_POLARS["lazy"].format(name, type(x).__name__)
        return OF_POLARS["nulls" if _has_nulls(x) else "others"].format(name, name)
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    return CONVERSIONS.get(library, OTHERWISE).format(name, name if library in CONVERSIONS else kind)
