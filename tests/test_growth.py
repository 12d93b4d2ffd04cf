"""Nothing that a measure computes is much larger than its inputs: cost is linear in items, bins and list lengths."""

from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from measures import MEASURES
from metrics.test_ranked_lists import ERRORS, SCORES, WITH_CUTOFF
from pytensor.graph.traversal import ancestors

import objectives

ITEMS = 600
MOST = 12  # entries of a variable for each entry of the inputs


def largest(measure, arrays):
    """The largest variable of the graph of a measure, in entries for each entry of the inputs."""
    inputs = [pt.tensor(dtype=a.dtype, shape=(None,) * a.ndim) for a in arrays]
    variables = [v for v in ancestors([measure(*inputs)]) if hasattr(v, "ndim") and v.owner]
    sizes = pytensor.function(inputs, [v.size for v in variables], on_unused_input="ignore")(*arrays)
    position = int(np.argmax(sizes))
    return sizes[position] / sum(a.size for a in arrays), variables[position]


@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row.id)
def test_size_of_measures_of_sets(row):
    size, variable = largest(row.apply, row.draw(items=ITEMS))
    assert size <= MOST, variable


@pytest.mark.parametrize("function", (*SCORES, *ERRORS), ids=lambda function: function.__name__)
def test_size_of_measures_of_lists(function):
    rng = np.random.default_rng(1)
    measure = partial(function, top_k=5) if function in WITH_CUTOFF else function
    size, variable = largest(measure, [rng.normal(size=(2, ITEMS)), rng.integers(0, 2, (2, ITEMS))])
    assert size <= MOST, variable


def test_size_with_many_bins():
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(size=ITEMS), rng.integers(0, 2, ITEMS)]
    size, variable = largest(lambda p, t: objectives.binary_calibration_error(p, t, num_bins=100), arrays)
    assert size <= MOST, variable
