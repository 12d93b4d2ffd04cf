"""Order statistics at the ends of the range of floats."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, mode, uncompiled
from test_ops import inner_graph

from objectives.ops.sorting import WeightedQuantile

HUGE = np.array([[3.2e38, -3e38, 1.0], [3e38, 3e38, 4.0]], "float32")


def test_inner_graph_of_a_median_of_huge_numbers():
    found = inner_graph(WeightedQuantile(q=0.5), [HUGE, np.ones_like(HUGE)])
    np.testing.assert_allclose(found, HUGE.astype("float64").mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("backend", ALL)
def test_median_of_huge_numbers(backend):
    """Half way between two numbers, although their sum overflows."""
    x, weights = pt.fmatrix(), pt.fmatrix()
    function = pytensor.function([x, weights], WeightedQuantile(q=0.5)(x, weights), mode=mode(backend))
    with uncompiled(backend):
        found = np.asarray(function(HUGE, np.ones_like(HUGE)))
    np.testing.assert_allclose(found, HUGE.astype("float64").mean(axis=0), rtol=1e-6)
