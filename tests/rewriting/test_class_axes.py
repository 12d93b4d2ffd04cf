"""Losses over a class axis that is not the last are computed in place, on Numba and on C, with the same numbers."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import get_mode
from pytensor.graph.fg import FunctionGraph
from rewriting.test_row_loops import ON_EACH, is_loop

import objectives
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.labels import IsClass, LabelError
from objectives.rewriting.class_axes import permutation

X, LABELS, DENSE, MASK = pt.ftensor4(), pt.ltensor3(), pt.ftensor4(), pt.tensor3(dtype=bool)
WEIGHTS = np.array([0.5, 2, 1, 0.1, 3], "float32")
OPTIONS = [
    {},
    {"mask": MASK},
    {"class_weights": WEIGHTS, "label_smoothing": 0.1, "mask": MASK},
    {"logit_softcap": 3.0, "z_loss": 0.01},
]


def crossentropy(x, targets, **options):
    return objectives.categorical_crossentropy_with_logits(x, targets, **options)


SOFTMAX = ("categorical_crossentropy", "generalized_crossentropy", "brier_score")
LOGITS = ("categorical_focal_crossentropy_with_logits", "poly_loss", "multiclass_hinge_loss", "one_vs_all_hinge_loss")


def loss_of(name):
    loss = getattr(objectives, name)
    return loss if name in LOGITS else lambda x, t, axis: loss(pt.special.softmax(x, axis=axis), t, axis=axis)


def values(shape=(3, 5, 6, 7)):
    rng = np.random.default_rng(0)
    n, c, *pixels = shape
    dense = rng.random(shape)
    return [
        rng.normal(size=shape, scale=3).astype("float32"),
        rng.integers(c, size=(n, *pixels)),
        (dense / dense.sum(axis=1, keepdims=True)).astype("float32"),
        rng.random((n, *pixels)) < 0.6,
    ]


def moved(loss, targets):
    """The mean and its gradient, over axis 1 in place; and over the last axis of a copy, which the user has moved."""
    results = []
    for axis, x, t in [(1, X, targets), (-1, *(v.transpose(0, 2, 3, 1) if v.ndim == 4 else v for v in (X, targets)))]:
        if axis == -1:
            x = x.copy()
        value = objectives.aggregate(loss(x, t, axis=axis))
        results.append([value, pytensor.grad(value, X)])
    return results


@ON_EACH
@pytest.mark.parametrize("targets", [LABELS, DENSE], ids=["labels", "dense"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "plain")
def test_crossentropy(backend, targets, options):
    """Against NumPy in float64, with logits of any size, and with masked ones of any value."""
    inputs = [X, LABELS, DENSE, MASK]
    mask = {"mask": MASK} if "mask" in options else {}
    value = objectives.aggregate(crossentropy(X, targets, axis=1, **options), **mask)
    function = pytensor.function(inputs, [value, pytensor.grad(value, X)], mode=backend, on_unused_input="ignore")
    nodes = function.maker.fgraph.toposort()
    assert any(map(is_loop, nodes))
    assert not any(permutation(node.outputs[0]) for node in nodes)
    for shape in [(3, 5, 6, 7), (2, 5, 1, 3), (1, 5, 40, 41), (0, 5, 2, 2)]:
        x, labels, dense, mask = values(shape)
        if "mask" in options:
            x[~np.broadcast_to(mask[:, None], x.shape)] = np.nan
        result, gradient = function(x, labels, dense, mask)
        expected, expected_gradient = reference(x, labels if targets is LABELS else dense, mask, options)
        np.testing.assert_allclose(result, expected, rtol=2e-5)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=2e-4, atol=1e-8)


def reference(x, targets, mask, options):
    """The mean loss in PyTorch's spelling, by NumPy in float64, and its gradient by closed form."""
    counts = mask if "mask" in options else np.ones_like(mask)
    x = np.where(counts[:, None], x, 0).astype("float64")
    cap = options.get("logit_softcap", np.inf)
    z = x if cap == np.inf else cap * np.tanh(x / cap)
    t = targets if targets.ndim == 4 else np.moveaxis(np.eye(x.shape[1])[targets], -1, 1)
    smoothing = options.get("label_smoothing", 0)
    t = (t * (1 - smoothing) + smoothing / x.shape[1]) * options.get("class_weights", np.ones(5))[:, None, None]
    partition = np.log(np.exp(z).sum(axis=1, keepdims=True))
    losses = (t * (partition - z)).sum(axis=1) + options.get("z_loss", 0) * partition[:, 0] ** 2
    factor = t.sum(axis=1, keepdims=True) + 2 * options.get("z_loss", 0) * partition
    gradient = (factor * np.exp(z - partition) - t) * (1 if cap == np.inf else 1 - (z / cap) ** 2)
    number = max(counts.sum(), 1)
    return (losses * counts).sum() / number, gradient * counts[:, None] / number


@ON_EACH
@pytest.mark.parametrize("name", [*SOFTMAX, *LOGITS])
def test_other_losses(name, backend):
    """As over the last axis."""
    inputs = [X, LABELS]
    for outputs in zip(*moved(loss_of(name), LABELS), strict=True):
        function = pytensor.function(inputs, outputs, mode=backend)
        result, expected = function(*values()[:2])
        np.testing.assert_allclose(result, expected, rtol=2e-5, atol=1e-8)


@ON_EACH
@pytest.mark.parametrize("label", [-1, 5])
@pytest.mark.parametrize("loss", [crossentropy, objectives.dice_loss])
def test_labels_are_checked(loss, label, backend):
    function = pytensor.function([X, LABELS], loss(X, LABELS, axis=1), mode=backend)
    assert not any(isinstance(node.op, IsClass) for node in function.maker.fgraph.apply_nodes)
    x, labels, *_ = values()
    labels[1, 2, 3] = label
    with pytest.raises(LabelError, match=rf"class label {label} at position \(1, 2, 3\)"):
        function(x, labels)


@ON_EACH
def test_no_classes_are_refused(backend):
    function = pytensor.function([X, DENSE], crossentropy(X, DENSE, axis=1), mode=backend)
    with pytest.raises(ValueError, match="axis of length 0"):
        function(*np.zeros((2, 2, 0, 5, 3), "float32"))


@pytest.mark.parametrize(("order", "backend"), [((1, 0, 2, 3), "NUMBA"), ((0, 2, 3, 1), "JAX")])
def test_kernels_stay(order, backend):
    """Where the last axis is that of the classes, and where a backend has no such loops."""
    fgraph = FunctionGraph([X, LABELS], [crossentropy(X.transpose(order), LABELS)])
    get_mode(backend).optimizer.rewrite(fgraph)
    assert any(isinstance(node.op, SoftmaxCrossentropy) for node in fgraph.apply_nodes)
