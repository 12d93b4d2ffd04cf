"""Labels that are fewer than the rows that an index pairs them with, or one for all: what PyTensor alone gives."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.special
from backends import PACKAGES, mode, parameter, uncompiled
from pytensor.compile.mode import Mode
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.tensor.special import log_softmax, softmax
from rewriting.spellings import results, spelling

from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.labels import LabelError

# Up to recognition, and nothing to compile.
RECOGNIZING = Mode("py", RewriteDatabaseQuery(include=["fast_run"], position_cutoff=1.4))
ALONE = RECOGNIZING.excluding("recognize_crossentropy")
GRAPHS = 40  # of the sample, and of each other part
RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3)).astype("float32")
BACKENDS = [parameter(backend) for backend in PACKAGES if backend != "MLX"]


def rows_of(x):
    return pt.arange(x.shape[0])


def expected(logits, rows, labels):
    """Loss of each label, and the gradient of their sum."""
    gradient = np.zeros(logits.shape)
    np.add.at(gradient, rows, scipy.special.softmax(logits, axis=-1)[rows])
    np.add.at(gradient, (rows, labels), -1)
    return -scipy.special.log_softmax(logits.astype("float64"), axis=-1)[rows, labels], gradient


@pytest.mark.parametrize("backend", BACKENDS)
def test_fewer_labels_than_rows_and_one_for_all(backend):
    x, few, one = pt.fmatrix("x"), pt.lvector("few"), pt.lvector("one")
    losses = -log_softmax(x, axis=-1)[pt.arange(few.shape[0]), few], -pt.log(softmax(x, axis=-1))[rows_of(x), one]
    outputs = [output for loss in losses for output in (loss, pytensor.grad(loss.sum(), x))]
    with uncompiled(backend):
        function = pytensor.function([x, few, one], outputs, mode=mode(backend))
        found = map(np.asarray, function(X, np.array([2, 0]), np.array([2])))
    known = (*expected(X, np.arange(2), [2, 0]), *expected(X, np.arange(4), [2] * 4))
    for result, value in zip(found, known, strict=True):
        np.testing.assert_allclose(result, value, rtol=1e-5, atol=1e-6)


def test_weights_of_rows_and_of_labels():
    """What has an entry for each row, and what has one for each label, keep their lengths."""
    x, y, of_rows, of_labels = pt.dmatrix("x"), pt.lvector("y"), pt.dvector("of_rows"), pt.dvector("of_labels")
    loss = -of_labels * (log_softmax(x, axis=-1) * of_rows[:, None])[pt.arange(y.shape[0]), y]
    inputs, outputs = [x, y, of_rows, of_labels], [loss, pytensor.grad(loss.sum(), x)]
    function = pytensor.function(inputs, outputs, mode=RECOGNIZING)
    assert any(isinstance(node.op, SoftmaxCrossentropy) for node in function.maker.fgraph.toposort())
    arrays = [X.astype("float64"), np.array([2, 0]), np.arange(1.0, 5), np.array([3.0, 5])]
    for result, alone in zip(function(*arrays), pytensor.function(inputs, outputs, mode=ALONE)(*arrays), strict=True):
        np.testing.assert_allclose(result, alone, rtol=1e-12)


def test_labels_of_which_a_graph_shows_that_there_are_as_many_as_rows():
    """What is subtracted from a number for each row would be refused, were it shorter."""
    x, y = pt.dmatrix("x"), pt.lvector("y")
    loss = pt.logsumexp(x, axis=-1) - x[pt.arange(y.shape[0]), y]
    function = pytensor.function([x, y], loss, mode=RECOGNIZING)
    assert any(isinstance(node.op, SoftmaxCrossentropy) for node in function.maker.fgraph.toposort())
    with pytest.raises(ValueError, match="shape mismatch"):
        function(X.astype("float64"), np.array([2, 0]))


@pytest.mark.parametrize(
    "write",
    [
        lambda x, y: x[pt.arange(y.shape[0]), y],
        lambda x, y: x[rows_of(x), y],
        lambda x, y: pt.take_along_axis(x, y[:, None], axis=-1)[:, 0],
    ],
)
@pytest.mark.parametrize("label", [-5, 4])
def test_the_error_names_the_label_that_was_given(write, label):
    x, y = pt.dmatrix("x"), pt.lvector("y")
    function = pytensor.function([x, y], -write(log_softmax(x, axis=-1), y), mode=RECOGNIZING)
    with pytest.raises(LabelError, match=f"label {label} at position .2"):
        function(X.astype("float64"), np.array([0, -3, label, 1]))


def test_more_labels_than_rows():
    x, y = pt.dmatrix("x"), pt.lvector("y")
    function = pytensor.function([x, y], -log_softmax(x, axis=-1)[pt.arange(y.shape[0]), y], mode=RECOGNIZING)
    with pytest.raises(IndexError, match=r"labels \(5,\) cannot index rows \(4,\)"):
        function(X.astype("float64"), np.zeros(5, int))


def check(seed):
    """The same values, shapes and dtypes as without recognition, or errors from both."""
    try:
        graph = spelling(seed)
    except (IndexError, ValueError) as error:  # PyTensor sees from static shapes that labels and rows do not fit
        assert any(text in str(error) for text in ("could not be broadcast together", "Incompatible Elemwise input"))
        return
    with pytensor.config.change_flags(on_opt_error="raise"):
        found, alone = results(graph, RECOGNIZING), results(graph, ALONE)
    assert isinstance(found, Exception) == isinstance(alone, Exception), (seed, graph.words, found, alone)
    if isinstance(found, Exception):
        return
    tolerance = 2e-5 if {"float32", "cast"} & set(map(str, graph.words)) else 1e-9
    for result, value in zip(found, alone, strict=True):
        assert (result.shape, result.dtype) == (value.shape, value.dtype), (seed, graph.words)
        # what is NaN or infinite without recognition may become right
        result = np.where(np.isfinite(value), result, value)
        np.testing.assert_allclose(result, value, rtol=tolerance, atol=tolerance, err_msg=f"seed {seed}: {graph.words}")


@pytest.mark.parametrize("part", [0, *(pytest.param(i, marks=pytest.mark.exhaustive) for i in range(1, 50))])
def test_random_spellings(part):
    for seed in range(part * GRAPHS, (part + 1) * GRAPHS):
        check(seed)


def test_one_label_of_each_list_in_an_index_that_counts_lists():
    """That there are as many lists says nothing of their labels."""
    x, y = pt.dtensor3("x"), pt.lmatrix("y")
    loss = pt.logsumexp(x, axis=-1) - x[pt.arange(y.shape[0])[:, None], pt.arange(x.shape[1]), y]
    logits, labels = RNG.normal(size=(3, 2, 4)), np.array([[0], [3], [-2]])
    found, alone = (pytensor.function([x, y], loss, mode=chosen)(logits, labels) for chosen in (RECOGNIZING, ALONE))
    np.testing.assert_allclose(found, alone, rtol=1e-12)
