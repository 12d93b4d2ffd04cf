"""Validation functions: exact measures and losses over any number of batches."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from threading import RLock
from typing import Any, TypeAlias

import numpy as np
import pytensor
from pytensor.compile.mode import Mode, get_mode, predefined_modes
from pytensor.tensor.variable import TensorVariable

from objectives._backends import BACKENDS
from objectives._batches import arrays_of, checked_stream
from objectives._progress import with_progress_bar
from objectives._splitting import split
from objectives._typing import TensorLike
from objectives.ops._symbolic import UNCOMPILED
from objectives.ops.statistics import accumulated, check_lengths, concatenated, merged_states

__all__ = ["BatchError", "CompilationError", "Validation", "compile_validation"]

Measure: TypeAlias = TensorLike | tuple[TensorLike, TensorLike | None]
ARRAYS_OF = {backend.linker: backend.arrays for backend in BACKENDS}


class BatchError(RuntimeError):
    """A batch was rejected; the accumulated state is unchanged.

    Attributes
    ----------
    batch : int
        Number of the batch, from 0.
    """

    def __init__(self, batch: int, reason: str) -> None:
        super().__init__(batch, reason)
        self.batch = batch

    def __str__(self) -> str:
        return "batch {} was rejected; the accumulated state is unchanged: {}".format(*self.args)


class CompilationError(RuntimeError):
    """The backend cannot compile the measures; the batch is not at fault, since NumPy can compute them from it."""


def compile_validation(
    inputs: Sequence[TensorVariable], measures: Mapping[str, Measure], *, mode: str | Mode | None = None
) -> "Validation":
    r"""Compile measures and losses into a validation function that is exact over any number of batches.

    The mean of the batches' values is wrong for F1, R2 or AUC, and for batches of different sizes. Here the statistics
    s of batches :math:`X_i` are added up, and the result r is computed once. On a Dask cluster use
    `objectives.distributed.evaluate`.

    .. math:: m(X_1 \cup \dots \cup X_n) = r(s(X_1) + \dots + s(X_n))

    Parameters
    ----------
    inputs : sequence of TensorVariable
        Inputs of the graph, in the order in which a batch gives their values.
    measures : dict
        Measures by name: an aggregated measure, such as ``f1_score(...)``, ``aggregate(loss)`` or an expression of
        these; unreduced losses, for their mean over all entries that the loss's own mask leaves; or a pair
        ``(loss, weights)``, for ``aggregate(loss, weights, "normalized_sum")``.
    mode : str or Mode, optional
        Mode of PyTensor, such as ``"JAX"``; by default PyTensor's own.

    Returns
    -------
    Validation
        The compiled function of batches. Sums are compensated, in float64; JAX keeps them on its device in floatX, MLX
        in float32. Measures that need all items at once, such as exact areas under curves, keep all scores and targets.

    Raises
    ------
    TypeError, ValueError
        If a measure has no exact value over batches, such as ``loss.mean()``, or if `inputs` do not fit the measures.

    References
    ----------
    .. [1] Chan, T. F. et al. (1983), "Algorithms for computing the sample variance", doi:10.1080/00031305.1983.10483115

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from objectives import compile_validation, squared_error
    >>> predictions, targets = pt.vectors("predictions", "targets")
    >>> validation = compile_validation([predictions, targets], {"mse": squared_error(predictions, targets)})
    >>> print(validation.validate([([1.0, 2.0], [1.0, 0.0]), ([5.0], [4.0])], progress=False)["mse"].round(4))
    1.6667
    """
    return Validation(inputs, measures, mode=mode)


class Validation:
    """A validation function over batches, made by `compile_validation`.

    It can be pickled with its state, and is compiled again where it is loaded. Copies made by ``copy.copy`` share the
    compiled functions but have their own state: use them for several data sets, or threads.

    Attributes
    ----------
    batches : int
        Number of batches that were added.
    """

    batches: int
    _arrays: list[Any]  # accumulated states, arrays of the backend or of NumPy
    _chunks: list[list[Any]]  # kept items, by statistic and batch

    def __init__(
        self, inputs: Sequence[TensorVariable], measures: Mapping[str, Measure], *, mode: str | Mode | None = None
    ) -> None:
        linker = type(get_mode(mode).linker).__name__
        self._backend, self._own_arrays = linker.removesuffix("Linker"), ARRAYS_OF.get(linker)
        # JAX and MLX keep states on the device; JAX has float64 if that is floatX, MLX never
        own_dtype = {"jax": pytensor.config.floatX, "mlx": "float32"}.get(self._own_arrays or "")
        self._keeps_states = own_dtype is not None
        self._parts = split(inputs, measures, own_dtype or "float64")
        self._definition = list(inputs), dict(measures), _by_name(mode)
        self._inputs, self._names = list(inputs), list(measures)
        self._added, self._kept = self._parts.added, self._parts.kept
        self._update, self._was_called = self._compiled_update(mode), False
        self._lock = RLock()  # copies take turns with the compiled functions
        self.reset()

    def _compiled_update(self, mode):
        """The compiled function of a batch, to its statistics, or to the new states if the backend keeps them."""
        inputs, statistics = self._inputs, [part.of_batch for part in self._added]
        if self._keeps_states:
            inputs = [*inputs, *(part.state for part in self._added)]
            statistics = [accumulated(part.state, part.of_batch, part.rule) for part in self._added]
        update = pytensor.function(inputs, [*statistics, *(kept.of_batch for kept in self._kept)], mode=mode)
        update.trust_input = True  # `arrays_of` checks them, and lets arrays of the backend pass
        return update

    def __reduce__(self):
        inputs, measures, mode = self._definition
        return _restored, (inputs, measures, mode, self.state)

    def __repr__(self) -> str:
        return f"<Validation of {self._names} by {self._backend}: {self.batches} batches of {self._inputs}>"

    def __copy__(self) -> "Validation":
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._arrays, other._chunks = list(self._arrays), [list(chunks) for chunks in self._chunks]
        return other

    def validate(self, batches: Iterable[Any], progress: bool = True) -> dict[str, Any]:
        """Reset, add every batch, and return the results.

        Parameters
        ----------
        batches : iterable
            Batches as for `update`; a generator is fine.
        progress : bool
            Whether to show a progress bar, which needs tqdm, with the values so far of measures that keep no items.

        Returns
        -------
        dict
            As `result`.

        Raises
        ------
        BatchError
            If a batch is rejected. As after any interruption, `result` covers the batches before it; `update` goes on.
        ValueError
            If there is no batch, or if nothing counts for any of the measures.
        """
        batches = checked_stream(batches, progress, self._inputs)
        self.reset()
        for batch in with_progress_bar(batches, "batches", self._values_so_far) if progress else batches:
            self.update(batch)
        return self._checked_results("the stream had none, and a generator can be used only once")

    def update(self, batch: Any) -> None:
        """Add a batch.

        Parameters
        ----------
        batch : sequence or dict of arrays
            Values of the inputs, in order or by name; for a single input, also the array itself. Arrays of the backend
            stay on its device.

        Raises
        ------
        BatchError
            If the number, names, shapes, dtypes or labels of the batch are wrong; the state is unchanged.
        CompilationError
            If the backend cannot compile the measures.
        """
        with self._lock:
            before = self._snapshot()
            try:
                self._add(batch, before)
            except BaseException as error:
                self._restore(before)
                if isinstance(error, CompilationError) or not isinstance(error, Exception):
                    raise
                raise BatchError(self.batches, str(error)) from error

    def _add(self, batch, before):
        values = arrays_of(batch, self._inputs, self._own_arrays, copied=self._own_arrays == "jax")
        found = self._of_batch(values)
        if not self._keeps_states:
            states = zip(self._added, self._arrays, found, strict=False)
            found[: len(self._added)] = [part.rule.accumulated(state, new) for part, state, new in states]
        self._arrays, chunks = found[: len(self._added)], found[len(self._added) :]
        self._check_shapes(before)
        for kept, chunk in zip(self._chunks, chunks, strict=True):
            kept.append(chunk)
        self.batches += 1

    def _of_batch(self, values):
        """The outputs of the compiled function."""
        try:
            found = self._update(*values, *(self._arrays if self._keeps_states else ()))
        except Exception as error:
            if self._was_called or not self._parts.can_be_computed(self._inputs, values):
                raise
            raise CompilationError(f"{self._backend} cannot compile the measures {self._names}: {error}") from error
        self._was_called = True
        return found

    def result(self) -> dict[str, Any]:
        """The value of each measure over all batches that were added.

        Returns
        -------
        dict
            A NumPy array or number by name; NaN where nothing counts.

        Raises
        ------
        ValueError
            If no batch was added, or if nothing counts for any of the measures.
        """
        return self._checked_results("call update first")

    def _checked_results(self, hint):
        """As `result`; ``hint`` says what to do where there was no batch."""
        if not self.batches:
            raise ValueError(f"no batch was added, so there is no value of {self._names}: {hint}")
        values = self._results()
        if all(np.isnan(value).all() for value in values.values()):
            otherwise = self._results(is_blank=False)
            if not any(np.isnan(value).all() for value in otherwise.values()):
                raise ValueError(f"nothing counts in any batch, so there is no value of {self._names}: check the mask")
        return values

    def _results(self, *, is_blank=True):
        """The value of each measure; with ``is_blank``, NaN where nothing counts."""
        values = self._of_sums(is_blank)
        if self._kept:
            values |= self._of_items(is_blank)
        return {name: values[name] for name in self._names}

    def _of_sums(self, is_blank=True):
        """The measures that need no kept items."""
        with self._lock:
            names, function = self._sums
            values = function(is_blank, *self._settled())
        return {name: np.asarray(value)[()] for name, value in zip(names, values, strict=True)}

    def _of_items(self, is_blank):
        """The measures that need kept items."""
        for i, chunks in enumerate(self._chunks):
            self._chunks[i] = [concatenated(chunks)]
        with self._lock:
            names, function = self._items
            values = function(is_blank, *self._settled(), *(chunk for (chunk,) in self._chunks))
        return {name: np.asarray(value)[()] for name, value in zip(names, values, strict=True)}

    def _settled(self):
        """The states as values of the statistics."""
        return [part.settled(array) for part, array in zip(self._added, self._arrays, strict=True)]

    @cached_property
    def _sums(self):
        """Names and function of the measures that need no kept items: a few numbers, not worth compiling."""
        return self._compiled_results(True, self._added, UNCOMPILED)

    @cached_property
    def _items(self):
        return self._compiled_results(False, [*self._added, *self._kept], self._definition[2])

    def _compiled_results(self, running, inputs, mode):
        results = zip(self._names, self._parts.results, self._parts.running, strict=True)
        chosen = {name: result for name, result, is_running in results if is_running is running}
        inputs = [self._parts.is_blank, *(part.of_all for part in inputs)]
        return list(chosen), pytensor.function(inputs, list(chosen.values()), mode=mode, on_unused_input="ignore")

    def reset(self) -> None:
        """Forget all batches."""
        self._arrays = [part.empty for part in self._added]
        self._chunks = [[kept.empty] for kept in self._kept]
        self.batches = 0

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The accumulated state as NumPy arrays: to save (``numpy.savez(file, **validation.state)``), send and merge.

        Its entry ``"batches"`` is the number of batches, after which an interrupted run can go on. Setting ``state``
        replaces what was accumulated.
        """
        state = {part.name: np.array(array) for part, array in zip(self._added, self._arrays, strict=True)}
        for kept, chunks in zip(self._kept, self._chunks, strict=True):
            state[kept.name] = concatenated(chunks)
        return {"batches": np.asarray(self.batches), **state}

    @state.setter
    def state(self, state: Mapping[str, np.ndarray]) -> None:
        new = copy(self)
        new.reset()
        new.merge(state)
        self._take(new)

    def merge(self, state: Mapping[str, np.ndarray]) -> None:
        """Add the state of another validation of the same measures.

        Parameters
        ----------
        state : dict
            The `state` of the other, also as loaded by ``numpy.load``.

        Raises
        ------
        ValueError
            If names or shapes differ from those of these measures; nothing is changed.
        """
        self._check_state(state)
        mine = {part.name: np.asarray(array) for part, array in zip(self._added, self._arrays, strict=True)}
        merged = merged_states({part.name: part.rule for part in self._added}, {**mine, "batches": self.batches}, state)
        new = copy(self)
        new._arrays, new.batches = [merged[part.name] for part in self._added], int(merged["batches"])
        for kept, chunks in zip(self._kept, new._chunks, strict=True):
            chunks.append(np.array(state[kept.name]))
        self._take(new)

    def _take(self, other):
        """Take over the state of another in one step that nothing can interrupt."""
        self.__dict__.update(_arrays=other._arrays, _chunks=other._chunks, batches=other.batches)

    @property
    def rules(self) -> dict[str, Any]:
        """Rules that merge states without compiling: one for each name in ``state`` except ``"batches"``."""
        return {part.name: part.rule for part in (*self._added, *self._kept)}

    def _snapshot(self):
        return self._arrays, [len(chunks) for chunks in self._chunks], self.batches

    def _restore(self, snapshot):
        self._arrays, lengths, self.batches = snapshot
        for chunks, length in zip(self._chunks, lengths, strict=True):
            del chunks[length:]

    def _check_shapes(self, before):
        """Check that all batches have the same columns; only the state before the first batch may be smaller."""
        for array, old in zip(self._arrays, before[0], strict=True):
            if self.batches:
                check_lengths(array.shape, old.shape)

    def _check_state(self, state):
        known = {"batches", *self.rules}
        if set(state) != known:
            raise ValueError(
                f"the state has the parts {sorted(state)}, but this validation {sorted(known)}: take a state of a "
                "validation that was compiled with the same measures"
            )
        for part, array in zip(self._added, self._arrays, strict=True):
            given, own = np.shape(state[part.name]), array.shape
            fits = len(given) == len(own) and all(n == m or 1 in (n, m) for n, m in zip(given, own, strict=True))
            if not fits or (given != own and self.batches and state["batches"]):  # of no batch, lengths may be 1
                raise ValueError(f"{part.name} in the state has the shape {given}, that of this validation {own}")

    def _values_so_far(self):
        return {name: f"{value:.4g}" for name, value in self._of_sums().items() if np.ndim(value) == 0}


def _by_name(mode):
    """The name of a predefined mode: PyTorch's holds functions that cannot be pickled."""
    return next((name for name, known in predefined_modes.items() if known is mode), mode)


def _restored(inputs, measures, mode, state):
    validation = Validation(inputs, measures, mode=mode)
    validation.state = state
    return validation
