"""The code in the documentation runs and prints what it says."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.rst", *sorted(ROOT.glob("docs/*.rst"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page):
    failures, _ = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert failures == 0


def test_there_are_examples_to_run():
    examples = [example for page in PAGES for example in doctest.DocTestParser().get_examples(page.read_text())]
    assert len([example for example in examples if example.want]) > 20
