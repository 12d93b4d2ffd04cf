"""One word for one thing: every signature is held to docs/vocabulary.csv, which docs/argument_names.rst prints."""

import csv
import inspect
from pathlib import Path

import pytest

from objectives import aggregation, distributed, evaluation, lookup, losses, metrics, plot, sampling

ROOT = Path(__file__).parent.parent
TRAILING = ("weights", "mask", "axis", "label_axis", "pixel_axes")
FUNCTIONS = {
    name: getattr(module, name)
    for module in (losses, metrics, aggregation, evaluation, distributed, lookup, plot, sampling)
    for name in getattr(module, "__all__", dir(module))
    if inspect.isfunction(getattr(module, name))
}
WORDS: dict[str, list[str]] = {}
for word, _, users in list(csv.reader((ROOT / "docs" / "vocabulary.csv").read_text().splitlines()))[1:]:
    WORDS.setdefault(word.strip("`"), []).append(users)


def parameters(name):
    return list(inspect.signature(FUNCTIONS[name]).parameters.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_is_a_word_of_the_list(name):
    for parameter in parameters(name):
        assert parameter.name in WORDS, f"docs/vocabulary.csv does not list {parameter.name}"
        users = [user for row in WORDS[parameter.name] for user in row.split("; ")]
        assert "all" in users or name in users, f"{parameter.name} is a word of {users} only"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_trailing_options_have_one_order(name):
    """Weights, mask, and the axis of classes, labels or pixels come last."""
    options = [p.name for p in parameters(name) if p.kind is p.KEYWORD_ONLY and p.name != "ax"]
    found = [option for option in options if option in TRAILING]
    assert found == sorted(found, key=TRAILING.index)
    assert options[len(options) - len(found) :] == found


def test_every_word_is_used_as_listed():
    used = {name: {p.name for p in parameters(name)} for name in FUNCTIONS}
    for word, rows in WORDS.items():
        users = [user for row in rows for user in row.split("; ")]
        assert len(users) == len(set(users)), f"{word} has two meanings in one function"
        assert all(word in used[user] for user in users if user != "all"), word
        assert any(word in names for names in used.values()), f"no function has {word}"


def test_words_are_in_alphabetical_order():
    assert list(WORDS) == sorted(WORDS)
