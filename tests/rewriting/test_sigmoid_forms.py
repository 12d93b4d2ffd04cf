"""Sigmoid crossentropy written by hand: PyTensor's own rewrites make it stable, which this library relies on."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.scalar.basic import Log, Log1p
from pytensor.scalar.math import Sigmoid
from pytensor.tensor.elemwise import Elemwise
from scipy.special import expit

x, t = pt.vector("x"), pt.vector("t")
is_positive, label = pt.vector("is_positive", dtype="bool"), pt.vector("label", dtype="int64")
s = pt.sigmoid(x)
by_hand = 1 / (1 + pt.exp(-x))

FORMULATIONS = {
    "log(1 - s)": -(t * pt.log(s) + (1 - t) * pt.log(1 - s)),
    "log1p(-s)": -(t * pt.log(s) + (1 - t) * pt.log1p(-s)),
    "two negatives": -t * pt.log(s) - (1.0 - t) * pt.log(1.0 - s),
    "labels": -(label * pt.log(s) + (1 - label) * pt.log(1 - s)),
    "switch": pt.switch(is_positive, -pt.log(s), -pt.log(1 - s)),
    "switch with log1p": -pt.switch(is_positive, pt.log(s), pt.log1p(-s)),
    "signs": -pt.log(pt.sigmoid((2 * t - 1) * x)),
    "exp by hand": -(t * pt.log(by_hand) + (1 - t) * pt.log(1 - by_hand)),
    "log(1 + exp)": pt.log(1 + pt.exp(x)) - t * x,
    "log1p(exp)": pt.log1p(pt.exp(x)) - t * x,
    "softplus": t * pt.softplus(-x) + (1 - t) * pt.softplus(x),
}
UNFUSED = Mode(linker="py", optimizer="fast_run").excluding("fusion")  # in which each logarithm can be seen
X = np.repeat([-1000, -50, -1, 0, 1, 50, 1000.0], 2)
T = np.tile([0.0, 1.0], 7)


def makes(variable, *scalar_ops):
    node = variable.owner
    return node is not None and isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, scalar_ops)


def is_log_of_sigmoid(variable):
    return makes(variable, Log, Log1p) and any(
        makes(v, Sigmoid) for v in (variable.owner.inputs[0], *getattr(variable.owner.inputs[0].owner, "inputs", ()))
    )


@pytest.mark.parametrize("chosen", [UNFUSED, "NUMBA"], ids=["unfused", "NUMBA"])
def test_values_and_gradients(chosen):
    losses = list(FORMULATIONS.values())
    outputs = [*losses, *[pytensor.grad(loss.sum(), x) for loss in losses]]
    function = pytensor.function([x, t, is_positive, label], outputs, mode=chosen)
    assert not any(is_log_of_sigmoid(node.outputs[0]) for node in function.maker.fgraph.toposort())
    results = function(X, T, T > 0, T.astype("int64"))
    for i, name in enumerate(FORMULATIONS):
        np.testing.assert_allclose(results[i], np.logaddexp(0, X - 2 * T * X), rtol=1e-12, atol=1e-15, err_msg=name)
        np.testing.assert_allclose(
            results[i + len(losses)], expit(X) - T, rtol=1e-12, atol=1e-15, err_msg=f"gradient of {name}"
        )
