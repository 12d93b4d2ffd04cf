"""``python -m objectives``."""

import sys

import pytensor

import objectives
from objectives import __main__ as report
from objectives._backends import BACKENDS


def test_report(capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    report.main()
    printed = capsys.readouterr().out
    for word in (objectives.__version__, pytensor.__version__, pytensor.config.floatX, "threads              1 of"):
        assert word in printed
    assert all(f"(mode {backend.mode})" in printed for backend in BACKENDS if backend.library)


def test_what_is_not_installed_is_named():
    assert report.version_of("nothing-of-this-name") == "not installed (pip install nothing-of-this-name)"


def test_a_backend_that_cannot_be_imported_is_not_there(monkeypatch):
    """MLX for Linux comes without its core, which an extra installs."""
    monkeypatch.setattr(report, "version", lambda package: "9.9")
    monkeypatch.setitem(sys.modules, "mlx.core", None)
    shown = dict(report.lines())["mlx (mode MLX)"]
    install = 'pip install "mlx[cpu]"' if sys.platform == "linux" else "pip install mlx"
    assert shown.startswith(f"9.9, but cannot be imported ({install}): ")
