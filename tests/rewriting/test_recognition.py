"""Softmax crossentropy written by hand, its gradient too, is computed by our Ops; what only resembles it is not."""

from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.special
from backends import PACKAGES, mode, parameter
from pytensor.compile.mode import Mode, optdb
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.scalar.basic import Exp
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.extra_ops import to_one_hot
from pytensor.tensor.special import log_softmax, softmax

from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient
from objectives.ops.marking import holds_loss

# Up to recognition, and not what comes after it.
EARLY = RewriteDatabaseQuery(include=["fast_run"], position_cutoff=1.4)
N, C = 6, 5
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(N, C)), RNG.integers(0, C, size=N)
x, y = pt.matrix("x"), pt.vector("y", dtype="int64")
w, v, t = pt.vector("w"), pt.vector("v"), pt.matrix("t")  # weights of classes and of items, dense targets
W, V = RNG.uniform(0.5, 2, size=C), RNG.uniform(0.5, 2, size=N)

rows, ROWS = pt.arange(y.shape[0]), pt.arange(x.shape[0])
is_target = pt.eq(y[:, None], pt.arange(x.shape[1]))


def by_hand(z):
    return pt.exp(z) / pt.exp(z).sum(axis=-1, keepdims=True)


def without_max(z):
    return z - z.max(axis=-1, keepdims=True)


def log_by_hand(z):
    return z - pt.log(pt.exp(z).sum(axis=-1, keepdims=True))


p, log_p = softmax(x, axis=-1), log_softmax(x, axis=-1)
fixed_log_p = log_softmax(pt.specify_shape(x, (N, C)), axis=-1)

# One number for each item: the crossentropy of x and y.
FORMULATIONS = {
    "log(p)[i, y]": -pt.log(p)[ROWS, y],
    "log(p[i, y])": -pt.log(p[rows, y]),
    "log_p[i, y]": -log_p[rows, y],
    "log_p[constant, y]": -log_softmax(pt.specify_shape(x, (N, C)), axis=-1)[np.arange(N), y],
    "log_p[constant column, y]": -fixed_log_p[np.arange(N)[:, None], y[:, None]][:, 0],
    "log(p[constant column, y])": -pt.log(pt.exp(fixed_log_p)[np.arange(N)[:, None], y[:, None]].squeeze(-1)),
    "take_along_axis(log_p)[:, 0]": -pt.take_along_axis(log_p, y[:, None], axis=-1)[:, 0],
    "take_along_axis(log_p).squeeze": -pt.take_along_axis(log_p, y[:, None], axis=-1).squeeze(-1),
    "log(take_along_axis(p))": -pt.log(pt.take_along_axis(p, y[:, None], axis=-1))[:, 0],
    "log(take_along_axis(p)[:, 0])": -pt.log(pt.take_along_axis(p, y[:, None], axis=-1)[:, 0]),
    "eye[y] * log(p)": -(pt.eye(C)[y] * pt.log(p)).sum(axis=-1),
    "numpy eye[y] * log(p)": -(pt.constant(np.eye(C))[y] * pt.log(p)).sum(axis=-1),
    "eye(shape)[y] * log_p": -(pt.eye(x.shape[1])[y] * log_p).sum(axis=-1),
    "to_one_hot * log_p": -(to_one_hot(y, C) * log_p).sum(axis=-1),
    "eq * log_p": -(is_target * log_p).sum(axis=-1),
    "eq.astype * log(p)": -(pt.log(p) * is_target.astype("float32")).sum(axis=-1),
    "switch(eq, log_p, 0)": -pt.switch(is_target, log_p, 0).sum(axis=-1),
    "exp / sum(exp)": -pt.log(by_hand(x)[rows, y]),
    "exp / sum(exp), eq": -(pt.log(by_hand(x)) * is_target).sum(axis=-1),
    "exp / sum(exp), without max": -pt.log(by_hand(without_max(x)))[rows, y],
    "x - log(sum(exp))": -log_by_hand(x)[rows, y],
    "x - log(sum(exp)), without max": -log_by_hand(without_max(x))[rows, y],
    "logsumexp - x": pt.logsumexp(x, axis=-1) - x[rows, y],
    "log(sum(exp)) - x": pt.log(pt.exp(x).sum(axis=-1)) - x[rows, y],
    "logsumexp - eye * x": pt.logsumexp(x, axis=-1) - (pt.eye(C)[y] * x).sum(axis=-1),
    "max + logsumexp without max": (
        x.max(axis=-1) + pt.log(pt.exp(without_max(x)).sum(axis=-1)) - pt.take_along_axis(x, y[:, None], -1)[:, 0]
    ),
}
# Scalars of which the crossentropy is a part.
OBJECTIVES = {
    "mean of product": -(is_target * log_p).mean(),
    "sum of product": (pt.eye(C)[y] * pt.log(p)).sum(),
    "class weights": -(w[y] * log_p[rows, y]).mean(),
    "class weights in the product": -(is_target * w * log_p).sum(),
    "weighted mean": -(v * log_p[rows, y]).sum() / v.sum(),
    "mask": pt.switch(v > 1, -log_p[rows, y], 0).sum() / (v > 1).sum(),
    "square": pt.square(FORMULATIONS["log(p[i, y])"]).mean(),
    "focal": (pt.square(1 - p[rows, y]) * -pt.log(p[rows, y])).mean(),
    "temperature": -log_softmax(x / 2.5, axis=-1)[rows, y].mean(),
    "l2": -log_p[rows, y].mean() + 0.1 * pt.square(x).sum(),
    "two losses": -log_p[rows, y].mean() - pt.log(softmax(2 * x + 1, axis=-1)[rows, (y + 1) % C]).mean(),
    "concatenated": -log_softmax(pt.concatenate([x, x[:, :2] * 2], axis=1), axis=-1)[rows, y].mean(),
    "layer": -pt.log(softmax(x @ pt.outer(w, w) + w, axis=-1))[rows, y].mean(),
    "reshaped": -log_softmax(x.reshape((2, 3, C)).reshape((-1, C)), axis=-1)[rows, y].mean(),
    "label smoothing": -(0.9 * log_p[rows, y] + 0.1 * log_p.mean(axis=-1)).mean(),
}


