"""Try random rows of the tables with random dtypes and memory layouts against the uncompiled expression in float64.

    python tools/fuzz.py --minutes 60 --seed 1                       # all backends that are installed
    PYTENSOR_FLAGS=floatX=float32 python tools/fuzz.py --backends JAX --minutes 5
    python tools/fuzz.py --seed 1 --only 1234                        # one trial again

A trial compiles one function and calls it with arrays of several layouts. What differs, and what raises on one side
alone, is printed with the number of the trial.
"""

import argparse
import logging
import os
import sys
import time
import warnings
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

os.environ["JAX_ENABLE_X64"] = "1"
sys.path[:0] = [str(Path(__file__).parent.parent / folder) for folder in ("", "tests")]

import numpy as np
import pytensor
import pytensor.tensor as pt
from backends import CANNOT_RAISE, PACKAGES, UNREWRITTEN, dtypes, mode, uncompiled, unsupported
from cases import CASES
from measures import MEASURES

FLOATS = ("float16", "float32", "float64")
HELD = {"NUMBA": FLOATS[1:], "CVM": FLOATS[1:], "MLX": FLOATS[:2]}  # by the backends that do not hold all
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
LAYOUTS = ("C", "Fortran", "strided", "reversed", "read-only", "empty")
FORWARD = ("PYTORCH", "MLX")  # which take no arrays of negative strides
TOLERANCE = {"float16": 5e-2, "float32": 2e-3, "float64": 1e-8}


def laid_out(array, layout):
    """The same entries in another order of the memory; ``empty`` has no items."""
    if layout == "empty":
        return array[:0]
    if layout == "Fortran":
        return np.asfortranarray(array)
    if layout == "strided":
        return np.repeat(array, 2, axis=0)[::2] if array.ndim else array
    if layout == "reversed":
        return np.ascontiguousarray(array[::-1])[::-1] if array.ndim else array
    result = array.copy()
    result.flags.writeable = layout != "read-only"
    return result


def holds(dtype, array):
    """Whether a dtype holds these entries exactly enough for them to mean the same."""
    if dtype == "bool":
        return np.isin(array, (0, 1)).all()
    if dtype in FLOATS or not array.size:
        return True
    info = np.iinfo(dtype)
    return bool((array == np.round(array)).all() and info.min <= array.min() and array.max() <= info.max)


