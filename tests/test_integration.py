"""Losses inside the libraries that build PyTensor graphs: PyMC models and pytensor-ml training steps."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import objectives

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
LABELS = RNG.integers(0, 2, size=20)


@pytest.mark.needs("pymc")
def test_pymc_potential():
    """A loss as potential is the likelihood that PyMC's own distribution gives."""
    import pymc as pm

    def model(likelihood):
        with pm.Model() as model:
            likelihood(pt.dot(X, pm.Normal("weights", shape=3)))
        return model

    ours = model(lambda z: pm.Potential("data", -objectives.binary_crossentropy_with_logits(z, LABELS).sum()))
    theirs = model(lambda z: pm.Bernoulli("data", logit_p=z, observed=LABELS))
    point = {"weights": np.array([0.1, -2.0, 3.0])}
    np.testing.assert_allclose(ours.compile_logp()(point), theirs.compile_logp()(point))
    np.testing.assert_allclose(ours.compile_dlogp()(point), theirs.compile_dlogp()(point))


@pytest.mark.needs("pytensor_ml")
def test_pytensor_ml_loss():
    """A loss of ours as loss of pytensor-ml, whose arguments come in the other order."""
    import pytensor_ml.loss as ml

    class MaskedCrossEntropy(ml.Loss):
        def loss(self, y_true, y_pred):
            known = pt.neq(y_true, -1)
            losses = objectives.categorical_crossentropy_with_logits(y_pred, y_true, mask=known)
            return objectives.aggregate(losses, mask=known)

        def target_ndim(self, prediction_ndim):
            return prediction_ndim - 1

        def target_dtype(self, prediction_dtype):
            return "int64"

    weights = pytensor.shared(RNG.normal(size=(3, 4)))
    logits = pt.as_tensor(X) @ weights
    theirs = ml.CrossEntropy(expect_logits=True, expect_onehot_labels=False)
    values = []
    for loss_fn, labels in ((MaskedCrossEntropy(), LABELS), (theirs, LABELS)):
        loss, target = ml.supervised_loss(logits, loss_fn)
        values.append([v.eval({target: labels}) for v in (loss, pytensor.grad(loss, weights))])
    for ours, expected in zip(*values, strict=True):
        np.testing.assert_allclose(ours, expected)


@pytest.mark.needs("pytensor_ml")
def test_pytensor_ml_model_without_its_logits():
    """The last layer of a model of theirs and the loss become one Op, where the mode asks for it."""
    from pytensor.compile.mode import get_mode
    from pytensor.compile.sharedvalue import SharedVariable
    from pytensor.graph.traversal import graph_inputs
    from pytensor_ml.activations import ReLU
    from pytensor_ml.layers import Input, Linear, Sequential

    x, y = Input("x", shape=(None, 8)), pt.lvector("y")
    model = Sequential(Linear("hidden", n_in=8, n_out=16), ReLU(), Linear("words", n_in=16, n_out=50))
    loss = objectives.categorical_crossentropy_with_logits(model(x), y).mean()
    weights = [v for v in graph_inputs([loss]) if isinstance(v, SharedVariable)]
    outputs = [loss, *pytensor.grad(loss, weights)]
    given = RNG.normal(size=(5, 8)), np.arange(5)
    asked = pytensor.function([x, y], outputs, mode=get_mode("CVM").including("linear_crossentropy"))
    names = [type(node.op).__name__ for node in asked.maker.fgraph.toposort()]
    assert "LinearCrossentropyGradient" in names and not any("SoftmaxCrossentropy" in name for name in names)
    for ours, expected in zip(asked(*given), pytensor.function([x, y], outputs, mode="CVM")(*given), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)
