"""Hand-computed values and gradients at the edges: saturation, 0 log 0, infinities, ties and kinks."""

from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.special
from backends import parameter
from pytensor.compile.mode import Mode

import objectives
from objectives import (
    MistakeWarning,
    binary_crossentropy,
    binary_crossentropy_with_logits,
    binary_focal_crossentropy,
    binary_hinge_loss,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    categorical_focal_crossentropy,
    generalized_crossentropy,
    huber_loss,
    kl_divergence,
    multiclass_hinge_loss,
    squared_error,
)

inf, nan = np.inf, np.nan
LOG2 = np.log(2)
ABOVE_1, BELOW_0 = 1 + 2**-23, -(2.0**-30)


def sigmoid_crossentropy(z, t):
    return binary_crossentropy(pt.sigmoid(z), t)


def softmax_crossentropy(z, t):
    return categorical_crossentropy(pt.special.softmax(z, axis=-1), t)


def hinge(z, t):
    return binary_hinge_loss(z, t, log_odds=True)


def hinge_of_probability(p, t):
    return binary_hinge_loss(p, t, log_odds=False)


def unweighted_positive(p, t):
    return binary_crossentropy(p, t, pos_weight=0)


def huber_without_end(a, b):
    return huber_loss(a, b, delta=inf)


def all_smooth(z, t):
    return categorical_crossentropy_with_logits(z, t, label_smoothing=1)


