"""Margin losses: values and gradients by hand, agreement with other libraries, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives import binary_hinge_loss, multiclass_hinge_loss
from objectives.losses.hinge import perceptron_loss, squared_hinge_loss
from objectives.losses.multiclass_hinge import (
    categorical_hinge_loss,
    multi_margin_loss,
    multiclass_perceptron_loss,
    multilabel_margin_loss,
    one_vs_all_hinge_loss,
)

inf, nan = np.inf, np.nan


def squared_margin(z, t):
    return multi_margin_loss(z, t, power=2, margin=0.5)


def weighted_margin(z, t):
    return multi_margin_loss(z, t, power=2, class_weights=[0.5, 2.0, 0.0])


# loss, predictions, targets, value, gradient of the sum
ROWS = [
    # at the kink the gradient is 0, and infinite scores of the right sign cost nothing
    (squared_hinge_loss, [1.0, -1.0, 0.0, -2.0], [1, 0, 1, 1], [0, 0, 1, 9], [0, 0, -2, -6]),
    (squared_hinge_loss, [inf, -inf, -inf], [1, 0, 1], [0, 0, inf], [0, 0, -inf]),
    (squared_hinge_loss, [nan, 2.0], [1, 1], [nan, 0], [nan, 0]),
    # a model of zeros learns: half of each side's gradient
    (perceptron_loss, [0.0, 0.0, 2.0, -3.0, 3.0], [1, 0, 1, 1, 0], [0, 0, 0, 3, 3], [-0.5, 0.5, 0, -1, 1]),
    (perceptron_loss, [inf, -inf, inf], [1, 1, 0], [0, inf, inf], [0, -1, 1]),
    # equal scores share the gradient of the maximum, the target's among them
    (multiclass_perceptron_loss, [[0.0, 0.0, 0.0, 0.0]], [0], [0], [[-0.75, 0.25, 0.25, 0.25]]),
    (multiclass_perceptron_loss, [[1.0, 2.0, 2.0]], [0], [1], [[-1, 0.5, 0.5]]),
    (multiclass_perceptron_loss, [[3.0, 2.0, 2.0]], [0], [0], [[0, 0, 0]]),
    (multiclass_perceptron_loss, [[inf, 2.0, 1.0], [0.0, -inf, 1.0]], [0, 0], [0, 1], [[0, 0, 0], [-1, 0, 1]]),
    (multiclass_perceptron_loss, [[-inf, 2.0, 1.0]], [0], [inf], [[-1, 1, 0]]),
    (multiclass_perceptron_loss, [[5.0]], [0], [0], [[0]]),
    # divided by 4 classes, not by the 3 wrong ones; nothing at the kink
    (multi_margin_loss, [[3.0, 2.5, 2.0, 0.0]], [0], [0.125], [[-0.25, 0.25, 0, 0]]),
    (multi_margin_loss, [[0.0, 0.0, 0.0, 0.0]], [3], [0.75], [[0.25, 0.25, 0.25, -0.75]]),
    (multi_margin_loss, [[inf, 0.0], [0.0, -inf]], [0, 0], [0, 0], [[0, 0], [0, 0]]),
    (multi_margin_loss, [[7.0]], [0], [0], [[0]]),
    (squared_margin, [[0.0, 1.0, 0.5]], [0], [3.25 / 3], [[-5 / 3, 1, 2 / 3]]),
    # the weight is not squared, and a weight of 0 hides infinite losses
    (weighted_margin, [[0.0, 1.0, -1.0]], [1], [0], [[0, 0, 0]]),
    (weighted_margin, [[0.0, 0.0, -1.0]], [1], [2 / 3], [[4 / 3, -4 / 3, 0]]),
    (weighted_margin, [[inf, 0.0, 0.0]], [2], [0], [[0, 0, 0]]),
    (one_vs_all_hinge_loss, [[2.0, -2.0, 0.0]], [0], [[0, 0, 1]], [[0, 0, 1]]),
    (one_vs_all_hinge_loss, [[inf, -inf, inf]], [0], [[0, 0, inf]], [[0, 0, 1]]),
    (one_vs_all_hinge_loss, [[0.5, 0.5, 0.5]], [[1, 1, 0]], [[0.5, 0.5, 1.5]], [[-1, -1, 1]]),
    # relevant 0 and 2: the pairs (0, 1), (0, 3), (2, 1), (2, 3) lack 0, 0.5, 0.5, 2.5
    (multilabel_margin_loss, [[3.0, 0.5, 1.0, 2.5]], [[1, 0, 1, 0]], [0.875], [[-0.25, 0.25, -0.5, 0.5]]),
    (multilabel_margin_loss, [[0.0, 0.0, 0.0]], [[1, 0, 0]], [2 / 3], [[-2 / 3, 1 / 3, 1 / 3]]),
    (multilabel_margin_loss, [[1.0, 2.0]] * 2, [[0, 0], [1, 1]], [0, 0], [[0, 0], [0, 0]]),
    (multilabel_margin_loss, [[inf, inf, -inf]], [[1, 1, 0]], [0], [[0, 0, 0]]),
    # PyTorch's lists of class indices are not multi-hot targets
    (multilabel_margin_loss, [[1.0, 2.0, 3.0]], [[2, 0, -1]], [nan], [[nan, nan, nan]]),
]


def test_values_and_gradients():
    """One compiled function computes all rows from symbolic predictions."""
    inputs, outputs, arrays = [], [], []
    for loss, predictions, targets, *_ in ROWS:
        p = pt.tensor(shape=(None,) * np.ndim(predictions), dtype="float64")
        value = loss(p, np.asarray(targets))
        inputs.append(p)
        arrays.append(np.asarray(predictions))
        outputs += [value, pytensor.grad(value.sum(), p)]
    results = iter(pytensor.function(inputs, outputs)(*arrays))
    for loss, predictions, targets, value, gradient in ROWS:
        row = f"{loss.__name__}({predictions}, {targets})"
        np.testing.assert_allclose(next(results), value, rtol=1e-12, atol=1e-15, err_msg=row)
        np.testing.assert_allclose(next(results), gradient, rtol=1e-12, atol=1e-15, err_msg=row)


def test_options_that_are_tensors():
    z = np.array([[0.0, 0.5], [0.0, 0.5]])
    margin, margins, weights = pt.dvector("margin"), pt.dmatrix("margins"), pt.dvector("weights")
    by_item = multi_margin_loss(z, [0, 0], margin=margin)
    weighted = multi_margin_loss(z, [0, 1], class_weights=weights)
    by_entry = squared_hinge_loss(z, np.ones((2, 2)), margin=margins)
    outputs = [by_item, pytensor.grad(by_item.sum(), margin), weighted, pytensor.grad(weighted.sum(), weights)]
    outputs += [by_entry, one_vs_all_hinge_loss(z, [0, 0], margin=margins)]
    function = pytensor.function([margin, margins, weights], outputs)
    found = function([1.0, 2.0], [[1.0, 2.0], [3.0, 0.25]], [2.0, 3.0])
    expected = [
        [0.75, 1.25],
        [0.5, 0.5],
        [1.5, 0.75],
        [0.75, 0.25],
        [[1, 2.25], [9, 0]],
        [[1, 2.5], [3, 0.75]],
    ]
    for value, desired in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, desired)


def test_a_column_and_a_vector_are_aligned():
    column, vector = np.array([[0.5], [2.0]]), np.array([1, 0])
    for loss in (squared_hinge_loss, perceptron_loss):
        assert loss(column, vector).eval().shape == (2, 1)


def test_the_class_axis_keeps_its_place():
    """One-vs-all losses have the shape of the predictions, wherever the class axis is."""
    z = np.random.default_rng(0).normal(size=(2, 5, 3))
    t = np.array([[0, 1, 4], [2, 2, 3]])
    mask = np.array([[True, False, True], [True, True, True]])
    found = one_vs_all_hinge_loss(z, t, axis=1, mask=mask).eval()
    signs = np.where(np.arange(5)[:, None] == t[:, None], 1, -1)
    np.testing.assert_allclose(found, np.where(mask[:, None], np.maximum(0, 1 - signs * z), 0))


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(1)
    return rng.normal(scale=2, size=(40, 4)), rng.integers(0, 4, size=40)


def test_scikit_learn(scores):
    from sklearn import metrics

    z, y = scores
    losses = [
        multiclass_hinge_loss(z, y).mean(),
        binary_hinge_loss(z[:, 0], y > 1, log_odds=True).mean(),
        multiclass_perceptron_loss(z, y),
    ]
    many, two, behind = pytensor.function([], losses)()
    np.testing.assert_allclose(many, metrics.hinge_loss(y, z, labels=range(4)))
    np.testing.assert_allclose(two, metrics.hinge_loss(np.where(y > 1, 1, -1), z[:, 0]))
    # a loss of 0 means a correct item
    np.testing.assert_allclose((behind == 0).mean(), metrics.top_k_accuracy_score(y, z, k=1))


@pytest.mark.needs("keras")
def test_keras(scores):
    import keras

    z, y = scores
    t, soft = np.eye(4)[y], np.random.default_rng(2).dirichlet(np.ones(4), size=40)
    losses = [
        squared_hinge_loss(z, t).mean(axis=-1),
        one_vs_all_hinge_loss(z, y).mean(axis=-1),
        categorical_hinge_loss(z, y),
        categorical_hinge_loss(z, soft),
    ]
    squared, every, floored, of_soft = pytensor.function([], losses)()
    np.testing.assert_allclose(squared, keras.losses.squared_hinge(t, z), rtol=1e-5)
    np.testing.assert_allclose(every, keras.losses.hinge(t, z), rtol=1e-5)
    np.testing.assert_allclose(floored, keras.losses.categorical_hinge(t, z), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(of_soft, keras.losses.categorical_hinge(soft, z), rtol=1e-5, atol=1e-6)


def test_the_other_classes_are_not_floored():
    """Keras's categorical hinge gives 2 here, because it counts the removed target as a wrong score of 0."""
    assert multiclass_hinge_loss([[-1.0, -5.0, -5.0]], [0]).eval() == 0
    assert categorical_hinge_loss([[-1.0, -5.0, -5.0]], [0]).eval() == 2


