"""The C kernels of confusion counts and of accumulated sums: the bits that NumPy gives, and the same errors."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives.dispatch.c._registration import Kernel
from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import LabelError, PredictedLabelError
from objectives.ops.statistics import Rule, accumulated

pytestmark = pytest.mark.skipif(not pytensor.config.cxx, reason="no C++ compiler")


def compiled(inputs, output):
    """A function with the kernel, and one of NumPy."""
    function, reference = (pytensor.function(inputs, output, mode=mode) for mode in ("CVM", "FAST_COMPILE"))
    assert isinstance(function.maker.fgraph.outputs[0].owner.op, Kernel)
    return function, reference


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_confusion_counts(dtype):
    inputs = [*pt.lvectors("rows", "columns"), pt.vector("weights", dtype=dtype)]
    function, reference = compiled(inputs, confusion_counts(*inputs, num_rows=3, num_columns=4))
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 3, 1000), rng.integers(0, 4, 1000)
    weights = rng.normal(size=1000).astype(dtype)
    for part in (slice(None), slice(None, None, 3), slice(0), slice(1)):
        given = rows[part], columns[part], weights[part]
        counts = function(*given)
        assert counts.dtype == dtype
        np.testing.assert_array_equal(counts, reference(*given))
    for bad, error, message in (
        ((3, 0), LabelError, "class label 3 at position 1 of the targets"),
        ((-1, 9), LabelError, "class label -1 at position 1"),
        ((0, 4), PredictedLabelError, "predicted class 4 at position 1"),
        ((0, -(2**40)), PredictedLabelError, "predicted class -1099511627776"),
    ):
        for f in (function, reference):
            with pytest.raises(error, match=message):
                f([0, bad[0]], [0, bad[1]], np.ones(2, dtype))
    for f in (function, reference):
        with pytest.raises(ValueError, match="shape mismatch between 3 targets, 2 predictions and 3 weights"):
            f(rows[:3], columns[:2], weights[:3])


@pytest.mark.parametrize("ndim", [0, 1, 2])
@pytest.mark.parametrize("dtypes", [("float64", "float64"), ("float64", "float32"), ("float32", "float32")], ids=str)
def test_accumulated_sums(ndim, dtypes):
    state = pt.tensor("state", dtype=dtypes[0], shape=(None,) * (ndim + 1))
    statistic = pt.tensor("statistic", dtype=dtypes[1], shape=(None,) * ndim)
    function, reference = compiled([state, statistic], accumulated(state, statistic, Rule.SUM))
    shape, rng = (3, 5)[:ndim], np.random.default_rng(0)
    found = expected = np.zeros((2, *(1,) * ndim), dtypes[0])
    for exponent in (0, 30, 60, 0, 60, -20, 30):  # far apart, so that much is rounded away
        batch = np.asarray(2.0**exponent * rng.normal(size=shape), dtypes[1])
        found, expected = function(found, batch), reference(expected, batch)
        np.testing.assert_array_equal(found, expected)
    assert (found[1] != 0).any()
    for special in (np.inf, np.nan):
        batch = np.full(shape, special, dtypes[1])
        np.testing.assert_array_equal(function(found, batch), reference(expected, batch))
    if ndim:
        for f in (function, reference):
            with pytest.raises(ValueError, match=r"the statistic of this batch has the shape \(4,.* before it \(3,"):
                f(found, np.zeros((4, 5)[:ndim], dtypes[1]))


@pytest.mark.parametrize(("flags", "ndim"), [({"allow_gc": False}, 3), ({"gcc__cxxflags": "-ffast-math"}, 4)], ids=str)
def test_a_state_that_is_shared(flags, ndim):
    """The state before a batch is left as it was, and no flag takes the compensation away.

    PyTensor compiles again for another rank, not for other flags.
    """
    state = pytensor.shared(np.zeros((2, *[1] * ndim)), shape=(2, *[None] * ndim))
    x = pt.tensor("x", dtype="float64", shape=(None,) * ndim)
    with pytensor.config.change_flags(**flags):
        add = pytensor.function([x], [], updates=[(state, accumulated(state, x, Rule.SUM))], mode="CVM")
    seen = []
    for number in (1.0, 2.0**60, 1.0, -(2.0**60)):
        seen.append((state.get_value(borrow=True), state.get_value()))
        add(np.full((1,) * ndim, number))
    for before, copied in seen:
        np.testing.assert_array_equal(before, copied)
    assert state.get_value().sum() == 2
