"""What a release says of itself agrees."""

import re
from pathlib import Path

import pytest

import objectives

ROOT = Path(__file__).parent.parent
NAMES_THE_VERSION = {"CITATION.cff": r"^version: (.+)$", "tools/recipe.yaml": r"^  version: (\d.+)$"}


@pytest.mark.parametrize("file", NAMES_THE_VERSION)
def test_version(file):
    assert re.findall(NAMES_THE_VERSION[file], (ROOT / file).read_text(), re.MULTILINE) == [objectives.__version__]


def test_changes_list_the_version():
    assert re.search(rf"^{re.escape(objectives.__version__)}\b", (ROOT / "CHANGES.rst").read_text(), re.MULTILINE)


def test_actions_are_pinned():
    uses = [use for file in ROOT.glob(".github/workflows/*.yml") for use in re.findall(r"uses: (.+)", file.read_text())]
    assert uses and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)