# Logits of more dimensions.
x3, y3 = pt.tensor3("x3"), pt.matrix("y3", dtype="int32")
log_p3 = log_softmax(x3, axis=-1)
FORMULATIONS_3D = {
    "take_along_axis": -pt.take_along_axis(log_p3, y3[..., None], axis=-1)[..., 0],
    "grid": -log_p3[pt.arange(x3.shape[0])[:, None], pt.arange(x3.shape[1]), y3],
    "log(p[grid, y])": -pt.log(softmax(x3, axis=-1)[pt.arange(y3.shape[0])[:, None], pt.arange(y3.shape[1]), y3]),
    "eq": -(pt.eq(y3[..., None], pt.arange(C)) * log_p3).sum(axis=-1),
    "eye": -(pt.eye(C)[y3] * log_p3).sum(axis=-1),
    "logsumexp - x": pt.logsumexp(x3, axis=-1) - pt.take_along_axis(x3, y3[..., None], axis=-1).squeeze(-1),
}


def gradient(output, wrt=x):
    return pytensor.grad(output if output.ndim == 0 else output.mean(), wrt)


@cache
def rewrites():
    return optdb.query(EARLY)


def recognized(*outputs):
    """The Ops of a graph after recognition."""
    fgraph = FunctionGraph(outputs=list(outputs), clone=True, copy_inputs=False)
    rewrites().rewrite(fgraph)
    return [node.op for node in fgraph.toposort()]


def count(ops, *op_types):
    return sum(isinstance(op, op_types) for op in ops)


def leftovers(ops):
    """Softmaxes and exponentials that are computed all the same."""
    exp = [op for op in ops if isinstance(op, Elemwise) and isinstance(op.scalar_op, Exp)]
    return exp + [op for op in ops if type(op).__name__ in ("Softmax", "LogSoftmax", "LogSumExp")]


