"""Overlap losses: values worked out by hand, axes and masks, and errors of other libraries."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from lazy import optax
from scipy.special import expit, logit

from objectives import aggregate, categorical_crossentropy_with_logits
from objectives.losses.overlap import dice_loss, generalized_dice_loss, iou_loss, tversky_loss

LOSSES = [dice_loss, generalized_dice_loss, iou_loss, tversky_loss]
each_loss = pytest.mark.parametrize("loss", LOSSES)
rng = np.random.default_rng(7)
PREDICTIONS = rng.dirichlet(np.ones(3), size=(2, 4, 5))
LABELS = rng.integers(0, 3, size=(2, 4, 5))
ONE_HOT = np.eye(3)[LABELS]


def values(*losses):
    return pytensor.function([], list(losses))()


def with_gradients(build, *arrays):
    inputs = [pt.tensor(shape=(None,) * np.ndim(a), dtype=np.asarray(a).dtype) for a in arrays]
    loss = build(*inputs)
    outputs = [loss, *pytensor.grad(loss.sum(), [v for v in inputs if v.dtype.startswith("float")])]
    return pytensor.function(inputs, outputs)(*arrays)


def test_by_hand():
    p, t = np.array([[[0.5], [1.0], [0.25], [0.0]]]), np.array([[[1.0], [1.0], [0.0], [0.0]]])
    # I = 1.5, P = 1.75, T = 2; false positives 0.25, false negatives 0.5
    dice, smoothed, iou, tversky, swapped, even, generalized = values(
        dice_loss(p, t, smooth=0),
        dice_loss(p, t),
        iou_loss(p, t),
        tversky_loss(p, t, alpha=0.2, beta=0.8, smooth=0),
        tversky_loss(p, t, alpha=0.8, beta=0.2, smooth=0),
        tversky_loss(p, t, smooth=0),
        generalized_dice_loss(p, t),
    )
    assert dice.shape == (1, 1) and generalized.shape == (1,)
    np.testing.assert_allclose(dice, 1 - 3 / 3.75)
    np.testing.assert_allclose(smoothed, 1 - (3 + 2) / (3.75 + 2))
    np.testing.assert_allclose(iou, 1 - (1.5 + 1) / (2.25 + 1))
    np.testing.assert_allclose(tversky, 0.45 / 1.95, err_msg="alpha weighs false positives")
    np.testing.assert_allclose(swapped, 0.30 / 1.80)
    np.testing.assert_allclose(even, 0.375 / 1.875, err_msg="without alpha and beta both weigh one half")
    np.testing.assert_allclose(generalized, 1 - 3 / 3.75, err_msg="one class has no weights")


def test_gradient_by_hand():
    """d/dp of 1 - 2I / (P + T) = -2 t / (P + T) + 2 I / (P + T)^2."""
    p, t = np.array([[[0.5], [1.0], [0.25]]]), np.array([[[1.0], [1.0], [0.0]]])
    _, gradient, _ = with_gradients(lambda p, t: dice_loss(p, t, smooth=0), p, t)
    np.testing.assert_allclose(gradient[0, :, 0], -2 * t[0, :, 0] / 3.75 + 3 / 3.75**2)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("smooth", [0.0, 1.0])
def test_empty_classes(loss, smooth):
    """Without targets and predictions the loss is 0, without smoothing its gradient too. In Keras it is 1."""
    nothing = np.zeros((2, 3, 2))
    value, *gradients = with_gradients(lambda p, t: loss(p, t, smooth=smooth), nothing, nothing)
    assert (value == 0).all() and all(np.isfinite(g).all() for g in gradients)
    assert smooth or all((g == 0).all() for g in gradients)
    found = np.full((1, 3, 2), 0.5)
    value, *gradients = with_gradients(lambda p, t: loss(p, t, smooth=smooth), found, 0 * found)
    assert (value == 1).all() if smooth == 0 else ((value > 0) & (value < 1)).all()
    assert all(np.isfinite(g).all() for g in gradients)


@each_loss
def test_perfect_and_entirely_wrong(loss):
    perfect, wrong = values(loss(ONE_HOT, LABELS), loss(np.roll(ONE_HOT, 1, axis=-1), LABELS, smooth=0))
    np.testing.assert_array_equal(perfect, 0)
    np.testing.assert_array_equal(wrong, 1)


@each_loss
def test_small_losses_keep_their_digits(loss):
    """1 minus a ratio close to 1 would be 0 in float32."""
    p = np.where(ONE_HOT > 0, 1, 1e-12).astype("float32")
    (value,) = values(loss(p, LABELS, smooth=0))
    assert (value > 0).all() and (value < 1e-10).all()


@each_loss
def test_labels_are_one_hot_targets(loss):
    by_label, one_hot = values(loss(PREDICTIONS, LABELS.astype("uint8")), loss(PREDICTIONS, ONE_HOT))
    np.testing.assert_array_equal(by_label, one_hot)


@each_loss
def test_masked_pixels_are_in_no_sum(loss):
    """As if the image were smaller; an image without pixels has a loss and a gradient of 0."""
    mask = np.zeros((2, 4, 5), bool)
    mask[0, :3] = True
    p, t = np.where(mask[..., None], PREDICTIONS, np.nan), np.where(mask, LABELS, -100)
    value, gradient = with_gradients(lambda p, t: loss(p, t, mask=mask), p, t)
    smaller, smaller_gradient = with_gradients(loss, PREDICTIONS[:1, :3], LABELS[:1, :3])
    np.testing.assert_allclose(value[0], smaller[0], rtol=1e-12)
    np.testing.assert_allclose(gradient[:1, :3], smaller_gradient, rtol=1e-12)
    assert (value[1] == 0).all() and (gradient[~mask] == 0).all()


@each_loss
def test_items_do_not_depend_on_each_other(loss):
    both, first = values(loss(PREDICTIONS, LABELS), loss(PREDICTIONS[:1], LABELS[:1]))
    np.testing.assert_allclose(both[0], first[0], rtol=1e-12)


def test_pixel_axes():
    image, batch, rows, flat = values(
        dice_loss(PREDICTIONS[0], LABELS[0], pixel_axes=(0, 1)),
        dice_loss(PREDICTIONS, LABELS, pixel_axes=(0, 1, -2)),
        dice_loss(PREDICTIONS, LABELS, pixel_axes=2),
        dice_loss(PREDICTIONS.reshape(40, 3), LABELS.ravel(), pixel_axes=0),
    )
    assert image.shape == batch.shape == (3,) and rows.shape == (2, 4, 3)
    np.testing.assert_allclose(batch, flat, rtol=1e-12)
    np.testing.assert_allclose(image, dice_loss(PREDICTIONS[:1], LABELS[:1]).eval()[0], rtol=1e-12)


def test_channels_first_by_numpy():
    p, t = np.moveaxis(PREDICTIONS, -1, 1), np.moveaxis(ONE_HOT, -1, 1)
    expected = 1 - (2 * (p * t).sum((2, 3)) + 2) / ((p + t).sum((2, 3)) + 2)
    for value in values(dice_loss(p, t, axis=1), dice_loss(p, LABELS, axis=1), dice_loss(p, t, axis=-3)):
        np.testing.assert_allclose(value, expected, rtol=1e-12)


@each_loss
def test_channels_first(loss):
    """The same numbers as with channels last, also with a mask and with named pixel axes."""
    p, t, mask = np.moveaxis(PREDICTIONS, -1, 1), np.moveaxis(ONE_HOT, -1, 1), LABELS != 1
    found = values(
        loss(p, t, axis=1),
        loss(p, LABELS, axis=1, mask=mask),
        loss(p, t, axis=1, pixel_axes=(0, 2, -1)),
        loss(p, t, axis=1, pixel_axes=3),
        loss(p[0], t[0], axis=0),
    )
    expected = values(
        loss(PREDICTIONS, ONE_HOT),
        loss(PREDICTIONS, LABELS, mask=mask),
        loss(PREDICTIONS, ONE_HOT, pixel_axes=(0, 1, 2)),
        loss(PREDICTIONS, ONE_HOT, pixel_axes=2),
        loss(PREDICTIONS[0], ONE_HOT[0], pixel_axes=(0, 1)),
    )
    for value, desired in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, desired, rtol=1e-12)
    _, gradient = with_gradients(lambda p: loss(p, LABELS, axis=1), p)
    _, desired = with_gradients(lambda p: loss(p, LABELS), PREDICTIONS)
    np.testing.assert_allclose(gradient, np.moveaxis(desired, -1, 1), rtol=1e-12)


def test_generalized_weights():
    """Two pixels of class 0, one of class 1, none of class 2, whose weight is that of class 1."""
    p = np.array([[[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.25, 0.5, 0.25]]])
    t = np.array([[0, 0, 1]])
    square, simple, uniform = values(
        *(generalized_dice_loss(p, t, class_weighting=w) for w in ("square", "simple", "uniform"))
    )
    hits, both = np.array([1.5, 0.5, 0.0]), np.array([3.75, 1.75, 0.5])
    for value, w in ((square, [0.25, 1, 1]), (simple, [0.5, 1, 1]), (uniform, [1, 1, 1])):
        np.testing.assert_allclose(value, 1 - 2 * hits @ w / (both @ w))


def test_generalized_dice_of_vanishing_soft_targets():
    """The square of a small number must not overflow in float32."""
    t = np.array([[[1.0, 1e-30], [1.0, 1e-30]]], dtype="float32")
    for array in with_gradients(generalized_dice_loss, np.full_like(t, 0.5), t):
        assert np.isfinite(array).all()


def test_float16_sums_of_large_images():
    p = np.full((1, 300, 300, 1), 0.5, dtype="float16")
    value, gradient, _ = with_gradients(dice_loss, p, np.ones_like(p))
    np.testing.assert_allclose(value, 1 / 3, rtol=1e-3)
    assert value.dtype == "float16" and np.isfinite(gradient).all()


@each_loss
def test_logits_are_not_probabilities(loss):
    (value,) = values(loss(logit(PREDICTIONS), LABELS))
    assert np.isnan(value).all()


@pytest.mark.needs("jax")
def test_invalid_labels():
    bad = LABELS.copy()
    bad[1, 2, 3] = 3
    with pytest.raises(IndexError, match="class label 3"):
        values(dice_loss(PREDICTIONS, bad))
    p = pt.tensor4("p")
    loss = dice_loss(p, bad)
    value, gradient = pytensor.function([p], [loss, pytensor.grad(loss.sum(), p)], mode="JAX")(PREDICTIONS)
    assert np.isfinite(value[0]).all() and np.isnan(value[1]).all()
    assert np.isfinite(gradient[0]).all() and np.isnan(gradient[1]).all()


@pytest.mark.needs("jax", "optax")
def test_optax_agrees():
    """Its predictions are logits, and it averages classes."""
    logits, weights = np.log(PREDICTIONS), np.array([0.5, 2.0, 1.0])
    found = values(
        aggregate(dice_loss(PREDICTIONS, ONE_HOT), axis=-1),
        aggregate(dice_loss(PREDICTIONS, ONE_HOT, smooth=0.1)[..., 1:], axis=-1),
        aggregate(tversky_loss(PREDICTIONS, ONE_HOT, alpha=0.3, beta=0.7), weights[None, :], axis=-1),
        dice_loss(PREDICTIONS[..., :1], ONE_HOT[..., :1])[..., 0],
    )
    expected = [
        optax.losses.dice_loss(logits, ONE_HOT),
        optax.losses.dice_loss(logits, ONE_HOT, smooth=0.1, ignore_background=True),
        optax.losses.dice_loss(logits, ONE_HOT, alpha=0.3, beta=0.7, class_weights=weights),
        optax.losses.binary_dice_loss(logit(PREDICTIONS[..., :1]), ONE_HOT[..., :1]),
    ]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.needs("jax", "optax")
def test_generalized_dice_of_optax_is_a_recipe_and_not_sudres():
    per_class = ONE_HOT.sum(axis=(0, 1, 2))
    weights = 1 / (per_class**2 + 1e-7)
    weights *= len(weights) / weights.sum()
    recipe, sudre = values(
        aggregate(dice_loss(PREDICTIONS, LABELS), weights[None, :]), generalized_dice_loss(PREDICTIONS, LABELS)
    )
    theirs = optax.losses.multiclass_generalized_dice_loss(np.log(PREDICTIONS), ONE_HOT)
    np.testing.assert_allclose(recipe, theirs, rtol=1e-5)
    assert abs(sudre.mean() - theirs) > 0.01


@pytest.mark.needs("keras")
def test_keras_agrees():
    """Apart from the exchange of alpha and beta, and if told not to sum over the batch."""
    import keras

    p, t = PREDICTIONS.astype("float32"), ONE_HOT.astype("float32")
    dice, tversky = values(dice_loss(p, t, smooth=0), tversky_loss(p, t, alpha=0.3, beta=0.7, smooth=0))
    np.testing.assert_allclose(dice, keras.losses.dice(t, p, axis=(1, 2)), rtol=1e-4)
    exchanged = tuple(int(v) for v in keras.__version__.split(".")[:2]) < (3, 16)
    alpha, beta = (0.7, 0.3) if exchanged else (0.3, 0.7)
    np.testing.assert_allclose(tversky, keras.losses.tversky(t, p, alpha=alpha, beta=beta, axis=(1, 2)), rtol=1e-4)


def test_binary_segmentation_is_a_recipe():
    """Also for images one pixel wide, which Optax mistakes for ones with a class axis."""
    scores, t = rng.normal(size=(2, 4, 1)), rng.integers(0, 2, size=(2, 4, 1))
    p = expit(scores)
    (loss,) = values(dice_loss(p[..., None], t[..., None])[..., 0])
    np.testing.assert_allclose(loss, 1 - (2 * (p * t).sum((1, 2)) + 2) / ((p + t).sum((1, 2)) + 2))


@pytest.mark.needs("torch")
def test_weak_crossentropy_is_a_recipe():
    """TFLearn's weak_cross_entropy_2d, with soft targets or a map of labels."""
    import torch

    scores, soft, w = rng.normal(size=(2, 4, 5, 3)), rng.dirichlet(np.ones(3), size=(2, 4, 5)), np.array([0.5, 2, 1.0])
    found = values(
        aggregate(categorical_crossentropy_with_logits(scores, soft, class_weights=w)),
        aggregate(categorical_crossentropy_with_logits(scores, LABELS, class_weights=w)),
    )
    for ours, targets in zip(found, (soft, ONE_HOT), strict=True):
        theirs = torch.nn.functional.cross_entropy(
            torch.as_tensor(scores).movedim(-1, 1),
            torch.as_tensor(targets).movedim(-1, 1),
            weight=torch.as_tensor(w),
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


@each_loss
def test_misuse(loss):
    p = pt.tensor4("p")
    with pytest.raises(TypeError, match="rank mismatch"):
        loss(p, pt.matrix())
    with pytest.raises(TypeError, match="class indices must be integers"):
        loss(p, pt.tensor3())
    with pytest.raises(TypeError, match="predictions must be floating-point"):
        loss(pt.ltensor4(), pt.ltensor3())
    with pytest.raises(TypeError, match=r"no pixel axes besides the first axis.*pixel_axes=0"):
        loss(pt.matrix(), pt.lvector())
    with pytest.raises(ValueError, match="pixel_axes=-1 names the class axis, axis=-1"):
        loss(p, pt.tensor4(), pixel_axes=-1)
    with pytest.raises(ValueError, match=r"pixel_axes=\(1, 2\) names the class axis, axis=1"):
        loss(p, pt.tensor4(), axis=1, pixel_axes=(1, 2))
    with pytest.raises(TypeError, match=r"axis must be an integer, the class axis, .*pixel_axes=\(1, 2\)"):
        loss(p, pt.tensor4(), axis=(1, 2))
    with pytest.raises(TypeError, match="axis must be an integer, the class axis, not None"):
        loss(p, pt.tensor4(), axis=None)
    with pytest.raises(ValueError, match="axis 4 is out of bounds"):
        loss(p, pt.tensor4(), axis=4)
    with pytest.raises(ValueError, match="smooth must be at least 0, not -1"):
        loss(p, pt.tensor4(), smooth=-1)
    with pytest.raises(TypeError, match="mask must be boolean"):
        loss(p, pt.tensor4(), mask=pt.tensor3())


def test_wrong_options():
    p, t = pt.tensor4(), pt.tensor4()
    for name in ("alpha", "beta"):
        with pytest.raises(ValueError, match=f"{name} must be at least 0, not -0.5"):
            tversky_loss(p, t, **{name: -0.5})
    with pytest.raises(
        ValueError, match="class_weighting must be one of 'square', 'simple' or 'uniform', not 'linear'"
    ):
        generalized_dice_loss(p, t, class_weighting="linear")
