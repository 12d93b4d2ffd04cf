"""Arguments of other libraries, from pandas to JAX: read if NumPy loses nothing, else refused with the conversion."""

from typing import Any

import numpy as np
from pytensor.graph.basic import Variable

NUMBERS = "biufc"  # the kinds of their dtypes
MISSING = (
    "{} holds pandas.NA or other objects: convert it, .to_numpy('float64', na_value=numpy.nan), and mask what is "
    "missing, mask=objectives.labelled(array)"
)
CONVERSIONS = {
    "xarray": "{} is an object of xarray that is no array of numbers: of a Dataset give one of its arrays, {}['name']",
    "torch": "{} is a PyTorch tensor that NumPy cannot read: give "
    "{}.detach().cpu().numpy(), after .float() if it is bfloat16",
    "jax": "{} is a JAX array that NumPy cannot read: give "
    "numpy.asarray({}), after .astype('float32') if it is bfloat16",
}
OF_POLARS = {
    "lazy": "{} is lazy, a {} of polars: collect its frame, frame.collect(), and give its columns, .to_numpy()",
    "nulls": "{} has nulls, which arrays do not have: give {}.cast(polars.Float64).to_numpy(), where they are NaN, and "
    "mask them, mask=objectives.labelled(array)",
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
        refuse_text(x, name)
        if x.dtype.kind not in NUMBERS:
            raise TypeError(f"{name} must hold numbers, not {x.dtype}: convert the array, {name}.astype('float64')")
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


def refuse_text(x: Any, name: str | Variable) -> None:
    """Raise if an array, or a list or tuple by its first entry, holds text."""
    first = x
    while isinstance(first, list | tuple) and first:
        first = first[0]
    if not (isinstance(first, str) or (isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "UST")):
        return
    try:
        np.asarray(x).astype("float64")
        fix = f"convert them, numpy.asarray({name}).astype('float64')"
    except ValueError:
        fix = f"encode labels as integers, numpy.unique({name}, return_inverse=True)[1]"
    raise TypeError(f"{name} must hold numbers, not text such as {str(np.ravel(x)[0])!r}: {fix}")


def library_of(x: Any) -> str:
    """The name of the package that the type of ``x`` comes from."""
    return type(x).__module__.partition(".")[0].removesuffix("lib")


def _has_nulls(x):
    """Whether a series or frame of polars has nulls."""
    return bool(np.any(x.null_count()))


def _without_objects(array, name):
    """Numbers that pandas holds as objects, in columns of mixed or nullable dtypes; none may be missing."""
    numbers = np.array(array.tolist())
    if numbers.dtype.kind not in "biuf":
        raise TypeError(MISSING.format(name))
    return numbers


def _message(library, name, x):
    if library == "polars":
        if not hasattr(x, "to_numpy"):
            return OF_POLARS["lazy"].format(name, type(x).__name__)
        return OF_POLARS["nulls" if _has_nulls(x) else "others"].format(name, name)
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    return CONVERSIONS.get(library, OTHERWISE).format(name, name if library in CONVERSIONS else kind)
