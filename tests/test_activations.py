"""Logits, probabilities and log-probabilities given for each other: errors that name the function to take, warnings."""

from inspect import signature

import pytensor.tensor as pt
import pytest

import objectives
from objectives import (
    binary_crossentropy,
    binary_crossentropy_with_logits,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
)


def test_probabilities_given_as_logits():
    z = pt.matrix()
    for p in (pt.special.softmax(z, axis=-1), pt.sigmoid(z), pt.special.softmax(z, axis=-1)[::2].astype("float32")):
        with pytest.raises(ValueError, match=r"applied twice.*give the probabilities to categorical_crossentropy$"):
            categorical_crossentropy_with_logits(p, pt.lvector())
        with pytest.raises(ValueError, match="applied twice"):
            binary_crossentropy_with_logits(p, pt.matrix())


def test_log_probabilities():
    log_p = pt.special.log_softmax(pt.matrix(), axis=-1)
    with pytest.raises(ValueError, match="log-softmax"):
        categorical_crossentropy(log_p, pt.lvector())
    categorical_crossentropy_with_logits(log_p, pt.lvector())


LABELLED = pt.lvector()
DENSE = pt.matrix()
REMEDIES = {
    "categorical_crossentropy": (LABELLED, "to categorical_crossentropy_with_logits"),
    "categorical_focal_crossentropy": (LABELLED, "to categorical_focal_crossentropy_with_logits"),
    "kl_divergence": (DENSE, "to kl_divergence_with_logits"),
    "jensen_shannon_divergence": (DENSE, r"give pt\.exp\(predictions\), or a softmax"),
    "generalized_crossentropy": (LABELLED, r"give pt\.exp\(predictions\), or a softmax"),
    "brier_score": (LABELLED, r"give pt\.exp\(predictions\), or a softmax"),
    "calibration_error": (LABELLED, r"give pt\.exp\(predictions\), or a softmax"),
    "d2_brier_score": (LABELLED, r"give pt\.exp\(predictions\), or a softmax"),
    "d2_log_loss_score": (LABELLED, r"give pt\.exp\(predictions\), or a softmax"),
    "calibration_curve": (LABELLED, r"give pt\.exp\(predictions\), or a softmax"),
}


@pytest.mark.parametrize("name", REMEDIES)
def test_remedies_for_log_probabilities_work(name):
    function, z = objectives.get(name), pt.tensor(shape=(None, 3))
    targets, remedy = REMEDIES[name]
    log_p = pt.special.log_softmax(z, axis=-1)
    with pytest.raises(ValueError, match=rf"output of a log-softmax, not probabilities: .*{remedy}$"):
        function(log_p, targets)
    if remedy.startswith("to"):
        objectives.get(remedy.removeprefix("to "))(log_p, targets)
    else:
        function(pt.exp(log_p), targets)


@pytest.mark.parametrize(
    ("function", "activation"),
    [
        (binary_crossentropy, pt.sigmoid),
        (objectives.binary_focal_crossentropy, pt.sigmoid),
        (categorical_crossentropy, pt.special.softmax),
        (objectives.kl_divergence, pt.special.softmax),
    ],
)
def test_predictions_that_are_traced_back_are_called_predictions(function, activation):
    p = activation(pt.dmatrix(), axis=-1) if activation is pt.special.softmax else activation(pt.dmatrix())
    with pytest.raises(TypeError, match=r"rank mismatch between targets .*predictions"):
        function(p, pt.dtensor3())
    twice = activation(p, axis=-1) if activation is pt.special.softmax else activation(p)
    with pytest.raises(ValueError, match="logits of predictions are the output of a softmax or sigmoid"):
        function(twice, pt.dmatrix())


@pytest.mark.parametrize("name", [n for n in objectives.names() if "logits" in objectives.facts(n).arguments])
def test_remedies_for_probabilities(name):
    """The function that takes them, if there is one."""
    function = objectives.get(name)
    ndim = 3 if name == "ctc_loss" else 2
    p = pt.special.softmax(pt.tensor(shape=(None,) * ndim), axis=-1)
    others = {n: pt.matrix() for n in objectives.facts(name).arguments if n not in ("logits", "targets")}
    noise = {"noise": pt.tensor3()} if "noise" in signature(function).parameters else {}
    with pytest.raises(ValueError, match=r"logits are the output of a softmax.*applied twice") as error:
        function(p, pt.lmatrix() if ndim == 3 else pt.matrix(), **others, **noise)
    named = str(error.value).partition(" to ")[2]
    assert named == (name.removesuffix("_with_logits") if name.endswith("_with_logits") else "")


X, W, B, Y = pt.matrix(), pt.matrix(), pt.vector(), pt.lvector()
softmax = pt.special.softmax


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: categorical_crossentropy(X @ W + B, Y), "linear layer.*their softmax"),
        (lambda: categorical_crossentropy(pt.tensor4() @ W + B, pt.ltensor3(), axis=1), "linear layer"),
        (lambda: binary_crossentropy((X @ W + B)[:, 0], B), "linear layer.*their sigmoid"),
        (lambda: categorical_crossentropy(softmax(X), Y), "softmax over all entries"),
        (lambda: objectives.calibration_error(softmax(X.T, axis=0).T[::2].T, Y), "softmax over axis 0"),
        (lambda: objectives.kl_divergence(pt.sigmoid(X), X), "output of a sigmoid"),
        (lambda: categorical_crossentropy_with_logits(pt.col(), Y), "one class"),
    ],
)
def test_probable_mistakes_warn_where_they_are_made(build, message):
    with pytest.warns(objectives.MistakeWarning, match=message) as warned:
        build()
    assert [w.filename for w in warned] == [__file__]


def test_what_is_meant_does_not_warn():
    """Warnings are errors in these tests."""
    categorical_crossentropy(softmax(X, axis=0).T, Y)
    categorical_crossentropy(softmax(pt.row()), Y)
    categorical_crossentropy(softmax(B), 1)
    categorical_crossentropy(softmax(pt.tensor4(), axis=(2, 3)).reshape((5, 7)), Y)
    categorical_crossentropy(softmax(X, axis=-1) @ W, Y)
    categorical_crossentropy(0.9 * (softmax(X, axis=-1) @ W) + 0.1, Y)
    binary_crossentropy(softmax(X, axis=-1)[:, 1], Y)
    categorical_crossentropy(pt.stack([1 - pt.sigmoid(B), pt.sigmoid(B)], axis=-1), Y)
