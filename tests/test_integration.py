"""Losses inside the libraries that build PyTensor graphs: PyMC models and pytensor-ml training steps."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import objectives
from objectives.ops.marking import holds_loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
LABELS = RNG.integers(0, 2, size=20)


@pytest.fixture(autouse=True)
def rewritten():
    """These libraries compile in PyTensor's mode, and count on its rewrites."""
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        yield


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


@pytest.mark.needs("pymc")
def test_pymc_dims():
    """A masked loss of named dims as potential is the categorical likelihood of what is not masked."""
    import pymc as pm
    import pymc.dims as pmd
    from pytensor.xtensor import as_xtensor

    from objectives import xtensor as ox

    labels = np.where(np.arange(20) % 4, CLASSES, -1)
    with pm.Model(coords={"item": range(20), "feature": range(3), "class": range(4)}) as ours:
        x, y = pmd.Data("x", X, dims=("item", "feature")), pmd.Data("y", labels, dims="item")
        logits = as_xtensor(x.values @ pmd.Normal("w", 0, 1, dims=("feature", "class")).values, dims=("item", "class"))
        known = ox.labelled(y, -1)
        losses = ox.categorical_crossentropy_with_logits(logits, y, mask=known, dim="class")
        pm.Potential("likelihood", -losses.values, dims=losses.dims)
    with pm.Model() as theirs:
        pm.Categorical("y", logit_p=X[labels >= 0] @ pm.Normal("w", shape=(3, 4)), observed=labels[labels >= 0])
    for compiled in (pm.Model.compile_logp, pm.Model.compile_dlogp):
        found, expected = (compiled(model)({"w": WEIGHTS}) for model in (ours, theirs))
        np.testing.assert_allclose(found, expected, rtol=1e-10)


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