# loss, predictions, targets, value, gradient of the sum
ELEMENTWISE = [
    (
        binary_crossentropy,
        [0.0, 1.0, 0.0, 1.0, 0.5],
        [0.0, 1.0, 1.0, 0.0, 0.5],
        [0, 0, inf, inf, LOG2],
        [1, -1, -inf, inf, 0],
    ),
    (
        binary_crossentropy_with_logits,
        [0.0, 0.0, 1e3, 1e3, -1e3],
        [0.0, 1.0, 0.0, 1.0, 1.0],
        [LOG2, LOG2, 1e3, 0, 1e3],
        [0.5, -0.5, 1, 0, -1],
    ),
    (binary_crossentropy_with_logits, [inf, -inf, inf, -inf], [1.0, 0.0, 0.0, 1.0], [0, 0, inf, inf], [0, 0, 1, -1]),
    # relative accuracy where the loss is small: no cancellation
    (
        binary_crossentropy_with_logits,
        [50.0, -50.0],
        [1.0, 0.0],
        [np.exp(-50), np.exp(-50)],
        [-np.exp(-50), np.exp(-50)],
    ),
    (sigmoid_crossentropy, [0.0, 1e3, -1e3], [1.0, 0.0, 1.0], [LOG2, 1e3, 1e3], [-0.5, 1, -1]),
    (
        hinge_of_probability,
        [1.0, 0.0, 0.0, 1.0, 0.5],
        [1.0, 0.0, 1.0, 0.0, 1.0],
        [0, 0, inf, inf, 1],
        [0, 0, -inf, inf, -4],
    ),
    (unweighted_positive, [0.0, 0.5, 1.0], [1.0, 0.0, 0.0], [0, LOG2, inf], [0, 2, inf]),
    (squared_error, [0.0, 1e200, inf], [0.0, 0.0, 0.0], [0, inf, inf], [0, 2e200, inf]),
    # what rounding has taken beyond 0 or 1
    (
        binary_crossentropy,
        [ABOVE_1, ABOVE_1, ABOVE_1, BELOW_0, BELOW_0],
        [1.0, 0.0, 0.5, 0.0, 1.0],
        [0, inf, inf, 0, inf],
        [-1, inf, inf, 1, -inf],
    ),
    (binary_focal_crossentropy, [ABOVE_1, BELOW_0], [1.0, 0.0], [0, 0], [0, 0]),
    (huber_without_end, [3.0, -2.0, 0.0, inf, 1e200], [0.0] * 5, [4.5, 2, 0, inf, inf], [3, -2, 0, inf, 1e200]),
    (huber_loss, [0.0, 1.0, -1.0, 1e200, inf, -inf], [0.0] * 6, [0, 0.5, 0.5, 1e200, inf, inf], [0, 1, -1, 1, 1, -1]),
    (hinge, [inf, -inf, 0.0], [1.0, 1.0, 0.0], [0, inf, 1], [0, -1, 1]),
]
ITEMWISE = [
    (categorical_crossentropy, [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]], [0, 2], [0, inf], [[-1, 0, 0], [0, 0, -inf]]),
    (categorical_crossentropy, [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.5, 0.5]], [0, inf], [[-1, 0], [-inf, -0.5]]),
    (categorical_crossentropy, [[ABOVE_1, BELOW_0]] * 2, [0, 1], [0, inf], [[-1, 0], [0, -inf]]),
    (categorical_crossentropy, [[ABOVE_1, BELOW_0]], [[1.0, 0.0]], [0], [[-1, 0]]),
    (generalized_crossentropy, [[ABOVE_1, BELOW_0]], [0], [0], [[-1, 0]]),
    (kl_divergence, [[ABOVE_1, BELOW_0]], [[1.0, 0.0]], [0], [[-1, 0]]),
    (categorical_crossentropy_with_logits, [[0.0, 1e3, 5.0]], [0], [1e3], [[-1, 1, 0]]),
    (categorical_crossentropy_with_logits, [[0.0, -inf, 0.0]], [[0.5, 0.0, 0.5]], [LOG2], [[0, 0, 0]]),
    (
        categorical_crossentropy_with_logits,
        [[0.0, -inf, 0.0], [0.0, -inf, 0.0]],
        [0, 1],
        [LOG2, inf],
        [[-0.5, 0, 0.5], [0.5, -1, 0.5]],
    ),
    (categorical_crossentropy_with_logits, [[1.0, 2.0]], [[0.0, 0.0]], [0], [[0, 0]]),
    (all_smooth, [[0.0, -inf], [0.0, 0.0]], [1, 0], [inf, LOG2], [[0.5, -0.5], [0, 0]]),
    (softmax_crossentropy, [[0.0, 1e3, 5.0]], [0], [1e3], [[-1, 1, 0]]),
    (softmax_crossentropy, [[0.0, 1e3, 5.0]], [[1.0, 0.0, 0.0]], [1e3], [[-1, 1, 0]]),
    # equal scores, as in a network of zeros: the competitors share one gradient
    (multiclass_hinge_loss, [[0.0, 0.0, 0.0, 0.0]], [0], [1], [[-1, 1 / 3, 1 / 3, 1 / 3]]),
    (multiclass_hinge_loss, [[5.0, -inf, 0.0]], [0], [0], [[0, 0, 0]]),
    (multiclass_hinge_loss, [[5.0], [2.0]], [0, 0], [0, 0], [[0], [0]]),
]
MODES = {
    "unrewritten": Mode(linker="py", optimizer=None),
    "FAST_COMPILE": "FAST_COMPILE",
    "NUMBA": "NUMBA",
    "CVM": "CVM",
}


@pytest.mark.parametrize("mode", [*MODES, parameter("JAX"), parameter("PYTORCH")])
def test_values_and_gradients(mode):
    """All rows by one compiled function, the predictions symbolic."""
    inputs, outputs, arrays = [], [], []
    for loss, predictions, targets, *_ in ELEMENTWISE + ITEMWISE:
        p = pt.vector() if np.ndim(predictions) == 1 else pt.matrix()
        value = loss(p, np.asarray(targets))
        inputs.append(p)
        arrays.append(np.asarray(predictions))
        outputs += [value, pytensor.grad(value.sum(), p)]
    results = iter(pytensor.function(inputs, outputs, mode=MODES.get(mode, mode))(*arrays))
    for loss, predictions, targets, value, gradient in ELEMENTWISE + ITEMWISE:
        row = f"{loss.__name__}({predictions}, {targets})"
        np.testing.assert_allclose(next(results), value, rtol=1e-12, atol=1e-300, err_msg=row)
        np.testing.assert_allclose(next(results), gradient, rtol=1e-12, atol=1e-300, err_msg=row)


