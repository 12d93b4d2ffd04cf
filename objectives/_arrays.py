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
    "polars": "{} is a polars object that is lazy, has nulls or no numbers: give {}.cast(polars.Float64).to_numpy(), "
    "after .collect() if it is lazy, and mask nulls, which become NaN, mask=objectives.labelled(array)",
    "xarray": "{} is an object of xarray that is no array of numbers: of a Dataset give one of its arrays, {}['name']",
    "torch": "{} is a PyTorch tensor that NumPy cannot read: give "
    "{}.detach().cpu().numpy(), after .float() if it is bfloat16",
    "jax": "{} is a JAX array that NumPy cannot read: give "
    "numpy.asarray({}), after .astype('float32') if it is bfloat16",
}
OTHERWISE = "{} must be a tensor or an array of numbers, not {}: convert it with numpy.asarray"


def readable(x: Any, name: str | Variable) -> Any:
    """``x``, or the NumPy array that it holds if it is an array of another library."""
    library = library_of(x)
    if isinstance(x, Variable) or not (hasattr(x, "__array__") or library == "polars"):
        return x
    if isinstance(x, np.ndarray | np.generic):
        if x.dtype.kind not in NUMBERS:
            raise TypeError(f"{name} must hold numbers, not {x.dtype}: convert the array, {name}.astype('float64')")
        return x
    try:
        array = np.asarray(x)
    except Exception as error:
        raise TypeError(_message(library, name, x)) from error
    if array.dtype == object and library == "pandas":
        array = _without_objects(array, name)
    if array.dtype.kind not in NUMBERS or (library == "polars" and np.any(x.null_count())):
        raise TypeError(_message(library, name, x))
    return array


def library_of(x: Any) -> str:
    """The name of the package that the type of ``x`` comes from."""
    return type(x).__module__.partition(".")[0].removesuffix("lib")


def _without_objects(array, name):
    """Numbers that pandas holds as objects, in columns of mixed or nullable dtypes; none may be missing."""
    numbers = np.array(array.tolist())
    if numbers.dtype.kind not in "biuf":
        raise TypeError(MISSING.format(name))
    return numbers


def _message(library, name, x):
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    return CONVERSIONS.get(library, OTHERWISE).format(name, name if library in CONVERSIONS else kind)
