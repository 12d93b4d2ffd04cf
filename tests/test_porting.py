"""Each line of docs/porting.rst runs: ours always, theirs too where they are installed, and the numbers are equal.

A row of docs/porting/<library>.csv holds their call, ours, and what differs. Where nothing is said to differ, both are
computed from the same arrays and compared.
"""

import csv
import os
import re
from importlib.util import find_spec
from pathlib import Path

import jax
import numpy as np
import pytensor.tensor as pt
import pytest
import scipy.special

os.environ.setdefault("KERAS_BACKEND", "jax")

import objectives

jax.config.update("jax_enable_x64", True)
FOLDER = Path(__file__).parent.parent / "docs" / "porting"
B, C, D = 6, 5, 4


def arrays():
    """The names that the page uses."""
    rng = np.random.default_rng(0)
    unit = rng.uniform(0.05, 0.95, size=(B, C))
    labels = rng.integers(0, C, size=B)
    logits = rng.normal(size=(B, C))
    return {
        "p": unit,
        "z": logits,
        "q": scipy.special.softmax(logits, axis=-1),
        "b": rng.integers(0, 2, size=(B, C)).astype("float64"),
        "s": 2.0 * rng.integers(0, 2, size=(B, C)) - 1,
        "y": labels,
        "h": np.eye(C)[labels],
        "soft": rng.dirichlet(np.ones(C), size=B),
        "a": rng.normal(size=(B, D)),
        "r": rng.normal(size=(B, D)),
        "n": rng.normal(size=(B, D)),
        "pos": rng.uniform(0.5, 2, size=(B, D)),
        "neg": rng.uniform(0.5, 2, size=(B, D)),
        "var": rng.uniform(0.5, 2, size=(B, D)),
        "s_items": 2.0 * rng.integers(0, 2, size=B) - 1,
        "y_items": np.array([0, 0, 1, 1, 2, 2]),
        "zvar": rng.uniform(0.5, 2, size=(B, C)),
        "noise": rng.normal(size=(3, B, C)),
        "ensemble": rng.normal(size=(B, 7)),
        "truth": rng.normal(size=B),
        "w": rng.uniform(0.5, 2, size=C),
        "weights": rng.uniform(0.5, 2, size=(B, C)),
        "m": rng.random((B, C)) < 0.7,
        "m_items": np.array([True, True, False, True, False, True]),
        "img": scipy.special.softmax(rng.normal(size=(B, 7, C)), axis=-1),
        "img_z": rng.normal(size=(B, 7, C)),
        "img_h": np.eye(C)[rng.integers(0, C, size=(B, 7))],
        "img_y": rng.integers(0, C, size=(B, 7)),
        "frames": rng.normal(size=(B, 7, C)),
        "symbols": rng.integers(1, C, size=(B, 3)),
        "lengths": np.array([7, 7, 6, 7, 5, 7]),
        "symbol_lengths": np.array([3, 2, 1, 3, 0, 2]),
    }


def code(cell):
    """The Python in a cell, between double backticks; None if there is none."""
    found = re.findall(r"``(.+?)``", cell, re.DOTALL)
    return found[0] if found else None


def rows():
    for file in sorted(FOLDER.glob("*.csv")):
        with file.open(newline="") as lines:
            for number, row in enumerate(csv.reader(lines), start=1):
                theirs, ours, difference = row
                yield pytest.param(file.stem, theirs, ours, difference, id=f"{file.stem}-{number}")


def keras():
    import keras

    return {"keras": keras, "jnp": keras.ops}


def optax():
    import jax.numpy as jnp
    import optax

    return {"optax": optax, "jax": jax, "jnp": jnp}


def torch():
    import torch

    return {"F": torch.nn.functional, "torch": torch}


LIBRARIES = {"keras": ("keras", keras), "optax": ("optax", optax), "pytorch": ("torch", torch)}


def value(result):
    result = result.eval() if hasattr(result, "eval") and hasattr(result, "owner") else result
    return np.asarray(result, dtype="float64")


@pytest.mark.parametrize(("library", "theirs", "ours", "difference"), list(rows()))
def test_row(library, theirs, ours, difference):
    given = arrays()
    expression = code(ours)
    assert expression, "each row says what to write here"
    found = value(eval(expression, {"pt": pt, "np": np, **vars(objectives)}, given))
    assert np.isfinite(found).all()
    module, names = LIBRARIES.get(library, (None, None))
    if difference or code(theirs) is None or module is None:
        return
    if not find_spec(module):
        pytest.skip(f"{module} is not installed")
    namespace = names()
    convert = namespace["torch"].as_tensor if library == "pytorch" else np.asarray
    expected = eval(code(theirs), namespace, {name: convert(array) for name, array in given.items()})
    np.testing.assert_allclose(found, value(expected), rtol=1e-5, atol=1e-6)
