"""Losses of two classes, and the expressions that replace losses of other libraries."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import parameter

from objectives import (
    aggregate,
    binary_crossentropy,
    binary_crossentropy_with_logits,
    binary_focal_crossentropy,
    binary_focal_crossentropy_with_logits,
    squared_error,
)
from objectives.losses.binary import logistic_loss

INF = np.inf


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_and_infinite_scores(dtype):
    """PyTorch's soft_margin_loss is infinite at -1000, with a gradient of NaN."""
    z = np.array([-1000, 1000, -INF, INF, 0], dtype)
    scores, targets = pt.vector("scores", dtype=dtype), pt.lvector("targets")
    losses = [logistic_loss(scores, targets), logistic_loss(scores, 2 * targets - 1, binary=False)]
    outputs = [o for loss in losses for o in (loss, pytensor.grad(loss.sum(), scores))]
    function = pytensor.function([scores, targets], outputs)
    for t in (0, 1):
        wrong = np.where(t, -z, z)
        for loss, gradient in zip(*[iter(function(z, np.full(5, t)))] * 2, strict=True):
            np.testing.assert_allclose(loss, np.where(wrong == 0, np.log(2), np.maximum(wrong, 0)), rtol=1e-6)
            slope = np.where(wrong == 0, 0.5, wrong > 0)
            np.testing.assert_array_equal(gradient, -slope if t else slope)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", parameter("JAX")])
def test_certainty_costs_infinitely_much_where_targets_are_smoothed(mode):
    """Not NaN, which 0 times infinity would give if PyTensor multiplied out the smoothed target."""
    p, z, t = pt.dvector("p"), pt.dvector("z"), pt.dvector("t")
    losses = [
        binary_crossentropy(p, t, label_smoothing=0.2),
        binary_focal_crossentropy(p, t, label_smoothing=0.2),
        binary_crossentropy_with_logits(z, t, label_smoothing=0.2),
        binary_focal_crossentropy_with_logits(z, t, label_smoothing=0.2),
    ]
    function = pytensor.function([p, z, t], losses, mode=mode)
    for loss in function(np.repeat([0.0, 1.0], 3), np.repeat([-INF, INF], 3), np.tile([0, 0.5, 1], 2)):
        np.testing.assert_array_equal(loss, INF)


@pytest.mark.needs("torch")
def test_losses_of_other_libraries_that_are_expressions():
    import torch

    rng = np.random.default_rng(0)
    z, t = rng.normal(size=(6, 4)), rng.integers(0, 2, (6, 4)).astype("float64")
    p, w = 1 / (1 + np.exp(-z)), rng.uniform(0.5, 2, 4)
    tz, tp, tt, tw = (torch.tensor(x) for x in (z, p, t, w))
    f = torch.nn.functional
    pairs = {
        "weighted": (
            binary_crossentropy(p, t, pos_weight=3.0),
            f.binary_cross_entropy(tp, tt, weight=torch.where(tt == 1, 3.0, 1.0), reduction="none"),
        ),
        "weighted, of logits": (
            binary_crossentropy_with_logits(z, t, pos_weight=w),
            f.binary_cross_entropy_with_logits(tz, tt, pos_weight=tw, reduction="none"),
        ),
        "likelihood": (
            binary_crossentropy(p, t).sum(axis=-1),
            -torch.distributions.Bernoulli(probs=tp).log_prob(tt).sum(-1),
        ),
        "many labels": (
            aggregate(binary_crossentropy_with_logits(z, t), weights=w[None], axis=-1),
            f.multilabel_soft_margin_loss(tz, tt, weight=tw, reduction="none"),
        ),
        "Brier": (squared_error(p, t), f.mse_loss(tp, tt, reduction="none")),
    }
    values = pytensor.function([], [ours for ours, _ in pairs.values()])()
    for value, (name, (_, theirs)) in zip(values, pairs.items(), strict=True):
        np.testing.assert_allclose(value, theirs.numpy(), rtol=1e-12, err_msg=name)


def test_misuse():
    with pytest.raises(ValueError, match="binary_crossentropy"):
        logistic_loss(pt.sigmoid(pt.dvector()), pt.dvector())
    with pytest.raises(TypeError, match="floating-point"):
        logistic_loss(pt.lvector(), pt.lvector())
    with pytest.raises(TypeError, match="rank mismatch"):
        logistic_loss(pt.dmatrix(), pt.dvector())
