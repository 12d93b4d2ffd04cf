"""The mark of conditions is gone from what is compiled, and with it the barrier between loops."""

import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.tensor.elemwise import Elemwise

import objectives
from objectives.ops.labels import BinaryTarget
from objectives.ops.selection import Condition, where

p, t = pt.matrix("p", dtype="float32"), pt.matrix("t", dtype="float32")


def ops(output, mode):
    function = pytensor.function([p, t], output, mode=mode, on_unused_input="ignore")
    return [node.op for node in function.maker.fgraph.toposort()]


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "CVM", "NUMBA"])
def test_the_mark_is_removed(mode):
    loss = objectives.huber_loss(p, t)
    assert not any(isinstance(op, Condition) for op in ops(loss, mode))
    assert not any(isinstance(op, Condition) for op in ops(pytensor.grad(loss.sum(), p), mode))


def test_it_stays_without_rewrites():
    assert any(
        isinstance(op, Condition) for op in ops(objectives.huber_loss(p, t), pytensor.compile.mode.Mode("py", None))
    )


@pytest.mark.parametrize(
    "loss",
    [
        objectives.squared_error,
        objectives.huber_loss,
        objectives.binary_crossentropy,
        objectives.binary_crossentropy_with_logits,
        lambda p, t: objectives.binary_hinge_loss(p, t, log_odds=True),
    ],
)
def test_an_elementwise_loss_is_one_loop(loss):
    compiled = ops(loss(p, t), "NUMBA")
    assert len(compiled) == 1 and isinstance(compiled[0], Elemwise)


def test_binary_accuracy_is_one_loop_over_checked_targets():
    compiled = ops(objectives.binary_accuracy(p, t), "NUMBA")
    assert len(compiled) == 2 and isinstance(compiled[0], BinaryTarget) and isinstance(compiled[1], Elemwise)


def test_gradients_keep_the_dtype():
    assert pytensor.grad(pt.switch(p > 0, p, 0).sum(), p).dtype == "float64", (
        "PyTensor's flaw is mended: remove Condition"
    )
    assert pytensor.grad(where(p > 0, p, 0).sum(), p).dtype == "float32"


def test_numbers_take_the_dtype_of_the_tensor():
    x = pt.vector("x", dtype="float16")
    for result in (where(x > 0, x, 1.0), where(x > 0, 1.0, x), where(x > 0, -float("inf"), x)):
        assert result.dtype == "float16"
