import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import mode

from objectives import (
    calibration_error,
    categorical_accuracy,
    explained_variance,
    linear_crossentropy,
    pearson_correlation,
    r2_score,
    root_mean_squared_error,
)

pytestmark = [pytest.mark.needs("mlx"), pytest.mark.filterwarnings("ignore:MLX does not support float64")]
x = pt.vector("x", dtype="float32")


def test_measures_of_unknown_length_without_a_mask():
    measures = [f(x, 2 * x) for f in (r2_score, explained_variance, pearson_correlation, root_mean_squared_error)]
    found = pytensor.function([x], measures, mode=mode("MLX"))(np.arange(3, dtype="float32"))
    np.testing.assert_allclose(found, [3 / 8, 3 / 4, 1, np.sqrt(5 / 3)], rtol=1e-6)


def test_no_items():
    z, y, t = pt.matrix("z", dtype="float32"), pt.lvector("y"), pt.lmatrix("t")
    items = [
        categorical_accuracy(z, y),
        categorical_accuracy(z, t),
        linear_crossentropy(z, np.eye(3, dtype="float32"), y),
    ]
    function = pytensor.function([z, y, t], [*items, calibration_error(z, y, num_bins=5)], mode=mode("MLX"))
    *items, error = function(np.zeros((0, 3), "float32"), np.zeros(0, int), np.zeros((0, 3), int))
    assert [np.shape(values) for values in items] == [(0,), (0,), (0,)] and np.isnan(error)
