"""The code in the documentation runs and prints what it says."""

import ast
import doctest
import re
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from docutils.core import publish_doctree

import objectives
from docs.extensions import reference
from tools import families as families_module
from tools.families import families

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.rst", *sorted(ROOT.glob("docs/*.rst")), *sorted(ROOT.glob("docs/recipes/*.rst"))]


NEEDS = {
    "data_frames.rst": ["pandas", "polars", "pymc"],  # pymc needs xarray
    "jax_optax_flax.rst": ["jax", "optax"],
    "named_dims.rst": ["pymc"],
    "pytensor_ml.rst": ["pytensor_ml"],
    "pytorch.rst": ["torch"],
}
AT_ONCE = "ten_minutes.rst", "errors.rst"
STARTS_AT_ONCE = [page for page in PAGES if page.parent.name == "recipes" or page.name in AT_ONCE]


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.needs(name) for name in NEEDS.get(page.name, [])]) for page in PAGES],
    ids=lambda page: page.name,
)
def test_page(page, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    mode = "FAST_COMPILE" if page in STARTS_AT_ONCE else pytensor.config.mode
    with pytensor.config.change_flags(mode=mode), warnings.catch_warnings():
        failures, _ = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert failures == 0


@pytest.mark.parametrize("link", dict.fromkeys(re.findall(r"<([\w/]+\.rst)>`_", (ROOT / "README.rst").read_text())))
def test_a_page_that_the_readme_links_shows_its_code_as_it_lies(link):
    """A code host renders it without Sphinx, and drops each directive that it does not know, with what is in it."""
    text = (ROOT / link).read_text()
    settings = {"file_insertion_enabled": False, "report_level": 5, "_disable_config": True}
    shown = publish_doctree(text, settings_overrides=settings).astext()
    assert len(re.findall("^>>> ", shown, re.MULTILINE)) == len(re.findall("^ *>>> ", text, re.MULTILINE))


INSTALLED = {"objectives", "numpy", "pytensor", "scipy", *sys.stdlib_module_names}
DISTRIBUTIONS = {"sklearn": "scikit-learn", "pytensor_ml": "pytensor-ml"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "recipes"], ids=lambda page: page.name)
def test_a_recipe_says_what_to_install_for_its_code(page):
    imported = set()
    for example in doctest.DocTestParser().get_examples(text := page.read_text()):
        for node in ast.walk(ast.parse(example.source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            imported |= {name.partition(".")[0] for name in names}
    commands = " ".join(re.findall(r"pip install ([^`\n]+)", text))
    needed = {DISTRIBUTIONS.get(name, name) for name in imported - INSTALLED}
    assert needed <= set(re.findall(r"[\w-]+", commands))


def test_the_examples_of_a_page_print_no_empty_lists():
    """As a function without outputs returns."""
    examples = [example for page in PAGES for example in doctest.DocTestParser().get_examples(page.read_text())]
    assert not [example.source for example in examples if example.want.startswith("[]")]


@pytest.mark.parametrize("module", ["_inputs", "_logits", "_options", "aggregation", "losses/categorical"])
def test_the_gallery_of_errors_shows_each_check(module, gallery):
    """Each ``raise`` and each warning of a module is met by an example of the page."""
    file = ROOT / "objectives" / f"{module}.py"
    nodes = ast.walk(ast.parse(file.read_text()))
    checks = [node for node in nodes if isinstance(node, ast.Raise) or ast.unparse(node).startswith("warn_of_mistake(")]
    met = [line for name, line in gallery if Path(name) == file]
    missing = [ast.unparse(c) for c in checks if not any(c.lineno <= line <= c.end_lineno for line in met)]
    assert checks and not missing


@pytest.fixture(scope="module")
def gallery():
    """The lines of code where the examples of the page of errors ended."""
    lines, names = set(), {}
    with warnings.catch_warnings(), pytensor.config.change_flags(mode="FAST_COMPILE"):
        for example in doctest.DocTestParser().get_examples((ROOT / "docs" / "errors.rst").read_text()):
            try:
                exec(example.source, names)
            except Exception as error:
                lines |= {(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)}
    return lines


@pytest.mark.parametrize("package", ["losses", "metrics"])
def test_each_function_is_on_one_page(package):
    """Of the pages that are written before the documentation is built."""
    pages = [reference.page(family) for family in families(package)]
    entries = [name for page in pages for name in re.findall(r"^\.\. autofunction:: (\w+)$", page, re.MULTILINE)]
    assert sorted(entries) == sorted(getattr(objectives, package).__all__)


def test_a_module_that_no_list_names_has_a_page(tmp_path, monkeypatch):
    titles = tmp_path / "families.csv"
    titles.write_text("losses,Errors,regression quantile\n")
    monkeypatch.setattr(families_module, "TITLES", titles)
    first, second, *_ = families("losses")
    assert first.functions()[-1] == "quantile_loss" and first.title == "Errors"
    assert second.title == "Adaptive" and second.functions() == list(objectives.losses.adaptive.__all__)


def test_the_search_knows_foreign_names():
    """The names become entries of the index, which the search of the site looks through."""
    for called, name in {
        "mse": "squared_error",
        "bce": "binary_crossentropy",
        "cohen_kappa_score": "cohen_kappa",
        "mean squared error": "squared_error",
        "label smoothing": "categorical_crossentropy_with_logits",
        "F1Score": "f1_score",
    }.items():
        assert f"   ! single: {called}" in reference.index(name)


def test_there_are_examples_to_run():
    examples = [example for page in PAGES for example in doctest.DocTestParser().get_examples(page.read_text())]
    assert len([example for example in examples if example.want]) > 20


def test_the_lasagne_script_of_the_readme_runs():
    """Its lines after the change of imports, as a user would run them."""
    block = (ROOT / "README.rst").read_text().split(".. code-block:: diff\n\n")[1].split("\n\nWhere a number")[0]
    script = "\n".join(line[4:] for line in block.splitlines() if line[3:4] != "-")
    W = pytensor.shared(np.zeros((4, 10)), name="W")
    names = {name: pt.matrix(name) for name in ("input_var",)} | {"target_var": pt.lvector(), "weights": pt.vector()}
    names |= {"W": W, "prediction": pt.special.softmax(names["input_var"] @ W, axis=-1)}
    exec(script, names)
    inputs, targets = np.eye(4), [1, 3, 5, 7]
    losses = [names["train_fn"](inputs, targets, [1, 1, 1, 0]) for _ in range(200)]
    np.testing.assert_allclose(losses[0], np.log(10))
    assert losses[-1] < 1
    assert names["val_fn"](inputs, targets) == 0.75, (
        "the item of weight 0 was not learnt: class 7 is no first of five ties"
    )