@pytest.mark.parametrize("name", [*FORMULATIONS, *FORMULATIONS_3D])
def test_formulation(name):
    loss, wrt = (FORMULATIONS[name], x) if name in FORMULATIONS else (FORMULATIONS_3D[name], x3)
    for outputs, expected in (
        ([loss.mean()], (1, 0)),
        ([gradient(loss, wrt)], (0, 1)),
        ([loss, gradient(loss, wrt)], (1, 1)),
    ):
        ops = recognized(*outputs)
        assert (count(ops, SoftmaxCrossentropy), count(ops, SoftmaxCrossentropyGradient)) == expected
        assert not leftovers(ops)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective(name):
    objective = OBJECTIVES[name]
    many = 2 if name == "two losses" else 1
    ops = recognized(objective, gradient(objective))
    assert count(ops, SoftmaxCrossentropy) == many
    if name == "label smoothing":  # the mean over classes needs all probabilities
        return
    assert count(ops, SoftmaxCrossentropyGradient) == many
    # the probability of the target, which focal loss needs too, is still picked from all
    assert len(leftovers(ops)) == (name == "focal") * 2


def test_handwritten_gradient():
    """Without the mean of a loss in sight, invalid labels included."""
    for one_hot in (is_target, pt.eye(C)[y], to_one_hot(y, C)):
        for result in ((p - one_hot) / 7, v[:, None] * (p - one_hot), pt.switch(is_target, p - 1, p)):
            ops = recognized(result)
            assert count(ops, SoftmaxCrossentropyGradient) == 1 and not leftovers(ops)


