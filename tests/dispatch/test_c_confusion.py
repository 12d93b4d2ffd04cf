"""The C kernel of confusion counts: the bits that NumPy gives, and the same errors."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives.dispatch.c._registration import Kernel
from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import LabelError, PredictedLabelError

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
        assert counts.dtype == "float64"
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
