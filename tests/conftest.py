"""The mode of tests that do not name one, and the record of which function ran on which backend."""

import json
import os
from collections import Counter
from pathlib import Path
from zlib import crc32

# Each worker compiles into folders of its own: PyTensor compiles C under one lock for each folder, and the workers
# would wait for each other; PyTorch and JAX would read what another has written half of. What JAX compiles, for the
# references above all, is kept for the next run and for other environments. To be said before they are imported.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    flags = os.environ.get("PYTENSOR_FLAGS", "").split(",")
    folders = [flag.removeprefix("base_compiledir=") for flag in flags if flag.startswith("base_compiledir=")]
    folder = Path(folders[-1] if folders else "~/.pytensor").expanduser() / worker
    os.environ["PYTENSOR_FLAGS"] = ",".join([*filter(None, flags), f"base_compiledir={folder}"])
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "torchinductor")
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # the workers are enough
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(Path(__file__).parent.parent / "build" / "jax" / (worker or "alone"))
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

import pytensor
import pytest
from backends import MODULES

# Nothing to compile: tests of a backend name its mode.
pytensor.config.mode = "FAST_COMPILE"


def pytest_addoption(parser):
    parser.addoption("--matrix", metavar="FILE", help="write which function passed on which backend to a JSON file")
    parser.addoption("--part", metavar="I/N", help="run one of N parts of tests with many parameters")


def pytest_collection_modifyitems(config, items):
    """Leave the other parts of tests to other runs, but in full those of PyTorch, which is not installed in all.

    Tests that have no more parameters than there are backends run in each: what they look at depends on versions.
    """
    if not config.getoption("--part"):
        return
    part, parts = map(int, config.getoption("--part").split("/"))
    of_test = Counter(item.nodeid.partition("[")[0] for item in items)

    def is_elsewhere(item):
        is_shared = of_test[item.nodeid.partition("[")[0]] > len(MODULES) and "pytorch" not in item.nodeid.lower()
        return is_shared and crc32(item.nodeid.encode()) % parts != part - 1

    config.hook.pytest_deselected(items=[item for item in items if is_elsewhere(item)])
    items[:] = [item for item in items if not is_elsewhere(item)]


def pytest_configure(config):
    if config.getoption("--matrix") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(MatrixRecorder(Path(config.getoption("--matrix"))))


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
def float64():
    assert pytensor.config.floatX == "float64"