# What looks like a crossentropy of x and y, or its gradient, and is another function.
y2 = pt.vector("y2", dtype="int64")
k = pt.scalar("k", dtype="int64")
one = pt.tensor("one", shape=(1,), dtype="int64")
placed = pt.zeros_like(x)[rows, y2].inc(1 / p[rows, y])
half = pt.matrix("half", dtype="float16")
DIFFERENT = {
    "clipped": -pt.log(pt.clip(p, 1e-7, 1 - 1e-7))[rows, y],
    "added": -pt.log(p + 1e-9)[rows, y],
    "softmax over items": -log_softmax(x, axis=0)[rows, y],
    "exp over sum over items": -pt.log((pt.exp(x) / pt.exp(x).sum(axis=0))[rows, y]),
    "softmax over all": -log_softmax(x, axis=None)[rows, y],
    "logsumexp over items": pt.logsumexp(x, axis=0)[:1] - x[rows, y],
    "rows in another order": -log_p[rows[::-1], y],
    "rows by another index": -log_p[y2, y],
    "strided rows": -log_p[::2][pt.arange(y2.shape[0]), y2],
    "strided index": -log_p[pt.arange(0, x.shape[0], 2), y[::2]],
    "fewer targets": -log_p[pt.arange(3), y[:3]],
    "fewer targets by shape": -pt.specify_shape(log_p, (N, C))[np.arange(3), y[:3]],
    "fewer targets by a number": -log_p[pt.arange(k), y[:k]],
    "rows from 1": -log_p[pt.arange(1, x.shape[0]), y[1:]],
    "rows from 1, in a column": -fixed_log_p[np.arange(1, N)[:, None], y[1:, None]][:, 0],
    "rows in another order, in a column": -fixed_log_p[np.arange(N)[::-1, None], y[:, None]][:, 0],
    "a row of rows": -fixed_log_p[np.arange(N)[None], y[:, None]],
    "other axis": -log_p[y, pt.arange(y.shape[0])],
    "one axis in another order": -log_p3[y3, pt.arange(x3.shape[1]), y3],
    "axes exchanged": -log_p3[pt.arange(x3.shape[0]), pt.arange(x3.shape[1])[:, None], y3],
    "every item with every label": -log_p[:, y],
    "one label for all items": -log_p[ROWS, one],
    "one label for all items, one-hot": -(pt.eq(one[:, None], pt.arange(C)) * log_p).sum(axis=-1),
    "entropy": -(p * log_p).sum(axis=-1),
    "classes from 1": -(pt.eq(y[:, None], pt.arange(1, C + 1)) * log_p).sum(axis=-1),
    "not equal": -(pt.neq(y[:, None], pt.arange(C)) * log_p).sum(axis=-1),
    "shifted diagonal": -(pt.eye(C, k=1)[y] * log_p).sum(axis=-1),
    "sum over items": -(is_target * log_p).sum(axis=0),
    "probability": 1 - p[rows, y],
    "difference of logits": (x[rows, y] - x[rows, y2]) * p.sum(),
    # where no class is named, this is logsumexp
    "logsumexp - eq * x": pt.logsumexp(x, axis=-1) - (is_target * x).sum(axis=-1),
    "logsumexp of others": pt.logsumexp(2 * x, axis=-1) - x[rows, y],
    "float16": -log_softmax(half, axis=-1)[pt.arange(y.shape[0]), y],
    "gradient at other labels": placed * p - p * (placed * p).sum(axis=-1, keepdims=True),
    "gradient at some classes": p - pt.switch(x > 0, is_target, 0),
    "not a gradient": p + x - is_target,
    "integers": (p * 10).astype("int64") - is_target,
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_different_stays(name):
    assert not count(recognized(DIFFERENT[name]), SoftmaxCrossentropy, SoftmaxCrossentropyGradient)


def test_gradient_of_what_is_different_stays():
    for name in ("clipped", "added", "softmax over items", "strided rows", "entropy", "fewer targets"):
        assert not count(recognized(gradient(DIFFERENT[name])), SoftmaxCrossentropy, SoftmaxCrossentropyGradient), name


PY = Mode(linker="py", optimizer=EARLY)  # recognition, and nothing to compile
PLAIN = PY.excluding("recognize_crossentropy")


@cache
def compiled(names, chosen=PY):
    losses = [(FORMULATIONS | OBJECTIVES)[name] for name in names]
    outputs = [*losses, *map(gradient, losses)]
    return pytensor.function([x, y, w, v], outputs, mode=chosen, on_unused_input="ignore")


def check_formulations(names, logits, labels, rtol=1e-12):
    """Losses and gradients of their mean against SciPy's softmax."""
    own = np.take_along_axis(logits, labels[:, None], axis=-1)
    expected = scipy.special.logsumexp(logits - own, axis=-1)
    expected_gradient = (scipy.special.softmax(logits, axis=-1) - np.eye(logits.shape[-1])[labels]) / len(labels)
    results = compiled(tuple(names))(logits, labels, W, V)
    for name, loss, grad in zip(names, results, results[len(names) :], strict=False):
        np.testing.assert_allclose(loss, expected, rtol=rtol, err_msg=name)
        np.testing.assert_allclose(grad, expected_gradient, rtol=rtol, atol=1e-15, err_msg=name)


def test_numbers():
    check_formulations(FORMULATIONS, X, Y)


def test_extreme_logits():
    """Where the plain graph of most formulations is inf or NaN, in value or gradient."""
    check_formulations(FORMULATIONS, 1000 * np.sign(X), Y)
    check_formulations(FORMULATIONS, 1000 * np.eye(C)[Y], Y)
    check_formulations(FORMULATIONS, -1000 * np.eye(C)[Y], Y)


def test_objectives_are_those_of_the_plain_graph():
    results, plain = (compiled(tuple(OBJECTIVES), chosen)(X, Y, W, V) for chosen in (PY, PLAIN))
    for name, a, b in zip([*OBJECTIVES, *OBJECTIVES], results, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14, err_msg=name)


BY_COMPARISON = [name for name in FORMULATIONS if "eq" in name]
BY_INDEX = [name for name in FORMULATIONS if name not in BY_COMPARISON and name != "to_one_hot * log_p"]


def test_negative_labels_count_from_the_end():
    results = compiled(tuple(BY_INDEX))
    for a, b in zip(results(X, Y - C, W, V), results(X, Y, W, V), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("label", [-C - 1, C])
def test_invalid_labels(label):
    """An index out of range is an error; compared with all classes, it is equal to none."""
    invalid = np.where(np.arange(N) == 2, label, Y)
    with pytest.raises(IndexError):
        compiled(tuple(BY_INDEX))(X, invalid, W, V)
    function = compiled(tuple(BY_COMPARISON))
    for result, valid in zip(function(X, invalid, W, V), function(X, Y, W, V), strict=True):
        np.testing.assert_array_equal(
            result, np.where((np.arange(N) == 2).reshape(-1, *[1] * (valid.ndim - 1)), 0, valid)
        )


def test_invalid_labels_in_handwritten_gradients():
    """Only what is taken from the target's entry vanishes with the target."""
    result = (p - is_target) / 7
    invalid = np.where(np.arange(N) == 2, -1, Y)
    results = (pytensor.function([x, y], result, mode=chosen)(X, invalid) for chosen in (PY, PLAIN))
    np.testing.assert_allclose(*results, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("labels", ["int8", "uint8", "int32", "uint32"])
def test_dtypes(dtype, labels):
    """The dtype of the loss is kept, which may be that of float64 one-hot rows."""
    z, k = pt.matrix("z", dtype=dtype), pt.vector("k", dtype=labels)
    index = -log_softmax(z, axis=-1)[pt.arange(k.shape[0]), k]
    eye = -(pt.eye(C)[k] * pt.log(softmax(z, axis=-1))).sum(axis=-1)
    outputs = [index, eye, gradient(index, z), gradient(eye, z)]
    function = pytensor.function([z, k], outputs, mode=PY)
    ops = [node.op for node in function.maker.fgraph.toposort()]
    # one-hot rows are as many as the logits, labels of an index may be fewer: two losses
    assert count(ops, SoftmaxCrossentropy) == 2
    assert count(ops, SoftmaxCrossentropyGradient) == 2 and not leftovers(ops)
    assert [result.dtype for result in function(X.astype(dtype), Y.astype(labels))] == [o.dtype for o in outputs]


def test_dimensions():
    values = RNG.normal(size=(2, N, C)), np.stack([Y, (Y + 1) % C]).astype("int32")
    outputs = [*FORMULATIONS_3D.values(), *[gradient(loss, x3) for loss in FORMULATIONS_3D.values()]]
    results, plain = (pytensor.function([x3, y3], outputs, mode=chosen)(*values) for chosen in (PY, PLAIN))
    for a, b in zip(results, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("backend", [parameter(backend) for backend in PACKAGES if backend != "MLX"])
def test_backends(backend):
    """The Op computes itself, on no backend through its own inner graph for ever."""
    loss = FORMULATIONS["log(p[i, y])"]
    function = pytensor.function([x, y], [loss, gradient(loss.sum())], mode=mode(backend))
    ops = [node.op for node in function.maker.fgraph.toposort()]
    # on C by another Op
    assert any("Crossentropy" in type(op).__name__ for op in ops) and not leftovers(ops)
    logits = 1000 * np.eye(C)[Y - 1]
    result, grad = map(np.asarray, function(logits, Y))
    np.testing.assert_allclose(result, np.full(N, 1000))
    np.testing.assert_allclose(grad, np.eye(C)[Y - 1] - np.eye(C)[Y])


def test_inner_graphs_stay():
    """With the tag of the rewrite too, which JAX and PyTorch do not exclude."""
    for op, inputs in ((SoftmaxCrossentropy(), [x, y]), (SoftmaxCrossentropyGradient(), [x, y, v, v])):
        for targets in (y, t):
            inner = op.build_inner_graph(x, targets, *inputs[2:])
            assert not count(recognized(*inner), SoftmaxCrossentropy, SoftmaxCrossentropyGradient)


def test_it_can_be_turned_off():
    loss = FORMULATIONS["log_p[i, y]"]
    function = pytensor.function([x, y], loss, mode=mode("CVM").excluding("recognize_crossentropy"))
    assert not count([node.op for node in function.maker.fgraph.toposort()], SoftmaxCrossentropy)


def test_a_recognized_graph_holds_a_loss():
    for outputs, expected in ((FORMULATIONS["log_p[i, y]"], True), (DIFFERENT["entropy"], False)):
        fgraph = FunctionGraph(outputs=[outputs], clone=True, copy_inputs=False)
        rewrites().rewrite(fgraph)
        assert holds_loss(fgraph) is expected


def test_gradients_keep_the_precision_of_the_logits():
    """PyTensor's Numba takes the reciprocal of an integer in float32; no cast of the length may be lost."""
    x, y = pt.dmatrix(), pt.lvector()
    loss = -pt.log(pt.special.softmax(x, axis=-1))[pt.arange(x.shape[0]), y].mean()
    logits, labels = np.random.default_rng(0).normal(size=(6, 5)), np.array([1, 0, 4, 0, 2, 3])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gradient = pytensor.function([x, y], pytensor.grad(loss, x), mode="NUMBA")(logits, labels)
    np.testing.assert_allclose(gradient, (p - np.eye(5)[labels]) / 6, rtol=1e-13)