def test_categorical_hinge_at_ties_and_infinities():
    """Equal wrong classes, and the 0 of the target class, share the gradient; infinite scores give no NaN."""
    z, t = pt.dmatrix("z"), pt.dmatrix("t")
    loss = categorical_hinge_loss(z, t)
    function = pytensor.function([z, t], [loss, pytensor.grad(loss.sum(), z)])
    inf = np.inf
    scores = np.array([[0, 0, 0], [0, 2, 2], [-inf, -inf, 0], [inf, 1, 1], [0.5, 0, -inf], [1, 1, -3]])
    targets = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [0.5, 0.5, 0]])
    value, gradient = function(scores, targets)
    np.testing.assert_array_equal(value, [1, 3, 1, 0, 0.5, 0.5])
    third, quarter = 1 / 3, 1 / 4
    expected = [[-1, third, third], [-1, 0.5, 0.5], [0, 0, -1], [0, 0, 0], [-1, 0.5, 0], [-quarter, -quarter, 0]]
    np.testing.assert_allclose(gradient, expected)


@pytest.mark.needs("torch")
def test_lists_of_class_indices():
    """The recipe in the notes of multilabel_margin_loss, with what follows the first -1 ignored."""
    import torch
    from torch.nn import functional

    z = np.random.default_rng(2).normal(size=(4, 3))
    lists, C = pt.as_tensor(np.array([[2, 0, -1], [1, -1, 0], [-1, 2, 1], [0, 1, 2]])), 3
    listed = (pt.cumsum(lists < 0, axis=1) < 1)[:, :, None]
    targets = pt.any(listed & pt.invert(pt.neq(lists[:, :, None], pt.arange(C))), axis=1)
    found = multilabel_margin_loss(z, targets).eval()
    expected = functional.multilabel_margin_loss(torch.tensor(z), torch.tensor(lists.data), reduction="none")
    np.testing.assert_allclose(found, expected)


