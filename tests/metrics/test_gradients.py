"""Measures without a gradient say so, with the loss to train with; the others have theirs."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES
from measures import FIRST
from pytensor.gradient import DisconnectedInputError, NullTypeGradError, disconnected_grad
from pytensor.graph.replace import vectorize_graph

import objectives
from objectives import binary_accuracy, binary_crossentropy, roc_auc_score

ROWS = {row.function.__name__: row for row in (*FIRST, *CASES)}
TRAIN_WITH = {name: objectives.facts(name).train_with for name in ROWS}


def cost(name):
    row = ROWS[name]
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in row.draw("float64")]
    results = row.apply(inputs) if row in CASES else row.apply(*inputs)
    return sum(r.astype("float64").sum() for r in (results if isinstance(results, tuple) else [results])), inputs[0]


@pytest.mark.parametrize("name", [name for name, loss in TRAIN_WITH.items() if loss is not None])
def test_measures_without_gradient(name):
    total, predictions = cost(name)
    with pytest.raises(NullTypeGradError, match=f"^{name} has no gradient: train with {TRAIN_WITH[name] or 'a loss'}"):
        pytensor.grad(total, predictions, disconnected_inputs="ignore")


@pytest.mark.parametrize("name", [name for name, loss in TRAIN_WITH.items() if loss is None])
def test_the_others(name):
    pytensor.grad(*cost(name))


def test_losses_to_train_with():
    named = {objectives.facts(name).train_with for name in objectives.names()} - {None, ""}
    assert all(objectives.facts(name).differentiable for name in named)


def test_a_measure_beside_a_loss():
    p = pt.vector("p")
    loss, accuracy = (f(p, [0, 1]).sum() for f in (binary_crossentropy, binary_accuracy))
    with pytest.raises(NullTypeGradError, match="binary_accuracy has no gradient"):
        pytensor.grad(loss + accuracy, p)
    point = np.array([0.25, 0.75], pytensor.config.floatX)
    expected = pytensor.grad(loss, p).eval({p: point})
    np.testing.assert_array_equal(pytensor.grad(loss + disconnected_grad(accuracy), p).eval({p: point}), expected)
    np.testing.assert_array_equal(
        pytensor.grad(loss + accuracy, p, consider_constant=[accuracy]).eval({p: point}), expected
    )
    with pytest.raises(DisconnectedInputError):  # what the measure does not depend on
        pytensor.grad(accuracy, pt.vector("q"))


@pytest.mark.parametrize("mode", ["FAST_COMPILE", pytensor.compile.mode.Mode("py", None)])
def test_the_mark_is_not_computed(mode):
    p = pt.vector("p")
    by_row = vectorize_graph(roc_auc_score(p, [0, 1, 1]), {p: (rows := pt.matrix("rows"))})
    compute = pytensor.function([rows], by_row, mode=mode)
    assert "NoGradient" not in str(compute.maker.fgraph.toposort())
    np.testing.assert_allclose(compute(np.array([[0.1, 0.2, 0.3], [0.2, 0.1, 0.3]], pytensor.config.floatX)), [1, 0.5])
