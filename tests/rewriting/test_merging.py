"""Loss and gradient become one Op, over the scores where they are an intermediate, and only where that is right."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import REWRITTEN, UNREWRITTEN
from pytensor.tensor.shape import Shape_i

from objectives import aggregate, multiclass_hinge_loss
from objectives import categorical_crossentropy_with_logits as crossentropy
from objectives.ops.itemwise import ItemGradient, ItemLoss

Z, Y, MASK = pt.matrix("z"), pt.lvector("y"), pt.vector("mask", dtype=bool)
RNG = np.random.default_rng(0)
VALUES = {Z: RNG.normal(size=(5, 4)), Y: RNG.integers(0, 4, 5), MASK: np.array([1, 1, 0, 1, 0], bool)}


def compiled(outputs, mode=REWRITTEN, **options):
    return pytensor.function([Z, Y, MASK], outputs, mode=mode, on_unused_input="ignore", **options)


def ours(function):
    ops = [node.op for node in function.maker.fgraph.toposort()]
    return [op for op in ops if isinstance(op, ItemLoss | ItemGradient)]


@pytest.mark.parametrize("loss_function", [crossentropy, multiclass_hinge_loss])
@pytest.mark.parametrize(
    "objective",
    [
        lambda loss: loss.mean(),
        lambda loss: loss.sum(),
        lambda loss: (loss * MASK).sum() / MASK.sum(),
        aggregate,
        lambda loss: aggregate(loss, mask=MASK),
        lambda loss: aggregate(loss, axis=0),
    ],
)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.filterwarnings("ignore:the loss was given a mask")
def test_loss_and_gradient_are_merged(loss_function, objective, masked):
    loss = objective(loss_function(Z, Y, mask=MASK if masked else None))
    (op,) = ours(compiled([loss, pytensor.grad(loss, Z)]))
    assert op.with_loss and not op.inplace
    ops = ours(compiled([loss, pytensor.grad(loss, Z)], REWRITTEN.excluding("loss_fusion")))
    assert len(ops) == 2


def test_two_losses_are_merged_each_with_its_gradient():
    total = crossentropy(Z, Y).mean() + crossentropy(Z, Y, label_smoothing=0.1).sum()
    ops = ours(compiled([total, pytensor.grad(total, Z)]))
    assert sorted((op.options, op.with_loss) for op in ops) == [((), True), (("label_smoothing",), True)]


def test_nothing_else_reads_logits_with_a_soft_cap_and_a_z_loss():
    loss = crossentropy(Z, Y, logit_softcap=2.0, z_loss=0.1).mean()
    function = compiled([loss, pytensor.grad(loss, Z)])
    fgraph = function.maker.fgraph
    readers = [client.op for client, _ in fgraph.clients[fgraph.inputs[0]]]
    assert len(ours(function)) == 1
    assert all(isinstance(op, ItemGradient | Shape_i) for op in readers)


def test_not_merged_where_the_gradient_needs_the_loss():
    loss = (crossentropy(Z, Y) ** 2).sum()
    ops = ours(compiled([loss, pytensor.grad(loss, Z)]))
    assert [type(op).__name__ for op in ops] == ["SoftmaxCrossentropy", "SoftmaxCrossentropyGradient"]
    assert not any(op.with_loss for op in ops[1:])


def test_not_merged_with_a_loss_of_other_labels_or_options():
    for other in (crossentropy(Z, Y[::-1]), crossentropy(Z, Y, mask=MASK), crossentropy(2 * Z, Y)):
        gradient = pytensor.grad(crossentropy(Z, Y).sum(), Z)
        with pytensor.config.change_flags(on_opt_error="raise"):
            function = compiled([other, gradient])
        assert [getattr(op, "with_loss", False) for op in ours(function)] == [False, False]


# Where the logits come from, and whether the gradient may be written over them.
INPLACE = {
    "intermediate": (lambda: (2 * Z, []), True),
    "intermediate that is read before": (lambda: (2 * Z, [(2 * Z).sum()]), True),
    "input": (lambda: (Z, []), False),
    "view of an input": (lambda: (Z.T.T.reshape((5, 4)), []), False),
    "output": (lambda: (2 * Z, [2 * Z]), False),
    "shared variable": (lambda: (pytensor.shared(VALUES[Z]), []), False),
}


@pytest.mark.parametrize("case", INPLACE)
def test_in_place(case):
    make, expected = INPLACE[case]
    logits, others = make()
    loss = crossentropy(logits, Y).mean()
    gradient = pytensor.grad(loss, logits)
    assert [op.inplace for op in ours(compiled([loss, gradient, *others]))] == [expected]
    assert not any(op.inplace for op in ours(compiled([loss, gradient], REWRITTEN.excluding("inplace"))))


def test_numbers_in_place():
    logits = 2 * Z
    loss = crossentropy(logits, Y, mask=MASK).sum()
    outputs = [loss, pytensor.grad(loss, logits), logits.sum()]
    function, plain = compiled(outputs, "NUMBA"), compiled(outputs, UNREWRITTEN)
    before = VALUES[Z].copy()
    for result, expected in zip(function(*VALUES.values()), plain(*VALUES.values()), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-12)
    np.testing.assert_array_equal(VALUES[Z], before)


@pytest.mark.parametrize("backend", ["FAST_COMPILE", "CVM"])
def test_other_modes_compile(backend):
    loss = crossentropy(Z, Y).mean()
    function = compiled([loss, pytensor.grad(loss, Z)], backend)
    reference = compiled([loss, pytensor.grad(loss, Z)], "FAST_COMPILE")
    for result, expected in zip(function(*VALUES.values()), reference(*VALUES.values()), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-12)
