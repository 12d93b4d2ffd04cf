"""Each line of docs/porting.rst runs: ours always, theirs too where they are installed, and the numbers are equal.

A row of objectives/porting/<library>.csv holds their call, ours, and what differs. Where nothing is said to differ,
both are computed from the same arrays and compared.
"""

import csv
import re
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.special
import sklearn.calibration
import sklearn.metrics
from lazy import Lazy, jax, jnp, optax

import objectives

FOLDER = Path(objectives.__file__).parent / "porting"
B, C, D = 6, 5, 4


def arrays():
    """The names that the page uses."""
    rng = np.random.default_rng(0)
    unit = rng.uniform(0.05, 0.95, size=(B, C))
    labels = rng.integers(0, C, size=B)
    logits = rng.normal(size=(B, C))
    symbol_lengths = np.array([3, 2, 1, 3, 0, 2])
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
        "m": (rng.random((B, C)) < 0.7) & (np.arange(B)[:, None] < B - 1),
        "m_items": np.array([True, True, False, True, False, True]),
        "img": scipy.special.softmax(rng.normal(size=(B, 7, C)), axis=-1),
        "img_z": rng.normal(size=(B, 7, C)),
        "img_h": np.eye(C)[rng.integers(0, C, size=(B, 7))],
        "img_y": rng.integers(0, C, size=(B, 7)),
        "frames": rng.normal(size=(B, 7, C)),
        "symbols": np.where(np.arange(3) < symbol_lengths[:, None], rng.integers(1, C, size=(B, 3)), 0),
        "lengths": np.array([7, 7, 6, 7, 5, 7]),
        "symbol_lengths": symbol_lengths,
        "c": np.where(rng.random(B) < 0.5, labels, rng.integers(0, C, size=B)),
        "t": np.array([0, 1, 1, 0, 1, 0]),
        "u": rng.uniform(0.05, 0.95, size=B),
        "guess": rng.normal(size=B),
        "q3": scipy.special.softmax(rng.normal(size=(B, 3)), axis=-1),
        "layer": rng.normal(size=(C, D)),
        "drawn": np.array([0, 2, 3]),
        "q_target": rng.uniform(0.2, 2, size=B),
        "q_drawn": rng.uniform(0.2, 2, size=3),
        "factors": np.tril(rng.normal(size=(B, D, D)), -1) + np.eye(D) * rng.uniform(0.5, 2, size=(B, 1, D)),
    }


# The words of names.csv, for the arrays of the page.
WORDS = {
    **{"predictions": "a", "targets": "r", "logits": "z", "labels": "y", "probabilities": "p", "binary_targets": "b"},
    **{"class_probabilities": "q", "soft_targets": "soft", "scores": "u", "hits": "t", "scores_of_lists": "z"},
    **{
        "relevant": "b",
        "spread": "var",
        "variance": "var",
        "scale_tril": "factors",
        "pixel_probabilities": "img",
        "pixel_targets": "img_h",
    },
    **{"embeddings": "a", "others": "n", "negatives": "r", "groups": "y_items", "rates": "pos", "counts": "neg"},
    **{"reconstruction": "n", "inputs": "r", "z_mean": "a", "z_log_variance": "n", "clusters": "c", "cosines": "p"},
    **{"means": "pos", "dispersion": "var"},
}


def code(cell):
    """The Python in a cell, between double backticks; None if there is none."""
    found = re.findall(r"``(.+?)``", cell, re.DOTALL)
    return found[0] if found else None


def rows(*, compared=False):
    """What the page says; what can be compared, with the packages that it needs."""
    for file in sorted(FOLDER.glob("*.csv")):
        with file.open(newline="") as lines:
            for number, (theirs, ours, *difference) in enumerate(csv.reader(lines), start=1):
                id = f"{file.stem}-{number}"
                if not compared:
                    yield pytest.param(code(ours), id=id)
                elif file.stem in LIBRARIES and code(theirs) and not any(difference):
                    packages, names = LIBRARIES[file.stem]
                    yield pytest.param(names, code(theirs), code(ours), marks=pytest.mark.needs(*packages), id=id)


# The packages of each library, and the names in its calls.
LIBRARIES = {
    "keras": (("keras", "jax"), {"keras": Lazy("keras"), "jnp": Lazy("keras").ops}),
    "optax": (("optax", "jax"), {"optax": optax, "jax": jax, "jnp": jnp}),
    "scikit-learn": ((), {"sklearn": sklearn}),
    "pytorch": (("torch",), {"F": Lazy("torch").nn.functional, "torch": Lazy("torch")}),
}


def value(result):
    result = result.eval() if hasattr(result, "eval") and hasattr(result, "owner") else result
    return np.asarray(result, dtype="float64")


def ours_of(expression):
    known = arrays()
    named = {word: known[name] for word, name in WORDS.items()}
    log_probabilities = {"log_probabilities": np.log(known["q"])}
    rng = pytensor.shared(np.random.default_rng(0))
    return value(
        eval(expression, {"pt": pt, "np": np, "rng": rng, **vars(objectives)}, known | named | log_probabilities)
    )


@pytest.mark.parametrize("ours", list(rows()))
def test_ours(ours):
    assert ours, "each row says what to write here"
    assert np.isfinite(ours_of(ours)).all()


@pytest.mark.parametrize(("names", "theirs", "ours"), list(rows(compared=True)))
def test_theirs(names, theirs, ours):
    convert = names["torch"].as_tensor if "torch" in names else np.asarray
    expected = eval(theirs, dict(names), {name: convert(array) for name, array in arrays().items()})
    np.testing.assert_allclose(ours_of(ours), value(expected), rtol=1e-5, atol=1e-6)
