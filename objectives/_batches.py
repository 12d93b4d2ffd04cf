"""The arrays of a batch: checked against the types of the inputs and brought to one memory layout."""

from collections.abc import Mapping, Sequence

import numpy as np

from objectives._arrays import library_of, readable

# how the columns of a frame are given by their names
COLUMNS = {
    "pandas": ": give its columns, batch.to_dict('series')",
    "polars": ": give its columns, batch.to_dict(), after .collect() if it is lazy",
}


def arrays_of(batch, inputs, own_arrays=None, *, copied=False):
    """The arrays of a batch in the order of the inputs.

    Arrays of the module ``own_arrays``, a backend's own, pass unchanged. With ``copied`` all others are copied, for
    backends that may still read them after their function has returned.
    """
    given = _in_order(batch, [variable.name for variable in inputs])
    return [_array(variable, x, own_arrays, copied) for variable, x in zip(inputs, given, strict=True)]


def _in_order(batch, names):
    if isinstance(batch, Mapping):
        if None in names or len(set(names)) < len(names):
            raise ValueError(
                f"batches can be dicts only if every input has its own name, not {names}: give the inputs names, as in "
                "pt.matrix('predictions'), or batches as lists"
            )
        if set(batch) != set(names):
            raise ValueError(f"a batch must have values for the inputs {names}, not for {list(batch)}")
        batch = [batch[name] for name in names]
    elif len(names) == 1 and not isinstance(batch, Sequence):
        batch = [batch]
    if not isinstance(batch, Sequence | np.ndarray):
        hint = COLUMNS.get(library_of(batch), "")
        raise TypeError(f"a batch must be a sequence or a dict of arrays, not {type(batch).__name__}{hint}")
    if len(batch) != len(names):
        raise ValueError(f"a batch must have {len(names)} arrays, for the inputs {names}, but has {len(batch)}")
    return batch


def _array(variable, value, own_arrays, copied):
    if own_arrays and type(value).__module__.startswith(own_arrays):
        _check(variable, str(value.dtype).rpartition(".")[2], value.ndim)
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{variable} is a masked array, whose mask would be lost: give the array {variable}.data, and its mask "
            f"~numpy.ma.getmaskarray({variable}) as a separate input, for the mask= of the measures"
        )
    return _in_one_layout(_filtered(variable, value), copied)


def _check(variable, dtype, ndim):
    if (dtype, ndim) != (variable.dtype, variable.ndim):
        raise TypeError(f"{variable} must have dtype {variable.dtype} and ndim {variable.ndim}, not {dtype} and {ndim}")


def _filtered(variable, value):
    """The value as an array of the type of the variable, if that loses nothing."""
    if not isinstance(value, np.ndarray):
        value = readable(value, variable)
    elif not (value.flags.aligned and value.dtype.isnative):
        value = value.astype(value.dtype.newbyteorder("="))  # from a network or a file
    try:
        return variable.type.filter(value)
    except Exception as error:
        dtype = getattr(value, "dtype", None)
        if dtype is None or dtype == variable.dtype:
            raise TypeError(f"{variable}: {error}") from error
        raise TypeError(
            f"{variable} must be {variable.dtype}, not {dtype}: convert the array, "
            f"array.astype({variable.dtype!r}), or make the input one of {dtype}"
        ) from error


def _in_one_layout(array, copied):
    """The array in C order and writeable: Numba compiles a function again for each other layout."""
    is_usual = array.flags.c_contiguous and array.flags.writeable
    return array if is_usual and not copied else np.array(array, order="C")
