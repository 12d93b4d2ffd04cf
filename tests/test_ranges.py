"""What is outside the range that the facts state, and NaN, makes its item NaN in value and gradient, and no other.
The sign of a zero changes nothing.

On NumPy; tests/test_cases.py tries it on the backends.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES
from cases.case import check_wrong_numbers, poisoned

# One row for each kind of inputs of each loss.
ROWS = {(case.function, case.predictions, case.targets): case for case in reversed(CASES) if case.differentiable}


@pytest.fixture(scope="module", params=ROWS.values(), ids=lambda case: case.id)
def compiled(request):
    """A row, its arrays and mask, and the function of value and gradients."""
    case = request.param
    arrays, mask = case.draw("float64"), case.mask()
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
    loss = case.apply(inputs, mask=mask)
    outputs = [loss, *pytensor.grad(loss.sum(), [inputs[i] for i in case.wrt(arrays)])]
    function = pytensor.function(inputs, outputs, on_unused_input="ignore")
    return case, arrays, mask, lambda given: function(*given)


def test_wrong_numbers_make_their_item_nan(compiled):
    case, arrays, mask, function = compiled
    check_wrong_numbers(case, poisoned(case, arrays, mask), mask, function)


def test_zeros_have_no_sign(compiled):
    _, arrays, _, function = compiled
    floats = [k for k, array in enumerate(arrays) if array.dtype.kind == "f"]

    def values(zero):
        """With a zero in the place of every third number, in other places of each array."""
        given = [array.copy() for array in arrays]
        for k in floats:
            given[k].flat[k::3] = zero
        return function(given)

    for unsigned, signed in zip(values(0.0), values(-0.0), strict=True):
        np.testing.assert_array_equal(signed, unsigned)
