"""Kernels come with PyTensor's dispatch of their backend, whatever is imported first, and are not stale on disk."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from backends import parameter

from objectives._backends import BACKENDS

ROOT = Path(__file__).parents[2]
PACKAGES = {backend.mode: backend.folder for backend in BACKENDS if backend.folder}


def run(code, **environment):
    import os

    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("order", ["dispatch first", "objectives first"])
@pytest.mark.parametrize("backend", [parameter(backend) for backend in PACKAGES])
def test_kernels_are_registered(backend, order):
    package = PACKAGES[backend]
    imports = [f"import pytensor.link.{package}.dispatch", "import objectives"]
    lines = imports if order == "dispatch first" else imports[::-1]
    run(
        "\n".join(lines)
        + f"""
import pkgutil, sys
from pytensor.link.{package}.dispatch.basic import {package}_funcify as funcify
folder = sys.modules["objectives.dispatch.{package}"]
files = {{f"{{folder.__name__}}.{{file.name}}" for file in pkgutil.iter_modules(folder.__path__)}}
assert files <= set(sys.modules), f"{{folder.__name__}} does not import {{files - set(sys.modules)}}"
homes = {{kernel.__module__ for kernel in funcify.registry.values()}}
assert any(home in files for home in homes), homes
"""
    )


def test_an_import_hook_leaves_other_imports_alone():
    run(
        """
import objectives, objectives, sys, importlib
from objectives.dispatch import _KernelFinder
assert sum(isinstance(finder, _KernelFinder) for finder in sys.meta_path) == 1
importlib.reload(objectives)
assert sum(isinstance(finder, _KernelFinder) for finder in sys.meta_path) == 1
import wave
try:
    import not_a_module
except ModuleNotFoundError:
    pass
"""
    )


def test_kernels_without_source(tmp_path):
    """Bytecode alone will do, as frozen applications have it."""
    import compileall

    copy = tmp_path / "objectives"
    shutil.copytree(ROOT / "objectives", copy, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(copy, quiet=1, legacy=True)
    for source in copy.rglob("*.py"):
        source.unlink()
    run(
        f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import objectives, pytensor.link.numba.dispatch
assert objectives.__file__.endswith(".pyc")
"""
    )


def test_an_edited_kernel_is_compiled_anew(tmp_path):
    """PyTensor's disk cache knows kernels by key alone: the key must hold the source."""
    code = """
import sys, pathlib
sys.path.insert(0, {path!r})
import numpy as np, pytensor, pytensor.tensor as pt
from objectives.ops.labels import pick_class
x, y = pt.matrix(), pt.lvector()
print(pytensor.function([x, y], pick_class(x, y), mode="NUMBA")(np.ones((2, 2)), [0, 1]))
"""
    copy = tmp_path / "objectives"
    shutil.copytree(ROOT / "objectives", copy, ignore=shutil.ignore_patterns("__pycache__"))
    flags = f"base_compiledir={tmp_path / 'cache'}"
    run_copy = lambda: run(code.format(path=str(tmp_path)), PYTENSOR_FLAGS=flags, NUMBA_OPT="3")  # noqa: E731  (used twice below)
    assert run_copy() == "[1. 1.]\n"
    kernel = copy / "dispatch" / "numba" / "labels.py"
    kernel.write_text(kernel.read_text().replace("picked[i] = x[(*i, label)]", "picked[i] = x[(*i, label)] + 1"))
    assert run_copy() == "[2. 2.]\n"
