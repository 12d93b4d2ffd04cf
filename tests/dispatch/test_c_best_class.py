"""The C kernel of the class of the greatest score."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives.dispatch.c._registration import Kernel
from objectives.ops.labels import best_class

pytestmark = pytest.mark.skipif(not pytensor.config.cxx, reason="no C++ compiler")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(500, 10), (20, 1), (3, 4, 300), (0, 4), (6,)], ids=str)
def test_best_class(dtype, shape):
    """Ties, infinite scores, NaN, strides, and more rows than one thread takes."""
    z = pt.tensor(dtype=dtype, shape=(None,) * len(shape))
    f, reference = (pytensor.function([z], [best_class(z)], mode=mode) for mode in ("CVM", "FAST_COMPILE"))
    assert isinstance(f.maker.fgraph.outputs[0].owner.op, Kernel)
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 5, shape).astype(dtype)
    scores[rng.random(shape) < 0.1] = -np.inf
    scores[rng.random(shape) < 0.02] = np.nan
    for values in (scores, scores[::2], np.full_like(scores, -np.inf), np.concatenate([scores] * 50)):
        np.testing.assert_array_equal(f(values), reference(values))
    with pytest.raises(ValueError, match="the class axis has length 0"):
        f(scores[..., :0])
