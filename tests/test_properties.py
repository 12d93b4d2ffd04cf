"""Properties that hold for any shapes, values and masks, sought by hypothesis."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from objectives import (
    aggregate,
    aggregate_parts,
    binary_crossentropy_with_logits,
    binary_hinge_loss,
    categorical_accuracy,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    huber_loss,
    multiclass_hinge_loss,
    squared_error,
)

settings.register_profile("bounded", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("bounded")

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
EXTREMES = st.one_of(
    st.floats(-1e4, 1e4, width=32),
    st.sampled_from([0.0, -0.0, 1e-30, -1e-30, 88.8, -88.8, 710.0, -710.0, 1e30, -1e30]),
)


@st.composite
def scores_and_labels(draw, elements=EXTREMES):
    shape = draw(SHAPES)
    scores = draw(hnp.arrays("float64", shape, elements=elements))
    labels = draw(hnp.arrays("int64", shape[:1], elements=st.integers(0, shape[1] - 1)))
    return scores, labels, draw(hnp.arrays("bool", shape[:1]))


def compiled(build, *inputs):
    outputs = build(*inputs)
    return pytensor.function(inputs, outputs, on_unused_input="ignore")


z, y, m = pt.dmatrix("z"), pt.lvector("y"), pt.vector("m", dtype="bool")
t, mm = pt.dmatrix("t"), pt.matrix("mm", dtype="bool")
ITEMWISE = {
    "crossentropy": categorical_crossentropy_with_logits,
    "hinge": multiclass_hinge_loss,
    "softmax crossentropy": lambda z, y, **k: categorical_crossentropy(pt.special.softmax(z, axis=-1), y, **k),
}
ELEMENTWISE = {
    "binary crossentropy": binary_crossentropy_with_logits,
    "squared error": squared_error,
    "huber": huber_loss,
    "hinge": lambda *a, **k: binary_hinge_loss(*a, log_odds=True, **k),
}


def with_gradient(loss):
    return lambda z, t, m: [loss(z, t, mask=m), pytensor.grad(loss(z, t, mask=m).sum(), z)]


@pytest.mark.parametrize("loss", ITEMWISE.values(), ids=ITEMWISE)
def test_itemwise_losses(loss):
    function = compiled(with_gradient(loss), z, y, m)

    @given(scores_and_labels())
    def check(drawn):
        scores, labels, mask = drawn
        value, gradient = function(scores, labels, mask)
        everything = np.ones_like(mask)
        assert np.isfinite(value).all() and (value >= 0).all()
        assert np.isfinite(gradient).all() and (np.abs(gradient) <= 1 + 1e-12).all()
        np.testing.assert_allclose(
            gradient.sum(axis=-1), 0, atol=1e-12
        )  # a constant added to all scores changes nothing
        np.testing.assert_array_equal(value, np.where(mask, function(scores, labels, everything)[0], 0))
        if len(labels) > 1:  # items are independent of each other
            np.testing.assert_array_equal(function(scores[1:], labels[1:], mask[1:])[0], value[1:])

    check()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_losses(name):
    function = compiled(with_gradient(ELEMENTWISE[name]), z, t, mm)
    shares = st.sampled_from([0.0, 1.0]) if name == "hinge" else st.floats(0, 1)

    @given(st.data())
    def check(data):
        shape = data.draw(SHAPES)
        predictions = data.draw(hnp.arrays("float64", shape, elements=EXTREMES))
        targets = data.draw(hnp.arrays("float64", shape, elements=shares))
        mask = data.draw(hnp.arrays("bool", shape))
        value, gradient = function(predictions, targets, mask)
        assert np.isfinite(value).all() and (value >= 0).all() and np.isfinite(gradient).all()
        assert (value[~mask] == 0).all() and (gradient[~mask] == 0).all()
        reversed_value, _ = function(predictions[::-1], targets[::-1], mask[::-1])
        np.testing.assert_array_equal(reversed_value[::-1], value)

    check()


def test_accuracy_is_membership_in_a_stable_descending_sort():
    scores_of = pt.dmatrix()
    functions = {k: compiled(lambda s, y, k=k: categorical_accuracy(s, y, top_k=k), scores_of, y) for k in range(1, 7)}

    @given(scores_and_labels(elements=st.sampled_from([0.0, -0.0, 1.0, 2.0, np.inf, -np.inf])), st.integers(1, 6))
    def check(drawn, k):
        scores, labels, _ = drawn
        best = np.argsort(-scores, axis=-1, kind="stable")[:, :k]
        np.testing.assert_array_equal(functions[k](scores, labels), (best == labels[:, None]).any(axis=-1))

    check()


def test_aggregates_are_weighted_means_and_parts_add_up():
    loss, w = pt.dvector("loss"), pt.dvector("w")
    function = compiled(
        lambda loss, w, m: [
            aggregate(loss, w, mode="normalized_sum", mask=m),
            *aggregate_parts(loss, w, mode="normalized_sum", mask=m),
        ],
        loss,
        w,
        m,
    )

    @given(st.data())
    def check(data):
        n = data.draw(st.integers(0, 12))
        losses = data.draw(hnp.arrays("float64", n, elements=st.floats(-1e3, 1e3)))
        weights = data.draw(hnp.arrays("float64", n, elements=st.integers(0, 9).map(float)))
        mask = data.draw(hnp.arrays("bool", n))
        split = data.draw(st.integers(0, n))
        whole, *_ = function(losses, weights, mask)
        numerator, denominator = sum(
            np.array(function(losses[part], weights[part], mask[part])[1:]) for part in (slice(split), slice(split, n))
        )
        expected = np.average(losses[mask], weights=weights[mask]) if weights[mask].sum() else 0
        np.testing.assert_allclose(whole, expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(numerator / denominator if denominator else 0, expected, rtol=1e-9, atol=1e-9)

    check()
