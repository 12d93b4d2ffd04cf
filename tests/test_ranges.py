"""What is outside the range that the facts state, and NaN, makes its item NaN in value and gradient, and no other.

On NumPy; tests/test_cases.py tries it on the backends.
"""

import pytensor
import pytensor.tensor as pt
import pytest
from backends import PLAIN
from cases import CASES
from cases.case import check_wrong_numbers, poisoned

# One row for each kind of inputs of each loss.
ROWS = {(case.function, case.predictions, case.targets): case for case in reversed(CASES) if case.differentiable}


@pytest.mark.parametrize("case", ROWS.values(), ids=lambda case: case.id)
def test_wrong_numbers_make_their_item_nan(case):
    arrays, mask = case.draw("float64"), case.mask()
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
    loss = case.apply(inputs, mask=mask)
    outputs = [loss, *pytensor.grad(loss.sum(), [inputs[i] for i in case.wrt(arrays)])]
    function = pytensor.function(inputs, outputs, mode=PLAIN, on_unused_input="ignore")
    check_wrong_numbers(case, poisoned(case, arrays, mask), mask, lambda given: function(*given))
