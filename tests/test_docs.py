"""The code in the documentation runs and prints what it says."""

import doctest
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
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
