"""The kernels of crossentropy and multi-class hinge give what their expressions give, for every choice of options."""

from functools import cache
from itertools import product

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import parameter
from pytensor.compile.mode import get_mode

from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient
from objectives.ops.labels import LabelError
from objectives.ops.margin import MulticlassHinge, MulticlassHingeGradient

TOLERANCE = {"float32": {"rtol": 5e-6, "atol": 2e-6}, "float64": {"rtol": 1e-13, "atol": 1e-14}}
# Rows below 48 classes are computed in blocks of rows; the last two are shared among threads.
SHAPES = [(0, 3), (1, 1), (70, 5), (301, 47), (37, 48), (5, 3001), (40_000, 6), (300, 900)]
COMBINATIONS = [flags for flags in product([False, True], repeat=4) if sum(flags) % 2 == 0]  # all of each two
BACKENDS = [parameter("NUMBA"), parameter("PYTORCH"), parameter("JAX")]


def variables(dtype, dense, names):
    logits, targets = pt.matrix(dtype=dtype), pt.matrix(dtype=dtype) if dense else pt.lvector()
    available = {"class_weights": pt.vector(dtype=dtype), "label_smoothing": pt.scalar(dtype=dtype)}
    available |= {"logit_softcap": pt.scalar(dtype=dtype), "z_loss": pt.scalar(dtype=dtype)}
    available["mask"] = pt.vector(dtype=bool)
    return [logits, targets, *(pt.vector(dtype=dtype) for _ in range(2))], {name: available[name] for name in names}


def arrays(dtype, dense, names, shape):
    rng = np.random.default_rng(shape)
    logits = (3 * rng.normal(size=shape)).astype(dtype)
    targets = rng.dirichlet(np.ones(shape[1]), shape[0]).astype(dtype) if dense else rng.integers(0, shape[1], shape[0])
    mask = rng.random(shape[0]) < 0.7
    weights = rng.random(shape[1]).astype(dtype)
    weights[0] = 0
    numbers = {"label_smoothing": 0.2, "logit_softcap": 4, "z_loss": 0.01}
    available = {name: np.asarray(number, dtype) for name, number in numbers.items()}
    available |= {"class_weights": weights, "mask": mask}
    if "mask" in names:
        logits[~mask] = np.nan
        targets[~mask] = -100
    a, b = rng.normal(size=(2, shape[0])).astype(dtype)
    return [logits, targets, a, b, *(available[name] for name in names)]


def options_of(weighted, smoothed, masked, penalized):
    flags = {"class_weights": weighted, "label_smoothing": smoothed, "mask": masked}
    flags |= {"logit_softcap": penalized, "z_loss": penalized}
    return tuple(name for name, given in flags.items() if given)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("dense", "weighted", "smoothed", "masked"), COMBINATIONS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_crossentropy(backend, dense, weighted, smoothed, masked, dtype):
    if (backend, dtype) != ("NUMBA", "float32") and (weighted, smoothed) != (masked, masked):
        pytest.skip("the options are tried one by one in float32 on Numba, whose kernels are specialized by them")
    names = options_of(weighted, smoothed, masked, penalized=dense != weighted or dtype == "float64")
    inputs, options = variables(dtype, dense, names)
    together = SoftmaxCrossentropyGradient(options=names, with_loss=True)(*inputs, *options.values())
    function = pytensor.function([*inputs, *options.values()], together, mode=get_mode(backend))
    expected = pytensor.function(
        [*inputs, *options.values()],
        [
            SoftmaxCrossentropy.expression(*inputs[:2], **options),
            SoftmaxCrossentropyGradient.expression(*inputs, **options),
        ],
        on_unused_input="ignore",
    )
    for shape in SHAPES if backend == "NUMBA" else SHAPES[2:4]:
        values = arrays(dtype, dense, names, shape)
        for result, reference in zip(function(*values), expected(*values), strict=True):
            assert result.shape == reference.shape
            np.testing.assert_allclose(result, reference, **TOLERANCE[dtype], err_msg=str(shape))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_hinge(backend, dtype):
    inputs, options = variables(dtype, False, ["mask"])
    options = {"delta": pt.vector(dtype=dtype), **options}
    scores, labels, weight, _ = inputs
    together = MulticlassHingeGradient(options=tuple(options), with_loss=True)(
        scores, labels, weight, *options.values()
    )
    arguments = [scores, labels, weight, *options.values()]
    expressions = [
        MulticlassHinge.expression(scores, labels, **options),
        MulticlassHingeGradient.expression(scores, labels, weight, **options),
    ]
    function = pytensor.function(arguments, together, mode=get_mode(backend))
    expected = pytensor.function(arguments, expressions)
    for shape in SHAPES[2:]:
        values = arrays(dtype, False, ["mask"], shape)
        scores = np.round(values[0])  # with ties
        values = [scores, *values[1:3], np.full(shape[0], 0.5, dtype), values[-1]]
        for result, reference in zip(function(*values), expected(*values), strict=True):
            np.testing.assert_allclose(result, reference, rtol=2e-6, atol=1e-7, err_msg=str(shape))


