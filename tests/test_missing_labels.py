"""Missing labels as in astroNN, for every function with targets: NaN or a sentinel, a row without any included."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES, ITEMS
from cases.case import covers

from objectives import aggregate, labelled

SENTINEL = -99  # also of int8


def position(case, arrays, there):
    """That of the targets: the second argument, or the one of this name if the second is not about items."""
    return 1 if covers(there, arrays[1]) else 2 + list(case.extras).index("targets")


def missing(case):
    """Inputs whose targets lack labels, and where they are: all of the first row, of others some."""
    arrays = case.draw("float64")
    there = np.random.default_rng(6).random(case.mask_shape()) < 0.6
    there[0] = False
    there[1] = True
    targets = arrays[i := position(case, arrays, there)]
    shown = np.broadcast_to(there.reshape(there.shape + (1,) * (targets.ndim - there.ndim)), targets.shape)
    arrays[i] = np.where(shown, targets, np.nan if targets.dtype.kind == "f" else SENTINEL).astype(targets.dtype)
    return arrays, there


def mask_of(case, targets, ndim):
    found = labelled(targets, np.nan if targets.dtype.startswith("float") else SENTINEL)
    return found if found.ndim == ndim else found.all(axis=tuple(range(ndim, found.ndim)))


# A mask that is not one of results belongs to what they add up.
ROWS = [case for case in CASES if case.mask_shape() == case.result_shape()]


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.id)
def test_rows_average_over_their_labels(case):
    arrays, there = missing(case)
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
    mask = mask_of(case, inputs[position(case, arrays, there)], there.ndim)
    loss = case.apply(inputs, mask=mask)
    result = aggregate(loss, mask=mask, axis=None if case.itemwise else -1)
    outputs = [result, *([pytensor.grad(result.sum(), inputs[0])] if case.differentiable else [])]
    function = pytensor.function(inputs, outputs, on_unused_input="ignore")
    value, *gradient = function(*arrays)

    arrays = case.draw("float64")
    losses, _ = case.expected(arrays, case.upstream(), there)
    counted = np.where(there, losses, np.nan)
    expected = np.nanmean(counted) if case.itemwise else np.append(0, np.nanmean(counted[1:], axis=-1))
    np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-12)
    for array in gradient:
        assert np.isfinite(array).all() and (array[case.left_out(there, array)] == 0).all()
    assert len(there) == ITEMS
