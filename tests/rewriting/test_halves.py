"""float16, which Numba and C refuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives import categorical_accuracy, squared_error

x, labels = pt.matrix("x", dtype="float16"), pt.ivector("labels")


@pytest.mark.parametrize("mode", ["NUMBA", "CVM"])
@pytest.mark.parametrize("result", [squared_error(x, 0), categorical_accuracy(x, labels)], ids=["loss", "measure"])
def test_it_is_refused_by_name(result, mode):
    with pytest.raises(NotImplementedError, match="x is float16, in which neither Numba nor C compute reliably: use"):
        pytensor.function([x, labels], result, mode=mode, on_unused_input="ignore")


@pytest.mark.parametrize("mode", ["NUMBA", "CVM"])
def test_constants_of_it_are_not(mode):
    wide = pt.fvector("wide")
    assert squared_error(wide, np.array([1.0], "float16")).eval({wide: np.array([3.0], "float32")}, mode=mode) == 4


def test_graphs_that_are_not_ours_are_left_to_pytensor():
    assert (x * 2).eval({x: np.ones((1, 1), "float16")}, mode="CVM") == 2
