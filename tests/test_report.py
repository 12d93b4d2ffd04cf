"""``python -m objectives``."""

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