class Trial:
    """A row, the dtypes of its arrays, a mask or none, and a backend."""

    def __init__(self, seed, number, backends):
        self.rng = rng = np.random.default_rng([seed, number])
        self.row = [*CASES, *MEASURES][rng.integers(len(CASES) + len(MEASURES))]
        self.backend = str(rng.choice(backends))
        arrays = self.row.draw("float64", seed=int(rng.integers(1000)))
        self.arrays = [array.astype(self.dtype(array, is_first=i == 0)) for i, array in enumerate(arrays)]
        self.is_case = hasattr(self.row, "wrt")
        if rng.random() < 0.5:
            shape = self.row.mask_shape() if self.is_case else arrays[1].shape[: self.row.mask_ndim]
            self.mask = rng.random(shape) < 0.7
        else:
            self.mask = None
        layouts = [str(layout) for layout in rng.permutation(LAYOUTS)]
        if self.backend in FORWARD:
            layouts.remove("reversed")
        # Numba compiles anew for each layout
        self.layouts = layouts[:2] if self.backend == "NUMBA" else layouts

    def dtype(self, array, *, is_first):
        if array.dtype.kind == "f":
            known = HELD.get(self.backend, FLOATS)
        else:
            known = [*INTEGERS, "bool", *([] if is_first or array.ndim < 2 else HELD.get(self.backend, FLOATS))]
        return str(self.rng.choice([dtype for dtype in known if holds(dtype, array)]))

    def __str__(self):
        dtypes = [array.dtype.name for array in self.arrays]
        return f"{self.row.id} on {self.backend}, {dtypes}{' masked' if self.mask is not None else ''}"

    def function(self, arrays, chosen):
        """The value, and of losses the gradient by the predictions, compiled in a mode."""
        inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
        given = inputs if self.mask is None else inputs[:-1]
        options = {} if self.mask is None else {"mask": inputs[-1]}
        value = self.row.apply(given, **options) if self.is_case else self.row.apply(*given, **options)
        by = given[:1] if self.is_case and self.row.differentiable and given[0].dtype.startswith("float") else []
        outputs = [value, *(pytensor.grad(value.sum(), by, disconnected_inputs="ignore") if by else [])]
        return pytensor.function(inputs, outputs, mode=chosen, on_unused_input="ignore")

    def run(self):
        """Outcomes, one for each layout: "same", "both raise", "refused", or what is wrong."""
        given = [*self.arrays, *([] if self.mask is None else [self.mask])]
        wide = [a.astype("float64") if a.dtype.kind == "f" else a.astype("int64") for a in self.arrays]
        wide += given[len(self.arrays) :]
        with uncompiled(self.backend):
            try:
                function = self.function(given, mode(self.backend))
            except (TypeError, ValueError) as error:
                yield f"refused: {type(error).__name__}"
                return
            plain = self.function(wide, UNREWRITTEN)
            for layout in self.layouts:
                found = attempt(function, [laid_out(a, layout) for a in given])
                yield self.outcome(layout, found, attempt(plain, [laid_out(a, layout) for a in wide]))

    def outcome(self, layout, found, expected):
        if isinstance(found, Exception) or isinstance(expected, Exception):
            if isinstance(found, Exception) and isinstance(expected, Exception):
                return "both raise"
            if isinstance(expected, Exception) and self.backend in CANNOT_RAISE:
                return "raises where the backend cannot"
            if layout == "empty" and "Received empty array" in str(found):
                return "MLX refuses softmax of no items"  # docs/sharp_edges.rst
            error = found if isinstance(found, Exception) else expected
            text = (str(error).strip().splitlines() or [""])[0][:150]
            return f"WRONG {layout}: only {'this' if error is found else 'the reference'} raises {error!r:.60} {text}"
        floats = [a.dtype.name for a in (*self.arrays[:1], *found) if a.dtype.kind == "f"]
        tolerance = max((TOLERANCE[dtype] for dtype in floats), default=TOLERANCE["float64"])
        for i, (result, value) in enumerate(zip(found, expected, strict=True)):
            largest = np.abs(value[np.isfinite(value)]).max(initial=0)
            if result.shape != value.shape:
                return f"WRONG {layout}: output {i} has shape {result.shape}, not {value.shape}"
            if not np.allclose(result, value, rtol=tolerance, atol=tolerance * (1 + largest), equal_nan=True):
                return f"WRONG {layout}: output {i} is {np.ravel(result)[:4]}, not {np.ravel(value)[:4]}"
        return "same"


def installed():
    """The backends that can be tried with this floatX."""
    found = [backend for backend, needed in PACKAGES.items() if all(map(find_spec, needed))]
    return [backend for backend in found if pytensor.config.floatX in dtypes(backend)]


def attempt(function, arrays):
    """What a function gives, or the error."""
    try:
        return [np.asarray(result) for result in function(*arrays)]
    except Exception as error:
        return error


def trials(arguments):
    """The numbers of trials, as long as there is time."""
    if arguments.only is not None:
        yield arguments.only
        return
    end, number = time.monotonic() + 60 * arguments.minutes, 0
    while time.monotonic() < end:
        yield number
        number += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--only", type=int, metavar="TRIAL")
    parser.add_argument("--backends", nargs="+", default=installed())
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    counts: Counter = Counter()
    with pytensor.config.change_flags(gcc__cxxflags="-O0", mode="FAST_COMPILE"):
        for number in trials(arguments):
            trial = Trial(arguments.seed, number, arguments.backends)
            if unsupported(trial.backend, trial.row):
                continue
            counts[f"trials on {trial.backend}"] += 1
            for outcome in attempt_all(trial):
                is_wrong = outcome.startswith("WRONG")
                counts["WRONG" if is_wrong else outcome] += 1
                if is_wrong:
                    print(f"{number}: {trial}: {outcome}", flush=True)
    print(f"seed {arguments.seed}, floatX {pytensor.config.floatX}:", dict(counts))
    sys.exit(counts["WRONG"] > 0)


def attempt_all(trial):
    try:
        return list(trial.run())
    except Exception as error:
        return [f"WRONG: {type(error).__name__} {str(error).strip().splitlines()[:1]}"]


if __name__ == "__main__":
    main()