def test_squared_one_vs_all():
    """The recipe in the docstring of one_vs_all_hinge_loss."""
    z, y = pt.dmatrix("z"), pt.lvector("y")
    outputs = [squared_hinge_loss(z, pt.eye(3)[y]), one_vs_all_hinge_loss(z, y)]
    squared, hinge = pytensor.function([z, y], outputs)(np.random.default_rng(3).normal(size=(4, 3)), [0, 1, 2, 1])
    np.testing.assert_allclose(squared, hinge**2)


@pytest.mark.parametrize(
    "loss", [multi_margin_loss, multiclass_perceptron_loss, one_vs_all_hinge_loss], ids=lambda loss: loss.__name__
)
@pytest.mark.parametrize("label", [-1, 3])
@pytest.mark.needs("jax")
def test_invalid_labels(loss, label):
    z = pt.dmatrix("z")
    with pytest.raises(IndexError, match=f"class label {label} at position"):
        loss(z, np.array([0, label])).eval({z: np.zeros((2, 3))})
    import jax

    assert jax
    value = loss(z, np.array([0, label]))
    value, gradient = pytensor.function([z], [value, pytensor.grad(value.sum(), z)], mode="JAX")(np.zeros((2, 3)))
    assert not np.isnan(value[0]).any() and np.isnan(value[1]).all()
    assert not np.isnan(gradient[0]).any() and np.isnan(gradient[1]).all()


