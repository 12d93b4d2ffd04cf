"""The arrays of a batch: checked against the types of the inputs and brought to one memory layout."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from objectives._arrays import library_of, readable
from objectives._options import flag

# how the columns of a frame are given by their names
COLUMNS = {
    "pandas": "give its columns, batch.to_dict('series')",
    "polars": "give its columns, batch.to_dict(), after .collect() if it is lazy",
}
FRAMES = "DataFrame", "LazyFrame"
ONE_BATCH = ": a single batch is given to update, or to validate in a list, validate([batch])"


def checked_stream(batches, progress, inputs):
    """The stream of batches that `validate` was given, unless these are the arrays of one batch."""
    names = ", ".join(str(variable) for variable in inputs)
    if not isinstance(progress, bool | str) and np.ndim(progress):
        raise TypeError(
            "progress must be True or False, not an array: the arrays of a single batch are given together, "
            f"validate([({names})])"
        )
    flag(progress, "progress")
    if not isinstance(batches, Iterable):
        raise TypeError(f"batches must be an iterable of batches, not {batches!r}")
    if _is_one_batch(batches, [variable.ndim for variable in inputs]):
        raise TypeError(
            f"batches must be an iterable of batches, not the arrays of a single one for {names}: give it in a list, "
            "validate([batch])"
        )
    return batches


def _is_one_batch(batches, ranks):
    """Whether a batch was given in place of many, which would have one dimension more."""
    if len(ranks) == 1:
        return getattr(batches, "ndim", None) == ranks[0] and type(batches).__name__ not in FRAMES
    if not isinstance(batches, Sequence | np.ndarray) or len(batches) != len(ranks):
        return False
    return [_rank(x) for x in batches] == ranks or all(
        hasattr(x, "ndim") and (x.ndim == 0 or len(x) != len(ranks)) for x in batches
    )


def _rank(x):
    """The number of dimensions of an array or of nested lists; None of other objects, such as dicts."""
    if isinstance(x, list | tuple):
        inner = _rank(x[0]) if x else 0
        return None if inner is None else 1 + inner
    return np.ndim(x) if hasattr(x, "__array__") or isinstance(x, int | float) else None


def arrays_of(batch, inputs, own_arrays=None, *, copied=False):
    """The arrays of a batch in the order of the inputs.

    Arrays of the module ``own_arrays``, a backend's own, pass unchanged. With ``copied`` all others are copied, for
    backends that may still read them after their function has returned.
    """
    given = _in_order(batch, [variable.name for variable in inputs])
    return [_array(variable, x, own_arrays, copied) for variable, x in zip(inputs, given, strict=True)]


def _in_order(batch, names):
    if isinstance(batch, str):  # the names of columns are what a frame or a dict yields
        raise TypeError(f"a batch must be a sequence or a dict of arrays, not {batch!r}{ONE_BATCH}")
    if isinstance(batch, Mapping):
        batch = _named(batch, names)
    elif len(names) == 1 and not isinstance(batch, Sequence):
        batch = [batch]
    if not isinstance(batch, Sequence | np.ndarray):
        kind = type(batch).__name__
        raise TypeError(f"a batch must be a sequence or a dict of arrays, not {kind}{_as_sequence(batch, names)}")
    if len(batch) != len(names):
        arrays = "1 array, for the input" if len(names) == 1 else f"{len(names)} arrays, for the inputs"
        raise ValueError(f"a batch must have {arrays} {names}, but has {len(batch)}{_in_number(batch, names)}")
    return batch


def _named(batch, names):
    if None in names or len(set(names)) < len(names):
        raise ValueError(
            f"batches can be dicts only if every input has its own name, not {names}: give the inputs names, as in "
            "pt.matrix('predictions'), or batches as lists"
        )
    lacking, others = [n for n in names if n not in batch], [n for n in batch if n not in names]
    if not lacking and not others:
        return [batch[name] for name in names]
    if not lacking:
        hint = f"leave out the others, {{name: batch[name] for name in {names}}}"
    elif len(others) < len(lacking):
        hint = f"add {lacking}"
    else:
        found = dict(zip(lacking, others, strict=False))
        hint = f"give them, such as {{{', '.join(f'{n!r}: batch[{found.get(n, n)!r}]' for n in names)}}}"
    raise ValueError(f"a batch must have values for the inputs {names}, not for {list(batch)}: {hint}")


def _as_sequence(batch, names):
    """What to write where a batch is no sequence of arrays."""
    if type(batch).__name__ in FRAMES:
        return f": {COLUMNS.get(library_of(batch), 'give its columns')}"
    if np.ndim(batch) == 0:
        return ONE_BATCH if isinstance(batch, np.generic) else ""
    return f": give one array for each of {names}, in a list"


def _in_number(batch, names):
    """What to write where a batch has not as many arrays as there are inputs."""
    if isinstance(batch, np.ndarray):
        is_wide = batch.ndim == 2 and batch.shape[1] == len(names)
        return f": give {'its columns, batch.T' if is_wide else 'one array for each input, in a list'}"
    if len(names) > 1 or not len(batch):
        return ""
    if np.ndim(batch[0]) == 0:
        return ": give an array, numpy.asarray(batch), or a list of it, [batch]"
    return ": join them, numpy.concatenate(batch) or numpy.column_stack(batch), or compile with as many inputs"


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
    array = readable(value, variable)
    if isinstance(value, np.ndarray) and not (value.flags.aligned and value.dtype.isnative):
        array = value.astype(value.dtype.newbyteorder("="))  # from a network or a file
    try:
        return variable.type.filter(array)
    except Exception as error:
        raise TypeError(_why(variable, value, array, error)) from error


def _why(variable, value, array, error):
    """The message where an array is not of the type of the variable."""
    if not hasattr(array, "dtype") and not isinstance(array, Sequence | int | float | complex):
        return f"{variable} must be an array of numbers, not {type(value).__name__}"
    if hasattr(array, "ndim") and array.ndim != variable.ndim:
        given = f"{variable} must have {variable.ndim} dimension{'s' * (variable.ndim != 1)}, not {array.ndim}"
        return f"{given}, shape {array.shape}{_of_rank(variable, value, array)}"
    if (dtype := getattr(array, "dtype", variable.dtype)) != variable.dtype:
        return f"{variable} must be {variable.dtype}, not {dtype}: {_of_dtype(variable, array)}"
    return f"{variable}: {error}"


def _of_dtype(variable, array):
    """What to write where an array has another dtype."""
    if "int" in variable.dtype and array.dtype.kind == "f" and np.isnan(array).any():
        return (
            f"it holds NaN, so give a number in its place, numpy.nan_to_num({variable}, nan=-1).astype("
            f"{variable.dtype!r}), and mask it, mask=objectives.labelled({variable}, -1)"
        )
    return f"convert the array, array.astype({variable.dtype!r}), or make the input one of {array.dtype}"


def _of_rank(variable, value, array):
    """What to write where an array has another number of dimensions."""
    other = f", or make the input one of {array.ndim} dimension{'s' * (array.ndim != 1)}"
    if array.ndim == 0:
        return ONE_BATCH
    if type(value).__name__ in FRAMES and variable.ndim == 1:
        return f": give one of its columns, {variable}[{value.columns[0]!r}]{other}"
    if (array.ndim, variable.ndim) == (1, 2):
        return f": make it a column, {variable}[:, None], or a row, {variable}[None]{other}"
    if (array.ndim, variable.ndim) == (2, 1):
        if "int" in variable.dtype and array.shape[1] > 1:
            return f": of one-hot rows give the classes, {variable}.argmax(axis=-1){other}"
        return f": give one of its columns, {variable}[:, 0]{other}"
    return ""


def _in_one_layout(array, copied):
    """The array in C order and writeable: Numba compiles a function again for each other layout."""
    is_usual = array.flags.c_contiguous and array.flags.writeable
    return array if is_usual and not copied else np.array(array, order="C")
