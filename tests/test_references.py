"""References that are computed for a few rows leave those of other rows in place."""

import numpy as np
import pytest
import references


@pytest.mark.parametrize(("making", "kept"), [("add", [1, 2, 3]), ("replace", [2, 3])])
def test_other_answers(making, kept, tmp_path, monkeypatch):
    monkeypatch.setattr(references, "FOLDER", tmp_path)
    before = references.References()
    before.made["regression"] = {np.uint64(key): np.arange(key) for key in (1, 2)}
    before.write()

    now = references.References()
    now.making = making
    for key in (2, 3):
        now.make("regression", np.uint64(key), (np.arange(key), []))
    now.write()
    found = references.read("regression")
    assert sorted(found) == kept
    assert all((found[np.uint64(key)] == np.arange(key)).all() for key in kept)
