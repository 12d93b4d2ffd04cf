"""The crossentropy of a layer's logits becomes that of the layer where the user asks for it, and only there."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

from objectives import aggregate, categorical_crossentropy_with_logits, linear_crossentropy
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.linear import LinearCrossentropy, LinearCrossentropyGradient

PLAIN = Mode("py", "fast_run")
OURS = SoftmaxCrossentropy, LinearCrossentropy, LinearCrossentropyGradient
W, b = pt.matrix("W"), pt.vector("b")


def of_layer(ndim, *, transposed=False, biases=False, **options):
    """(inputs, arrays, logits, loss) of a layer."""
    rng = np.random.default_rng(ndim)
    h, y = pt.tensor(shape=(None,) * ndim), pt.tensor(shape=(None,) * (ndim - 1), dtype="int64")
    mask = pt.tensor(shape=(None,) * (ndim - 1), dtype="bool")
    items = (4, 3, 2)[: ndim - 1]
    arrays = [rng.normal(size=(*items, 5)), rng.normal(size=(6, 5) if transposed else (5, 6)), rng.normal(size=6)]
    arrays += [rng.integers(0, 6, items), rng.random(items) < 0.7]
    logits = h @ (W.T if transposed else W) + (b if biases else 0)
    losses = categorical_crossentropy_with_logits(logits, y, mask=mask, label_smoothing=0.1, **options)
    return [h, W, b, y, mask], arrays, logits, aggregate(losses, mask=mask)


def compiled(inputs, outputs, mode):
    function = pytensor.function(inputs, outputs, mode=mode, on_unused_input="ignore")
    return function, [type(node.op) for node in function.maker.fgraph.toposort() if isinstance(node.op, OURS)]


@pytest.mark.parametrize("ndim", [2, 3, 4])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("biases", [False, True])
def test_loss_and_gradients_become_one_op(ndim, transposed, biases):
    inputs, arrays, _, loss = of_layer(ndim, transposed=transposed, biases=biases)
    outputs = [loss, *pytensor.grad(loss, inputs[: 2 + biases])]
    asked, ops = compiled(inputs, outputs, PLAIN.including("linear_crossentropy"))
    plain, _ = compiled(inputs, outputs, PLAIN)
    assert ops == [LinearCrossentropyGradient]
    for found, expected in zip(asked(*arrays), plain(*arrays), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


PENALTIES = {"logit_softcap": 2.0, "z_loss": 0.1, "class_weights": np.linspace(0.5, 2, 6)}


@pytest.mark.parametrize("names", [["class_weights"], ["logit_softcap"], ["z_loss"], list(PENALTIES)])
def test_every_option_of_the_loss(names):
    inputs, arrays, _, loss = of_layer(3, biases=True, **{name: PENALTIES[name] for name in names})
    outputs = [loss, *pytensor.grad(loss, inputs[:3])]
    asked, ops = compiled(inputs, outputs, PLAIN.including("linear_crossentropy"))
    plain, unasked = compiled(inputs, outputs, PLAIN)
    assert ops == [LinearCrossentropyGradient]
    assert LinearCrossentropyGradient not in unasked
    for found, expected in zip(asked(*arrays), plain(*arrays), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("mask", [None, pt.vector("mask", dtype="bool")])
def test_a_mean_does_not_wait_for_the_loss(mask):
    h, y = pt.matrix("h"), pt.lvector("y")
    loss = aggregate(linear_crossentropy(h, W, y, mask=mask), mask=mask)
    inputs = [h, W, y, *([] if mask is None else [mask])]
    assert compiled(inputs, [loss, *pytensor.grad(loss, [h, W])], PLAIN)[1] == [LinearCrossentropyGradient]


def test_the_loss_alone():
    inputs, _, _, loss = of_layer(2)
    assert compiled(inputs, loss, PLAIN.including("linear_crossentropy"))[1] == [LinearCrossentropy]


def test_nobody_asks():
    inputs, _, _, loss = of_layer(2)
    assert compiled(inputs, loss, PLAIN)[1] == [SoftmaxCrossentropy]


def test_logits_that_are_read_elsewhere_stay():
    inputs, _, logits, loss = of_layer(2)
    asked = PLAIN.including("linear_crossentropy")
    assert compiled(inputs, [loss, logits.argmax(axis=-1)], asked)[1] == [SoftmaxCrossentropy]
    assert LinearCrossentropy not in compiled(inputs, [loss, pytensor.grad(loss, logits)], asked)[1]


def test_dense_targets_stay():
    h, t = pt.matrix("h"), pt.matrix("t")
    loss = categorical_crossentropy_with_logits(h @ W, t).mean()
    assert compiled([h, W, t], loss, PLAIN.including("linear_crossentropy"))[1] == [SoftmaxCrossentropy]


@pytest.mark.parametrize(("features", "weights"), [("int64", "float64"), ("float32", "float64")])
def test_layers_of_two_dtypes_stay(features, weights):
    h, w, y = pt.matrix("h", dtype=features), pt.matrix("w", dtype=weights), pt.lvector("y")
    loss = categorical_crossentropy_with_logits(h @ w, y).sum()
    outputs = [loss, pytensor.grad(loss, w)]
    assert LinearCrossentropyGradient not in compiled([h, w, y], outputs, PLAIN.including("linear_crossentropy"))[1]


def test_one_bias_for_all_classes_stays():
    h, y, bias = pt.matrix("h"), pt.lvector("y"), pt.tensor("bias", shape=(1,))
    loss = categorical_crossentropy_with_logits(h @ W + bias, y).sum()
    assert compiled([h, W, bias, y], loss, PLAIN.including("linear_crossentropy"))[1] == [SoftmaxCrossentropy]
