"""Answers for the names and keywords that people bring from other libraries."""

import csv
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from opcode import opmap
from types import FrameType
from typing import Any, NamedTuple

MOST_ANSWERS = 3


class Row(NamedTuple):
    """A row of the porting tables: a call of another library, and the call to write here."""

    theirs: str
    ours: str


def answers(name: str) -> list[str]:
    """What to write here for a name of another library, or an abbreviation."""
    rows = _rows().get(_plain(name), [])
    abbreviated = [row.ours for row in rows if not row.theirs]
    found = abbreviated or [f"{row.ours} (for {row.theirs})" for row in rows]
    return list(dict.fromkeys(found))[:MOST_ANSWERS]


@cache
def _rows() -> dict[str, list[Row]]:
    """Rows of the porting tables by the plain name of the foreign function."""
    rows: dict[str, list[Row]] = {}
    for file in sorted(files("objectives").joinpath("porting").iterdir(), key=lambda file: file.name):
        for theirs, ours, *_ in csv.reader(file.read_text(encoding="utf-8").splitlines()):
            is_abbreviation = file.name == "names.csv"
            row = Row("" if is_abbreviation else theirs.strip("`"), ours.strip("`"))
            for called in theirs.split() if is_abbreviation else [theirs.strip("`").partition("(")[0]]:
                rows.setdefault(_plain(called), []).append(row)
    return rows


def _plain(name: str) -> str:
    """The last part of a dotted name in lower case, without prefixes and suffixes: ``nn.MSELoss`` is ``mse``."""
    last = name.rpartition(".")[2].lower().replace("_", "").replace("-", "")
    return re.sub(r"(?<=.)(loss|score|metric)$", "", last.removeprefix("neg") if last.startswith("negmean") else last)


def refused_name(name: str, caller: FrameType) -> AttributeError | ImportError:
    """The error for a name that the package does not have, which ``caller`` looks up or imports."""
    found = [] if name.startswith("_") else answers(name)
    if not found:
        return AttributeError(f"module 'objectives' has no attribute {name!r}")
    write = f": write {', or '.join(found)}"
    # Python drops the message of an AttributeError where a name is imported, and guesses a name that is spelled alike.
    if caller.f_lasti >= 0 and caller.f_code.co_code[caller.f_lasti] == opmap["IMPORT_FROM"]:
        return ImportError(f"cannot import name {name!r} from 'objectives'{write}", name="objectives")
    return AttributeError(f"module 'objectives' has no attribute {name!r}{write}", name=name, obj=None)


AGGREGATE = "losses are not reduced: give the result to aggregate(loss, mode='mean'), or 'sum'"
ORDER = "the order is ({}), by position"
# What to write here for keywords of other libraries.
KEYWORDS = {
    "from_logits": "functions of logits have names that end in _with_logits",
    "reduction": AGGREGATE,
    "size_average": AGGREGATE,
    "reduce": AGGREGATE,
    "ignore_index": "exclude items with a mask: mask=pt.neq(targets, -100)",
    "ignore_class": "exclude items with a mask: mask=pt.neq(targets, -100)",
    "where": "exclude elements with mask=, a boolean tensor that is True where an element counts",
    "dim": "the axis is axis=",
    "y_true": ORDER,
    "y_pred": ORDER,
    "y_score": ORDER,
    "y_prob": ORDER,
    "input": ORDER,
    "target": ORDER,
    "preds": ORDER,
    "prediction": ORDER,
    "n_bins": "the number of bins is num_bins=",
    "labels": "the number of classes is num_classes=; classes are numbered from 0",
}
# Other libraries' words for arguments of this package, where a function has them.
RENAMED = {
    "bias": "biases",
    "eps": "epsilon",
    "k": "top_k",
    "n_classes": "num_classes",
    "n_clusters": "num_clusters",
    "reduction": "mode",
    "softcap": "logit_softcap",
    "var": "variance",
}
WEIGHTS = "weight", "weights", "sample_weight", "sample_weights"


def refused_keyword(keyword: str, function: str, parameters: Iterable[str], value: Any = None) -> str:
    """The error message for a keyword that a function does not have."""
    known = list(parameters)
    answer = _weights_answer(known) if keyword in WEIGHTS else KEYWORDS.get(keyword, "")
    if (renamed := RENAMED.get(keyword)) in known:
        answer = f"it is called {renamed} here" + (f", {renamed}={value!r}" if isinstance(value, str) else "")
    answer = answer.format(", ".join(known[:2])) or f"its arguments are {', '.join(known)}"
    return f"{function} has no argument {keyword!r}: {answer}"


def _weights_answer(known: list[str]) -> str:
    if "weights" in known:
        return "weights of items are weights="
    of_classes = "; weights of classes are class_weights=" if "class_weights" in known else ""
    return f"weights are given to aggregate(loss, weights){of_classes}"