@cache
def numba_forms(ndim):
    """Loss and gradient, the gradient alone and in place, and their expressions, by rank of the logits.

    Those of rank 3 are capped, and their partition functions penalized.
    """
    logits = pt.tensor(dtype="float32", shape=(None,) * ndim)
    labels = pt.tensor(dtype="int64", shape=(None,) * (ndim - 1))
    # a mask and weights with lengths of 1, which are broadcast
    mask = pt.tensor(dtype="bool", shape=(None,) * (ndim - 1))
    g = pt.tensor(dtype="float32", shape=(None,) * (ndim - 1))
    given = {"mask": mask} | ({"logit_softcap": np.float32(8), "z_loss": np.float32(0.1)} if ndim == 3 else {})
    op = SoftmaxCrossentropyGradient.of
    inputs = [logits, labels, g, mask]
    outputs = [SoftmaxCrossentropy.of(logits, labels, **given), op(logits, labels, g, g, **given)]
    inplace = op(2 * logits, labels, g, g, **given)
    alone = get_mode("NUMBA").excluding("loss_fusion")
    functions = (
        pytensor.function(inputs, outputs, mode=alone, on_unused_input="ignore"),
        pytensor.function(inputs, inplace, mode=get_mode("NUMBA")),
        pytensor.function(inputs, outputs),
    )
    assert any(getattr(node.op, "inplace", False) for node in functions[1].maker.fgraph.apply_nodes)
    return functions


@pytest.mark.parametrize("view", ["contiguous", "strided", "fortran", "broadcast"])
@pytest.mark.parametrize("shape", [(7,), (9, 60), (2, 3, 5)])
def test_forms_and_strides(shape, view):
    rng = np.random.default_rng(0)
    items = shape[:-1]
    logits = rng.normal(size=shape).astype("float32")
    labels, g, mask = rng.integers(0, shape[-1], items), rng.normal(size=items).astype("float32"), rng.random(items) < 2
    values = [logits, np.asarray(labels), np.asarray(g), np.asarray(mask)]
    if view == "strided":
        values = [np.repeat(v, 2, axis=-1)[..., ::2] if v.ndim else v for v in values]
    elif view == "fortran":
        values = [np.asfortranarray(v) if v.ndim else v for v in values]
    elif view == "broadcast":
        values[2:] = [v[:1] if v.ndim else v for v in values[2:]]
    kept = [v.copy() for v in values]
    function, inplace, reference = numba_forms(len(shape))
    contiguous = [np.array(v) for v in [*values[:2], *(np.broadcast_to(v, items) for v in values[2:])]]
    for result, wanted in zip(function(*values), reference(*contiguous), strict=True):
        assert result.shape == wanted.shape
        np.testing.assert_allclose(result, wanted, rtol=2e-6, atol=1e-7)
    contiguous[0] *= 2
    np.testing.assert_allclose(inplace(*values), reference(*contiguous)[1], rtol=2e-6, atol=1e-7)
    for before, after in zip(kept, values, strict=True):
        np.testing.assert_array_equal(before, after)  # in place never reaches the inputs


@pytest.mark.parametrize("ndim", [2, 3])
def test_extremes(ndim):
    function, _, reference = numba_forms(ndim)
    inf, nan = np.inf, np.nan
    logits = np.array(
        [
            [1000, -1000, 0],
            [-1000, 1000, 0],
            [-inf, 0, 1],
            [0, -inf, 1],
            [nan, 0, 0],
            [inf, 0, 0],
            [-inf] * 3,
            [1e30, 0, 0],
        ]
    ).astype("float32")
    logits = np.concatenate([logits, np.full((8, 60), -5, "float32")], axis=1)[:, :60]
    for width in (3, 60):  # short and long rows
        items = (8,) if ndim == 2 else (8, 1)
        z = np.reshape(logits[:, :width], (*items, width))
        values = [z, np.zeros(items, "int64"), np.ones(items, "float32"), np.ones(items, bool)]
        with np.errstate(invalid="ignore"):
            for result, wanted in zip(function(*values), reference(*values), strict=True):
                np.testing.assert_allclose(result, wanted, rtol=2e-6)


@pytest.mark.parametrize("shape", [(4, 5), (2, 2, 5)])
def test_errors(shape):
    function, *_ = numba_forms(len(shape))
    items = shape[:-1]
    values = [np.zeros(shape, "float32"), np.zeros(items, int), np.ones(items, "float32"), np.ones(items, bool)]
    for label in (-1, 5, 2**40):
        labels = values[1].copy()
        labels[tuple(n - 1 for n in items)] = label
        with pytest.raises(LabelError, match=rf"label {label} at position \({items[0] - 1}, ?\d?\)"):
            function(values[0], labels, *values[2:])
        mask = labels == 0
        assert np.isfinite(function(values[0], labels, values[2], mask)[0]).all()
    with pytest.raises(ValueError, match="shape mismatch"):
        function(values[0][:-1], *values[1:])
    with pytest.raises(ValueError, match="length 0"):
        function(values[0][..., :0], *values[1:])
