"""The tiers, the mode of tests that do not name one, and the record of which function ran on which backend."""

import gc
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

# Each worker compiles into folders of its own: PyTensor compiles C under one lock for each folder, and the workers
# would wait for each other; PyTorch and JAX would read what another has written half of. What JAX compiles is kept for
# the next run and for other environments. To be said before they are imported.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    flags = os.environ.get("PYTENSOR_FLAGS", "").split(",")
    folders = [flag.removeprefix("base_compiledir=") for flag in flags if flag.startswith("base_compiledir=")]
    folder = Path(folders[-1] if folders else "~/.pytensor").expanduser() / worker
    os.environ["PYTENSOR_FLAGS"] = ",".join([*filter(None, flags), f"base_compiledir={folder}"])
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "torchinductor")
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # the workers are enough
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(Path(__file__).parent.parent / "build" / "jax" / (worker or "alone"))
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
os.environ.setdefault("KERAS_BACKEND", "jax")

import pytensor
import pytest
from backends import UNREWRITTEN
from references import REFERENCES

from objectives import _backends

# Tests of a backend name its mode; all others compute what they wrote, with nothing to rewrite or compile.
pytensor.config.mode = UNREWRITTEN
# The place where each variable was made, and the search for garbage in a million objects, took a third of the time.
pytensor.config.traceback__limit = 0
gc.set_threshold(100_000, 50, 100)
FLOAT = pytensor.config.floatX
BACKENDS = [backend.library for backend in _backends.BACKENDS if backend.library]
PACKAGES = (*BACKENDS, "optax", "distributed", "pymc", "pytensor_ml", "rich", "keras", "pandas", "polars")


def pytest_addoption(parser):
    parser.addoption("--matrix", metavar="FILE", help="write which function passed on which backend to a JSON file")
    parser.addoption(
        "--references",
        choices=["add", "replace"],
        help="compute the references that the tests ask for, and keep them as data, beside or instead of all others",
    )


def pytest_collection_modifyitems(config, items):
    """Leave out what needs a package that is not installed. The summary names the packages."""
    missing = {package for package in PACKAGES if not find_spec(package)}

    def lacks(item):
        needed = {package for mark in item.iter_markers("needs") for package in mark.args}
        needed |= {"distributed"} if item.nodeid.startswith("objectives/distributed.py") else set()
        assert needed <= set(PACKAGES), f"{item.nodeid} needs {needed}"
        return bool(needed & missing)

    config.hook.pytest_deselected(items=[item for item in items if lacks(item)])
    items[:] = [item for item in items if not lacks(item)]


def pytest_terminal_summary(terminalreporter):
    missing = [package for package in PACKAGES if not find_spec(package)]
    if missing:
        terminalreporter.write_line(f"Not installed: {', '.join(missing)}. Tests that need them were left out.")


def pytest_configure(config):
    REFERENCES.making = config.getoption("--references")
    if config.getoption("--matrix") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(MatrixRecorder(Path(config.getoption("--matrix"))))


def pytest_sessionfinish(session, exitstatus):
    if REFERENCES.making and exitstatus == 0:
        REFERENCES.write()


class MatrixRecorder:
    """Collects the outcomes of tests that have the properties functions, backend and kinds."""

    def __init__(self, file):
        self.file = file
        self.cells = []

    def pytest_runtest_logreport(self, report):
        cell = dict(report.user_properties)
        if report.when == "call" and "backend" in cell:
            outcome = {"passed": report.outcome == "passed", "reason": getattr(report, "wasxfail", "")}
            self.cells += [
                {"function": function, "backend": cell["backend"], "kind": kind, **outcome}
                for function in cell["functions"]
                for kind in cell["kinds"]
            ]

    def pytest_sessionfinish(self):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"pytensor": pytensor.__version__, "cells": self.cells}, indent=1))


@pytest.fixture(autouse=True)
def unchanged_float():
    assert pytensor.config.floatX == FLOAT
    # PyTensor sets it by floatX when its JAX backend is imported, perhaps by a test of another floatX
    if "pytensor.link.jax.dispatch" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", FLOAT == "float64")


@pytest.fixture
def figures():
    """Pictures without windows, and without warnings of what is drawn."""
    from matplotlib import pyplot

    pyplot.switch_backend("Agg")
    yield
    for number in pyplot.get_fignums():
        pyplot.figure(number).canvas.draw()
    pyplot.close("all")