MISUSE = [
    (lambda: multi_margin_loss(pt.matrix(), pt.lvector(), power=3), ValueError, "power must be 1 or 2, not 3"),
    (lambda: multi_margin_loss(pt.matrix(), pt.lvector(), power=pt.scalar()), ValueError, "power must be 1 or 2"),
    (lambda: multi_margin_loss(pt.matrix(), pt.lvector(), class_weights=2.0), TypeError, "class_weights must be"),
    (
        lambda: multi_margin_loss(np.zeros((2, 3)), [0, 1], class_weights=np.ones(2)),
        TypeError,
        "class_weights .2,. and classes .3,.",
    ),
    (lambda: multi_margin_loss(pt.matrix(), pt.vector()), TypeError, "class indices must be integers"),
    (lambda: multi_margin_loss(pt.matrix(), pt.lvector(), margin=pt.matrix()), TypeError, "rank mismatch.*margin"),
    (lambda: multilabel_margin_loss(pt.matrix(), pt.lvector()), TypeError, "rank mismatch.*multi-hot"),
    (lambda: multiclass_perceptron_loss(pt.vector(), pt.lmatrix()), TypeError, "rank mismatch"),
    (lambda: one_vs_all_hinge_loss(pt.matrix(), pt.lvector(), mask=pt.bmatrix() > 0), TypeError, "rank mismatch"),
    (lambda: squared_hinge_loss(pt.lvector(), pt.vector()), TypeError, "predictions must be floating-point"),
    (lambda: squared_hinge_loss(pt.matrix(), pt.vector()), TypeError, "rank mismatch"),
    (lambda: perceptron_loss(pt.matrix(), pt.vector()), TypeError, "rank mismatch"),
    (lambda: perceptron_loss(pt.vector(), pt.vector(), mask=pt.vector()), TypeError, "mask must be boolean"),
]


@pytest.mark.parametrize("call, error, message", MISUSE, ids=[row[2] for row in MISUSE])
def test_misuse(call, error, message):
    with pytest.raises(error, match=message):
        call()
