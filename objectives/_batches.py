"""The arrays of a batch: checked against the types of the inputs, and brought to one layout of memory."""

from collections.abc import Mapping, Sequence

import numpy as np


def arrays_of(batch, inputs, own_arrays=None, *, copied=False):
    """The arrays of a batch in the order of the inputs.

    ``own_arrays`` names the module of a backend whose arrays pass as they are. ``copied`` says that all others must
    be copied, since the backend may still read them when its function has returned.
    """
    given = _in_order(batch, [variable.name for variable in inputs])
    return [_array(variable, x, own_arrays, copied) for variable, x in zip(inputs, given, strict=True)]


def _in_order(batch, names):
    if isinstance(batch, Mapping):
        if None in names or len(set(names)) < len(names):
            raise ValueError(f"batches can be dicts only if each input has a name of its own, not {names}")
        if set(batch) != set(names):
            raise ValueError(f"a batch must have values for the inputs {names}, not for {list(batch)}")
        batch = [batch[name] for name in names]
    elif len(names) == 1 and not isinstance(batch, Sequence):
        batch = [batch]
    if not isinstance(batch, Sequence | np.ndarray):
        raise TypeError(f"a batch must be a sequence or a dict of arrays, not {type(batch).__name__}")
    if len(batch) != len(names):
        raise ValueError(f"a batch must have {len(names)} arrays, for the inputs {names}, but has {len(batch)}")
    return batch


def _array(variable, value, own_arrays, copied):
    if own_arrays and type(value).__module__.startswith(own_arrays):
        _check(variable, str(value.dtype).rpartition(".")[2], value.ndim)
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{variable} is a masked array, whose mask would be lost: give the array {variable}.data, its mask "
            f"~numpy.ma.getmaskarray({variable}) as an input of its own, and that to the measures"
        )
    return _in_one_layout(_filtered(variable, value), copied)


def _check(variable, dtype, ndim):
    if (dtype, ndim) != (variable.dtype, variable.ndim):
        raise TypeError(f"{variable} must be {variable.dtype} of {variable.ndim} dimensions, not {dtype} of {ndim}")


def _filtered(variable, value):
    """An array of the type of the variable, if the value can become one without loss."""
    if isinstance(value, np.ndarray) and not (value.flags.aligned and value.dtype.isnative):
        value = value.astype(value.dtype.newbyteorder("="))  # what came through a network or from a file
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
    """The array in the order of C, which may be written to: Numba compiles a function for each layout anew."""
    is_usual = array.flags.c_contiguous and array.flags.writeable
    return array if is_usual and not copied else np.array(array, order="C")