def test_gradients_by_soft_targets():
    """The derivative by a target of 0 is -log p, not cut off by 0 log 0 = 0 (distillation learns targets)."""
    t = pt.dvector("t")
    p, z = np.array([0.2, 0.3, 0.5]), np.array([1.0, 2.0, 3.0])
    losses = [
        categorical_crossentropy(p, t),
        categorical_crossentropy_with_logits(z, t),
        binary_crossentropy(p, t).sum(),
        binary_crossentropy_with_logits(z, t).sum(),
    ]
    expected = [-np.log(p), np.log(np.exp(z).sum()) - z, np.log1p(-p) - np.log(p), -z]
    for loss, gradient in zip(losses, expected, strict=True):
        np.testing.assert_allclose(pytensor.grad(loss, t).eval({t: np.array([0.0, 1.0, 0.0])}), gradient, rtol=1e-12)


def test_probabilities_above_1_do_not_pass_for_small_losses():
    z = np.array([[3.0, 0.1, -2.0]])
    assert np.isnan(categorical_crossentropy(z, [0]).eval()).all()
    assert np.isnan(categorical_crossentropy(z, [2]).eval()).all()
    assert np.isnan(categorical_crossentropy(z, [[1.0, 0.0, 0.0]]).eval()).all()
    assert np.isnan(binary_crossentropy(z, 1).eval()[0, [0, 2]]).all()
    assert np.isnan(binary_crossentropy(z, 0).eval()[0, [0, 2]]).all()
    rounded = np.array([[1 + 1e-7, 0.0]])
    np.testing.assert_allclose(categorical_crossentropy(rounded, [0]).eval(), 0, atol=1e-6)


