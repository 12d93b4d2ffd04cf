"""Arguments from pandas, PyTorch, JAX and others: read if NumPy loses nothing, else refused with the conversion."""

from typing import Any

import numpy as np
from pytensor.graph.basic import Variable

NUMBERS = "biufc"  # the kinds of their dtypes
MISSING = (
    "{} holds pandas.NA or other objects: convert it, .to_numpy('float64', na_value=numpy.nan), and mask what is "
    "missing, mask=objectives.labelled(array)"
)
CONVERSIONS = {
    "torch": "{} is a PyTorch tensor that NumPy cannot read: give "
    "{}.detach().cpu().numpy(), after .float() if it is bfloat16",
    "jax": "{} is a JAX array that NumPy cannot read: give "
    "numpy.asarray({}), after .astype('float32') if it is bfloat16",
}
OTHERWISE = "{} must be a tensor or an array of numbers, not {}: convert it with numpy.asarray"


def readable(x: Any, name: str) -> Any:
    """``x``, or the NumPy array that it holds if it is an array of another library."""
    if isinstance(x, Variable) or not hasattr(x, "__array__"):
        return x
    if isinstance(x, np.ndarray | np.generic):
        if x.dtype.kind not in NUMBERS:
            raise TypeError(f"{name} must hold numbers, not {x.dtype}: convert the array, {name}.astype('float64')")
        return x
    library = type(x).__module__.partition(".")[0].removesuffix("lib")
    try:
        array = np.asarray(x)
    except Exception as error:
        raise TypeError(_message(library, name, x)) from error
    if array.dtype == object and library == "pandas":
        array = _without_objects(array, name)
    if array.dtype.kind not in NUMBERS:
        raise TypeError(_message(library, name, x))
    return array


def _without_objects(array, name):
    """Numbers that pandas holds as objects, in columns of mixed or nullable dtypes; none may be missing."""
    numbers = np.array(array.tolist())
    if numbers.dtype.kind not in "biuf":
        raise TypeError(MISSING.format(name))
    return numbers


def _message(library, name, x):
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    return CONVERSIONS.get(library, OTHERWISE).format(name, name if library in CONVERSIONS else kind)
