"""Kernels compiled apart from the graphs that call them: found on disk by the next process, errors included."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from test_loading import run

from objectives import categorical_crossentropy_with_logits
from objectives.ops.margin import MulticlassHinge

STARTED = """
import numpy as np, pytensor, pytensor.tensor as pt
from numba.core import event
from objectives import aggregate, categorical_crossentropy_with_logits, squared_error

compiled = []
class Listener(event.Listener):
    def on_start(self, started):
        compiled.append(started)
    def on_end(self, ended):
        pass
event.register("numba:compile", Listener())
logits, labels = pt.matrix("logits"), pt.lvector("labels")
loss = aggregate(categorical_crossentropy_with_logits(logits, labels)) + aggregate(squared_error(logits, 0.0))
function = pytensor.function([logits, labels], [loss, pytensor.grad(loss, logits)], mode="NUMBA")
loss, gradient = function(np.zeros((2, 4)), [1, 3])
assert np.isclose(loss, np.log(4)) and np.isclose(gradient.sum(), 0)
try:
    function(np.zeros((2, 4)), [1, 4])
except IndexError as error:
    print(len(compiled), error)
"""


def test_the_next_process_compiles_nothing(tmp_path):
    # unoptimized code keeps what Numba cannot store
    flags = {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path},numba__cache=True", "NUMBA_OPT": "3"}
    first, second = (run(STARTED, **flags).split(maxsplit=1) for _ in range(2))
    assert int(first[0]) > 0 and int(second[0]) == 0
    assert first[1] == second[1] and "class label 4 at position (1,)" in first[1]


def test_nothing_is_kept_where_pytensor_keeps_nothing(tmp_path):
    flags = {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path},numba__cache=False"}
    first, second = (run(STARTED, **flags).split(maxsplit=1) for _ in range(2))
    assert first == second and int(first[0]) > 0


def test_kernels_with_and_without_fast_math_are_two():
    from numba import float64
    from pytensor.link.numba.dispatch.basic import numba_njit

    from objectives.dispatch.numba._separate import separate

    names = set()
    for fast in (True, False, True):
        with pytensor.config.change_flags(numba__fastmath=fast):
            names.add(separate(lambda: numba_njit(lambda x: x), [float64], "identity").name)
    assert len(names) == 2


@pytest.mark.parametrize("shapes", [[()], [(1, 1), (3, 1), (1, 4), (3, 4)]], ids=["one for all", "broadcast"])
def test_options_of_a_kernel_are_those_of_each_item(shapes):
    scores, labels, delta = (
        pt.tensor3("scores"),
        pt.lmatrix("labels"),
        pt.tensor("delta", shape=(None,) * len(shapes[0])),
    )
    loss = MulticlassHinge.of(scores, labels, delta=delta)
    function = pytensor.function([scores, labels, delta], loss, mode="NUMBA")
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(3, 4, 5)), rng.integers(0, 5, (3, 4))
    own = np.take_along_axis(z, y[..., None], -1)[..., 0]
    others = np.where(np.arange(5) == y[..., None], -np.inf, z).max(-1)
    for shape in shapes:
        margin = rng.random(shape)
        np.testing.assert_allclose(function(z, y, margin), np.maximum(others - own + margin, 0), rtol=1e-14)


@pytest.mark.parametrize("of_rows", [lambda x: x.T, lambda x: x[::2], lambda x: x[:, ::-1]], ids=["T", "step", "back"])
def test_arrays_of_any_layout(of_rows):
    logits, labels = pt.matrix("logits"), pt.lvector("labels")
    loss = categorical_crossentropy_with_logits(of_rows(logits), labels)
    z = np.random.default_rng(0).normal(size=(4, 4))
    y = np.arange(len(of_rows(z)))[::-1].copy()
    found = pytensor.function([logits, labels], [loss, pytensor.grad(loss.sum(), logits)], mode="NUMBA")(z, y)
    expected = pytensor.function([logits, labels], [loss, pytensor.grad(loss.sum(), logits)])(z, y)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
