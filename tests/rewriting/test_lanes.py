"""Reductions over axes with others behind them, whose rows lie side by side, are one loop as well."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import get_mode
from pytensor.graph.fg import FunctionGraph
from pytensor.tensor.math import Max, Sum
from rewriting.test_row_loops import ON_C, ON_EACH, assert_same, is_loop, loops_of_the_same, without_loops

import objectives
from objectives import squared_error
from objectives.ops.rows import KINDS, Rows

AXES = (1, 2)
ROWS = Rows(4, 2, 1)
# Which axes of operands have length 1, for each kind; the last ones lack the axes of a row.
REPEATED = {
    "x": (0, 0, 0, 0),
    "y": (0, 0, 0, 0),
    "column": (1, 0, 0, 0),
    "item": (0, 0, 0, 1),
    "place": (1, 0, 0, 1),
    "lane": (1, 1, 1, 0),
    "outer": (0, 1, 1, 1),
    "row": (0, 1, 1, 0),
    "flat row": (0, 0),
    "flat lane": (1, 0),
    "flat outer": (0, 1),
}
# Few lanes, some that fill a tile in part, a tile and more, none, one of each
SHAPES = [(2, 5, 7, 4), (3, 2, 3, 200), (2, 3, 3, 700), (1, 40, 40, 129), (1, 30, 33, 1), (2, 1, 1, 3), (1, 1, 1, 1)]
SHAPES += [(0, 2, 2, 2), (2, 2, 2, 0), (4, 200, 201, 5), (2, 20, 30, 301)]


def operands(dtype):
    def tensor(name, repeated, dtype=dtype):
        return pt.tensor(name, dtype=dtype, shape=tuple(1 if length else None for length in repeated))

    return [*(tensor(*named) for named in REPEATED.items()), tensor("mask", (0, 0, 0, 1), "bool")]


def values(shape, dtype="float32"):
    rng = np.random.default_rng(sum(shape))
    kept = {4: shape, 2: (shape[0], shape[3])}
    shapes = [tuple(np.where(r, 1, kept[len(r)])) for r in REPEATED.values()]
    return [*(rng.normal(size=s).astype(dtype) for s in shapes), rng.random((*shape[:3], 1)) < 0.7]


def tangled(rng, inputs, steps=14):
    """Expressions of operands of all kinds, through reductions and through what no loop computes."""
    x, y, *repeated, row, flat_row, flat_lane, flat_outer, mask = inputs
    full, rows, flat_rows, outputs = [x, y], [row], [flat_row * flat_lane - flat_outer], []

    def pick(known):
        return known[rng.integers(len(known))]

    for _ in range(steps):
        kind, a = rng.integers(8), pick(full)
        if kind == 0:
            full.append(pt.tanh(a - pick(full) * 0.5))
        elif kind == 1:
            full.append(pt.sigmoid(a * pick(repeated)) + pt.tanh(pick(rows)))
        elif kind == 2:
            flat_rows.append(pt.log1p((a * pick(full)).sum(axis=AXES) ** 2) - pick(flat_rows))
        elif kind == 3:
            rows.append(a.max(axis=AXES, keepdims=True) - pick(rows))
        elif kind == 4:
            full.append(pt.switch(mask, a, pick(flat_rows)[:, None, None, :]))
        elif kind == 5:
            full.append(pt.switch(a > pick(repeated), a, a.mean(axis=AXES, keepdims=True)))
        elif kind == 6:
            full.append(pt.tanh(pt.cumsum(a, axis=0)))
        else:
            outputs.append(pt.tanh(a).mean())
            full.append(a * outputs[-1])
    return [*outputs, rows[-1], flat_rows[-1], full[-1], full[-2].sum()]


def test_random_graphs():
    """The loops need none of their own results, and their graphs compute what the graph did."""
    formed, kinds = 0, set()
    for seed in range(40):
        inputs = operands("float32")
        outputs = tangled(np.random.default_rng(seed), inputs)
        loops = loops_of_the_same(inputs, outputs, values((3, 2, 3, 4)), seed)
        formed += len(loops)
        kinds.update(ROWS.kind(v) for loop in loops for v in loop.inputs)
    assert formed > 40
    assert kinds >= KINDS.keys()


@pytest.mark.parametrize(
    ("backend", "dtype"),
    [("NUMBA", "float32"), pytest.param("CVM", "float32", marks=ON_C), pytest.param("CVM", "float64", marks=ON_C)],
)
def test_kernels(backend, dtype):
    """Lanes of all numbers, several threads, no rows and no lanes, arrays of any layout and NaN."""
    inputs = operands(dtype)
    x, y, *repeated, row, flat_row, flat_lane, _, mask = inputs
    a = pt.tanh(x * repeated[0] + repeated[1]) * repeated[2] + repeated[3]
    b = pt.switch(mask, a * repeated[4] + row, y)
    result = pt.log1p(b.sum(axis=AXES) ** 2) + flat_row * flat_lane
    c = pt.tanh(b - b.max(axis=AXES, keepdims=True)) * result[:, None, None, :]
    outputs = [result, c.sum(axis=AXES), (x * y).max(axis=AXES), c, (c * c).mean(), squared_error(x, y).sum()]
    function = pytensor.function(inputs, outputs, mode=backend, on_unused_input="ignore")
    (loop,) = filter(is_loop, function.maker.fgraph.apply_nodes)
    assert {loop.op.rows.kind(v) for v in loop.inputs} >= KINDS.keys() - {"single"}
    plain = pytensor.function(inputs, outputs, mode=without_loops(backend), on_unused_input="ignore")
    transposed, unknown = values((2, 5, 7, 4), dtype), values((2, 5, 7, 4), dtype)
    transposed[:2] = [np.asfortranarray(array) for array in transposed[:2]]
    unknown[1][1, 2, 3, 1] = np.nan
    backwards = [array[::-1, ..., ::-1] for array in values((2, 5, 7, 4), dtype)]
    tolerance = {"rtol": 2e-3, "atol": 3e-4} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-11}
    batches = [*(values(shape, dtype) for shape in SHAPES), transposed, unknown, backwards]
    assert_same(function, plain, batches, tolerance)


@ON_EACH
def test_lengths_that_differ_are_refused(backend):
    inputs = operands("float32")
    x, y, column, item, *_ = inputs
    outputs = (squared_error(x, y) * column * item).sum(axis=AXES)
    function = pytensor.function([x, y, column, item], outputs, mode=backend)
    arrays = values((2, 5, 7, 4))[:4]
    assert any(map(is_loop, function.maker.fgraph.apply_nodes))
    function(*arrays)
    for k, shape in enumerate([(2, 5, 7, 3), (2, 5, 1, 4), (1, 5, 7, 3), (2, 5, 6, 1)]):
        wrong = [*arrays[:k], np.ones(shape, "float32"), *arrays[k + 1 :]]
        with pytest.raises(ValueError, match="shape mismatch in an expression over rows"):
            function(*wrong)


@ON_EACH
@pytest.mark.parametrize("loss", [objectives.dice_loss, objectives.iou_loss, objectives.tversky_loss])
@pytest.mark.parametrize("targets", [pt.tensor4(dtype="float32"), pt.tensor3(dtype="int64")])
def test_losses_of_pixels_and_their_gradients_are_one_loop(loss, targets, backend):
    """One-hot rows of labels are in it, too."""
    x = pt.tensor4(dtype="float32")
    value = objectives.aggregate(loss(x, targets))
    fgraph = FunctionGraph([x, targets], [value, pytensor.grad(value, x)])
    get_mode(backend).optimizer.rewrite(fgraph)
    nodes = fgraph.toposort()
    assert len(list(filter(is_loop, nodes))) == 1
    assert not any(isinstance(node.op, Sum | Max) and node.inputs[0].ndim > 2 for node in nodes)
    assert all(is_loop(node) or node.outputs[0].ndim < 4 or any(node.outputs[0].type.broadcastable) for node in nodes)
