"""Checks that a softmax or sigmoid holds probabilities are those of their argument, and fail where they did."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import REWRITTEN, UNREWRITTEN, parameter
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.special import softmax

from objectives.ops.marking import holds_loss

x = pt.matrix("x")
p, s = softmax(x, axis=-1), pt.sigmoid(x)
total = p.sum(axis=-1)
CHECKS = {
    "softmax": [pt.all(p >= 0), pt.all(p <= 1), pt.all(pt.isclose(total, 1)), total],
    "sigmoid": [pt.all(s >= 0), pt.all(s <= 1)],
    "wider": [pt.all(p >= -1), pt.all(s <= 2.5)],
}
# What may fail for other reasons than NaN, or asks something else.
DIFFERENT = {
    "above 0.1": pt.all(p >= 0.1),
    "above 1": pt.all(p >= 1),
    "below 0": pt.all(s <= 0),
    "below a variable": pt.all(s <= x),
    "strictly": pt.all(p > 0),
    "over items": pt.all(softmax(x, axis=0) >= 0),
    "by item": pt.all(p >= 0, axis=-1),
    "any": pt.any(p >= 0),
    "not a check": softmax(x, axis=-1).sum(axis=-1),
}
INF, NAN = np.inf, np.nan
ROWS = [
    [0, 1, 2],
    [-1000, 0, 1000],
    [-INF, 0, 1],
    [-INF, -INF, 5],
    [INF, 0, 1],
    [INF, INF, -INF],
    [-INF, -INF, -INF],
    [NAN, 0, 1],
    [NAN, INF, 1],
    [0, -INF, NAN],
]


@pytest.mark.parametrize("backend", [parameter("CVM"), parameter("NUMBA"), parameter("JAX"), parameter("PYTORCH")])
def test_checks_fail_where_they_did(backend):
    outputs = [output for checks in CHECKS.values() for output in checks]
    ours, plain = (pytensor.function([x], outputs, mode=chosen) for chosen in (backend, UNREWRITTEN))
    for row in ROWS:
        for given in ([row], [ROWS[0], row]):
            given = np.array(given, pytensor.config.floatX)
            for found, expected in zip(ours(given), plain(given), strict=True):
                np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-12)
    no_classes = ours(np.zeros((2, 0), pytensor.config.floatX))
    for found, expected in zip(no_classes, [True, True, False, [0, 0], *[True] * 4], strict=True):
        np.testing.assert_array_equal(np.asarray(found), expected)


@pytest.mark.parametrize("name", CHECKS)
def test_checks_need_no_probabilities(name):
    function = pytensor.function([x], CHECKS[name], mode=REWRITTEN.excluding("fusion"))
    assert holds_loss(function.maker.fgraph)
    assert not [
        node
        for node in function.maker.fgraph.toposort()
        if isinstance(node.op, Elemwise) and str(node.op.scalar_op).lower() in ("exp", "sigmoid")
    ]


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_different_stays(name):
    function = pytensor.function([x], DIFFERENT[name], mode=REWRITTEN)
    assert not holds_loss(function.maker.fgraph)


def test_sums_of_other_axes_stay():
    outputs = [pt.all(p >= 0), p.sum(axis=0), p.sum(), p.sum(axis=-1, dtype="float64")]
    ours, plain = (pytensor.function([x], outputs, mode=chosen) for chosen in (REWRITTEN, UNREWRITTEN))
    given = np.array(ROWS[:4], pytensor.config.floatX)
    for found, expected in zip(ours(given), plain(given), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_it_can_be_turned_off():
    function = pytensor.function([x], CHECKS["softmax"], mode=REWRITTEN.excluding("recognize_checks"))
    assert not holds_loss(function.maker.fgraph)