# What a probability may pass between the softmax or sigmoid and the loss.
MOVES = {
    "nothing": lambda p: (p, lambda y: y),
    "cast": lambda p: (p.astype("float64"), lambda y: y),
    "reshape": lambda p: (p.reshape((-1, 3)), lambda y: y),
    "reshape to more dimensions": lambda p: (p.reshape((2, 2, 3)), lambda y: y.reshape((2, 2))),
    "new axis": lambda p: (p[None], lambda y: y[None]),
    "rows": lambda p: (p[1:], lambda y: y[1:]),
    "every other row": lambda p: (p[::2], lambda y: y[::2]),
    "chosen rows": lambda p: (p[np.array([2, 0])], lambda y: y[np.array([2, 0])]),
    "static shape": lambda p: (pt.specify_shape(p, (4, 3)), lambda y: y),
    "twice": lambda p: (p.reshape((2, 2, 3)).dimshuffle(1, 0, 2).astype("float64"), lambda y: y.reshape((2, 2)).T),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_probability_forms_find_the_logits(move):
    """Loss and gradient at logits of +-1000, where the probabilities are 0 and 1."""
    z = pt.dmatrix("z")
    logits = np.array([[0, 1e3, 5], [1e3, 0, -1e3], [1, 2, 3], [0, 0, 0]], dtype=float)
    labels = np.array([0, 2, 1, 1])
    multiclass, y = move(pt.special.softmax(z, axis=-1))
    binary = move(pt.sigmoid(z))[0]
    targets = (np.arange(12).reshape(4, 3) % 2).astype(float)
    for loss, direct in (
        (categorical_crossentropy(multiclass, y(labels)), categorical_crossentropy_with_logits(move(z)[0], y(labels))),
        (
            binary_crossentropy(binary, move(pt.as_tensor(targets))[0]),
            binary_crossentropy_with_logits(*(move(v)[0] for v in (z, pt.as_tensor(targets)))),
        ),
        (
            binary_hinge_loss(binary, move(pt.as_tensor(targets))[0], log_odds=False),
            binary_hinge_loss(*(move(v)[0] for v in (z, pt.as_tensor(targets))), log_odds=True),
        ),
    ):
        found = pytensor.function([z], [loss, pytensor.grad(loss.sum(), z)], mode=MODES["unrewritten"])(logits)
        expected = pytensor.function([z], [direct, pytensor.grad(direct.sum(), z)], mode=MODES["unrewritten"])(logits)
        for a, b in zip(found, expected, strict=True):
            assert np.isfinite(a).all()
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_cast_does_not_cost_the_logits_their_differences():
    z = pt.tensor("z", shape=(None, None), dtype="float32")
    logits = np.array([[3000.0, 3001.0, 2999.0]], "float32")
    p = pt.special.softmax(z, axis=-1).astype("float16")
    loss = categorical_crossentropy(p, [0])
    assert loss.dtype == "float16"
    expected = np.log(np.exp(logits[0].astype("float64") - 3000).sum())
    np.testing.assert_allclose(loss.eval({z: logits}), [expected], rtol=1e-3)
    column = binary_crossentropy(pt.sigmoid(z).astype("float64"), 1)
    assert column.dtype == "float64"


def test_class_axis_moved_by_a_transposition():
    z = pt.dmatrix("z")
    loss = categorical_crossentropy(pt.special.softmax(z, axis=-1).T, [0], axis=0)
    assert loss.eval({z: [[0, 1e3, 5]]}) == 1e3
    loss = categorical_crossentropy(pt.special.softmax(z, axis=0), [0, 1], axis=0)
    np.testing.assert_array_equal(loss.eval({z: [[0, 1e3], [1e3, 0]]}), [1e3, 1e3])


def test_a_softmax_over_another_axis_is_taken_as_it_is():
    z = np.array([[0.0, 1.0], [2.0, 3.0]])
    with pytest.warns(MistakeWarning, match="softmax over axis 0"):
        loss = categorical_crossentropy(pt.special.softmax(pt.as_tensor(z), axis=0), [0, 1]).eval()
    p = np.exp(z) / np.exp(z).sum(axis=0)
    np.testing.assert_allclose(loss, -np.log(p[[0, 1], [0, 1]]))


def test_what_is_no_move_is_not_looked_through():
    z = pt.dmatrix("z")
    halved = pt.special.softmax(z, axis=-1) / 2
    np.testing.assert_allclose(categorical_crossentropy(halved, [0]).eval({z: [[0.0, 0.0]]}), np.log(4))
    updated = pt.set_subtensor(pt.special.softmax(z, axis=-1)[:, 0], 0.25)
    np.testing.assert_allclose(categorical_crossentropy(updated, [0]).eval({z: [[0.0, 0.0]]}), np.log(4))
    rounded = pt.special.softmax(z, axis=-1).astype("int64").astype("float64")
    np.testing.assert_allclose(categorical_crossentropy(rounded, [0]).eval({z: [[1e3, 0.0]]}), 0)


@pytest.mark.parametrize("move", [lambda p: p, lambda p: p.reshape((2, 3)), lambda p: p.dimshuffle(0, 1)])
def test_masked_logits_of_nan_under_a_softmax(move):
    z, mask = pt.dmatrix("z"), pt.vector("mask", dtype="bool")
    p = move(pt.special.softmax(pt.specify_shape(z, (2, 3)), axis=-1))
    loss = categorical_crossentropy(p, [0, 1], mask=mask)
    function = pytensor.function([z, mask], [loss, pytensor.grad(loss.sum(), z)], mode=MODES["unrewritten"])
    value, gradient = function([[1, 2, 3], [nan, inf, 0]], [True, False])
    assert value[1] == 0 and (gradient[1] == 0).all() and np.isfinite(value).all()


def last_softmax(z):
    return pt.special.softmax(z, axis=-1)


# What makes the probabilities, losses of them with all their options, and targets.
BINARY, LABELS = np.eye(3)[[1, 0, 2]], np.array([1, 0, 2])
OF_PROBABILITIES = {
    "binary": (pt.sigmoid, partial(binary_crossentropy, pos_weight=3.0, label_smoothing=0.2), BINARY),
    "binary focal": (pt.sigmoid, partial(binary_focal_crossentropy, gamma=1.5, alpha=0.3, label_smoothing=0.2), BINARY),
    "binary hinge": (pt.sigmoid, partial(binary_hinge_loss, delta=1.5, log_odds=False), BINARY),
    "categorical": (
        last_softmax,
        partial(categorical_crossentropy, class_weights=[1.0, 2.0, 3.0], label_smoothing=0.2),
        LABELS,
    ),
    "categorical focal": (
        last_softmax,
        partial(categorical_focal_crossentropy, gamma=1.5, alpha=[1.0, 2.0, 3.0]),
        LABELS,
    ),
    "generalized": (last_softmax, partial(generalized_crossentropy, power=0.4), LABELS),
    "divergence": (last_softmax, kl_divergence, BINARY),
}


@pytest.mark.parametrize(
    ("move", "masked"),
    [
        (lambda p: p, [nan, inf, 0.0]),
        # traced to the log-softmax, whose own gradient would be NaN at logits of NaN
        (lambda p: p[np.array([0, 1, 2])], [9.0, 1.0, 0.0]),
    ],
    ids=["whole", "chosen rows"],
)
@pytest.mark.parametrize(("activation", "loss", "targets"), OF_PROBABILITIES.values(), ids=OF_PROBABILITIES)
def test_options_and_masks_reach_the_logits(activation, loss, targets, move, masked):
    """Probabilities that are traced to their logits give what the same numbers give that cannot be."""
    z = pt.dmatrix("z")
    logits = np.array([[1.0, -2.0, 0.5], masked, [0.3, 2.0, -1.0]])
    mask = np.array([True, False, True])
    mask = mask if activation is last_softmax else mask[:, None]
    found = loss(move(activation(z)), targets, mask=mask)
    function = pytensor.function([z], [found, pytensor.grad(found.sum(), z)], mode=MODES["unrewritten"])
    value, gradient = function(logits)
    probabilities = scipy.special.expit if activation is pt.sigmoid else partial(scipy.special.softmax, axis=-1)
    expected = loss(probabilities(logits[::2]), targets[::2]).eval()
    np.testing.assert_allclose(value[::2], expected, rtol=1e-10)
    assert (value[1] == 0).all() and (gradient[1] == 0).all() and np.isfinite(gradient).all()


def test_top_k_follows_argmax_and_is_monotone():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 3, size=(200, 6)).astype(float)  # many ties
    labels = rng.integers(0, 6, size=200)
    hits = [objectives.categorical_accuracy(scores, labels, top_k=k).eval() for k in range(1, 7)]
    np.testing.assert_array_equal(hits[0], scores.argmax(-1) == labels)
    assert (np.diff(hits, axis=0) >= 0).all() and (hits[-1] == 1).all()
    every_label = np.arange(6)
    for k in range(1, 7):
        assert objectives.categorical_accuracy(np.zeros((6, 6)), every_label, top_k=k).sum().eval() == k


def test_nan_scores_are_never_right():
    scores = np.array([[nan, 1.0, 2.0], [nan, nan, nan], [0.0, nan, 2.0], [nan, 1.0, 2.0]])
    labels = np.array([0, 1, 2, 2])
    for k, expected in ((1, [0, 0, 0, 0]), (2, [0, 0, 1, 1]), (3, [0, 0, 1, 1])):
        for mode in ("FAST_COMPILE", "NUMBA"):
            np.testing.assert_array_equal(
                objectives.categorical_accuracy(scores, labels, top_k=k).eval(mode=mode), expected
            )
    np.testing.assert_array_equal(objectives.binary_accuracy([nan, nan], [0, 1]).eval(), [0, 0])