@pytest.mark.needs("pytensor_ml", "jax", "rich")
def test_language_model(tmp_path):
    """The example, with a few pages: it trains, writes words, and compares the two ways to its gradients."""
    example = Path(__file__).parents[1] / "examples" / "language_model.py"
    options = ["--mode", "JAX", "--pages", "20", "--epochs", "1", "--samples", "1", "--plot", tmp_path / "curves.png"]
    done = subprocess.run([sys.executable, example, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "perplexity" in done.stdout and "block by block" in done.stdout
    assert (tmp_path / "curves.png").stat().st_size > 0


@pytest.mark.needs("pytensor_ml")
def test_pytensor_ml_convolutions():
    """A convolutional model of theirs learns labels that are partly missing, and is validated on its outputs."""
    from pytensor.compile.sharedvalue import SharedVariable
    from pytensor.graph.traversal import graph_inputs
    from pytensor_ml.activations import ReLU
    from pytensor_ml.layers import Conv1D, Flatten, Input, Linear, Sequential

    x, y = Input("x", shape=(None, 8, 1)), pt.lvector("y")
    convolution = Conv1D("convolution", in_channels=1, out_channels=4, kernel_size=3)
    logits = Sequential(convolution, ReLU(), Flatten, Linear("classes", n_in=24, n_out=2))(x)
    known = objectives.labelled(y, -1)
    losses = objectives.categorical_crossentropy_with_logits(logits, y, mask=known)
    loss = objectives.aggregate(losses, mask=known)
    weights = [v for v in graph_inputs([loss]) if isinstance(v, SharedVariable)]
    rng = np.random.default_rng(0)
    for w in weights:
        w.set_value(rng.normal(scale=0.3, size=w.get_value().shape))
    inputs = rng.normal(size=(40, 8, 1))
    labels = np.where(np.arange(40) % 5, inputs[:, 3, 0] > inputs[:, 4, 0], -1)
    steps = zip(weights, pytensor.grad(loss, weights), strict=True)
    train = pytensor.function([x, y], loss, updates={w: w - 0.5 * g for w, g in steps})
    for _ in range(40):
        train(inputs, labels)
    hits = objectives.categorical_accuracy(logits, y, mask=known)
    validation = objectives.compile_validation([x, y], {"loss": (losses, known), "accuracy": (hits, known)})
    found = validation.validate([(inputs[:30], labels[:30]), (inputs[30:], labels[30:])], progress=False)
    assert found["accuracy"] > 0.95 and found["loss"] < 0.2


WEIGHTS = RNG.normal(size=(3, 4))
CLASSES = RNG.integers(0, 4, size=20)
OURS = ("loss_fusion", "recognize_checks", "recognize_crossentropy", "simd")


def likelihood(kind, changeable=False):
    """A PyMC model of observations, constant or as data that can be changed."""
    import pymc as pm

    def observed(values):
        return pm.Data("given", values) if changeable else values

    with pm.Model() as model:
        if kind == "Bernoulli":
            pm.Bernoulli("y", logit_p=X @ pm.Normal("w", shape=3), observed=observed(LABELS))
        elif kind == "Categorical":
            pm.Categorical("y", logit_p=X @ pm.Normal("w", shape=(3, 4)), observed=observed(CLASSES))
        else:
            p = pm.math.softmax(X @ pm.Normal("w", shape=(3, 4)), axis=-1)
            pm.Multinomial("y", n=1, p=p, observed=observed(np.eye(4, dtype="int64")[CLASSES]))
    return model


def both(model, mode):
    """The log-probability and its gradient as functions of the value of w, with this package and without it."""
    from pytensor.compile.mode import get_mode

    for chosen in (get_mode(mode), get_mode(mode).excluding(*OURS)):
        function = model.logp_dlogp_function(mode=chosen, ravel_inputs=True)
        function.set_extra_values({})
        yield function._pytensor_function


def ops(function):
    return {type(node.op).__name__ for node in function.maker.fgraph.toposort()}


@pytest.mark.needs("pymc")
@pytest.mark.parametrize("changeable", [False, True], ids=["constant", "data"])
@pytest.mark.parametrize("kind", ["Bernoulli", "Categorical", "Multinomial"])
def test_pymc_likelihood(kind, changeable):
    """PyMC's own distributions run in the kernels of this package, and nothing but rounding changes."""
    model = likelihood(kind, changeable)
    ours, theirs = both(model, "CVM")
    assert holds_loss(ours.maker.fgraph) and not holds_loss(theirs.maker.fgraph)
    assert ("CrossentropyGradientKernel" in ops(ours)) == (kind == "Categorical")
    size = 3 if kind == "Bernoulli" else 12
    points = [*(scale * WEIGHTS.ravel()[:size] for scale in (0, 1, 30)), np.full(size, np.nan)]
    values = {"Bernoulli": LABELS, "Categorical": CLASSES, "Multinomial": np.eye(4, dtype="int64")[CLASSES]}[kind]
    for data in [values, values + 9, values - 9] if changeable else [values]:
        if changeable:
            model["given"].set_value(data.astype(model["given"].dtype))
        for point in points:
            for found, expected in zip(ours(point), theirs(point), strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.needs("pymc")
@pytest.mark.parametrize("kind", ["Bernoulli", "Categorical"])
def test_pymc_parameters_are_checked(kind):
    """Compiled by PyTensor itself, a check raises; PyMC's functions give -inf instead."""
    from pymc.logprob.utils import ParameterValueError

    model = likelihood(kind)
    (value,) = model.value_vars
    logp = model.logp()
    function = pytensor.function([value], [logp, pytensor.grad(logp, value)], mode="CVM")
    weights = WEIGHTS[:, 0] if kind == "Bernoulli" else WEIGHTS
    np.testing.assert_allclose(function(weights)[0], model.compile_logp()({"w": weights}))
    np.testing.assert_allclose(function(weights)[1].ravel(), model.compile_dlogp()({"w": weights}))
    with pytest.raises(ParameterValueError, match="0 <= p"):
        function(weights * np.nan)
    assert model.compile_logp(sum=False)({"w": weights * np.nan})[-1].max() == -np.inf


@pytest.mark.needs("pymc")
def test_pymc_posterior():
    """A classifier whose likelihood is a crossentropy has the posterior of the categorical distribution."""
    import pymc as pm

    with pm.Model() as ours:
        logits = X @ pm.Normal("w", shape=(3, 4))
        pm.Potential("y", -objectives.categorical_crossentropy_with_logits(logits, CLASSES))
    models = ours, likelihood("Categorical")
    for compiled in (pm.Model.compile_logp, pm.Model.compile_dlogp):
        np.testing.assert_allclose(*(compiled(m)({"w": WEIGHTS}) for m in models), rtol=1e-10)
    settings = {"draws": 10, "tune": 10, "chains": 1, "cores": 1, "random_seed": 1, "progressbar": False}
    settings |= {"compile_kwargs": {"mode": "FAST_COMPILE"}, "compute_convergence_checks": False}
    traces = [pm.sample(**settings, model=model) for model in models]
    np.testing.assert_allclose(*(trace.posterior["w"].to_numpy() for trace in traces), rtol=1e-7)


@pytest.mark.needs("pymc")
@pytest.mark.parametrize("kind", ["Bernoulli", "Categorical"])
def test_pymc_draws(kind):
    """A sampler draws the same, to rounding."""
    import pymc as pm
    from pytensor.compile.mode import get_mode

    draws = []
    for mode in (get_mode("CVM"), get_mode("CVM").excluding(*OURS)):
        settings = {"draws": 10, "tune": 10, "chains": 1, "cores": 1, "random_seed": 1, "progressbar": False}
        with likelihood(kind):
            trace = pm.sample(**settings, compile_kwargs={"mode": mode}, compute_convergence_checks=False)
        draws.append(trace.posterior["w"].to_numpy())
    np.testing.assert_allclose(*draws, rtol=1e-7)
