"""The recursions of CTC on each backend give what the expression gives, and treat bad inputs as they can."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import CANNOT_RAISE, PACKAGES, REWRITTEN, dtypes, mode, parameter
from pytensor.compile.mode import Mode

from objectives.ops import ctc
from objectives.ops.ctc import CTC, CTCGradient, LengthError, SequenceLabelError

TOLERANCE = {"float32": {"rtol": 2e-6, "atol": 2e-6}, "float64": {"rtol": 1e-12, "atol": 1e-12}}
BLANK = 2
# (items, frames, classes, labels); the last is shared among threads
SHAPES = [(0, 4, 3, 2), (3, 0, 3, 2), (3, 4, 3, 0), (1, 1, 3, 1), (7, 9, 5, 4), (60, 40, 4, 6), (33, 70, 60, 25)]
RUNS = [pytest.param((b, d), marks=parameter(b).marks, id=f"{b}-{d}") for b in PACKAGES for d in dtypes(b)]
RUNS += [pytest.param(("NumPy", d), id=f"NumPy-{d}") for d in TOLERANCE]
EXACT = Mode(linker="py", optimizer=None)


def variables(dtype):
    return [pt.tensor3(dtype=dtype), pt.lmatrix(), pt.lvector(), pt.lvector(), pt.vector(dtype=dtype)]


def outputs(z, y, il, tl, g):
    loss, log_alpha = CTC(blank=BLANK)(z, y, il, tl)
    return [loss, log_alpha, CTCGradient(blank=BLANK)(z, y, il, tl, log_alpha, g)]


def arrays(dtype, shape, seed=0):
    """Of random lengths, with anything beyond them, repeated labels, and items without alignments."""
    rng, (batch, num_frames, num_classes, num_labels) = np.random.default_rng([seed, *shape]), shape
    z = rng.normal(scale=2, size=shape[:3]).astype(dtype)
    y = rng.integers(0, num_classes - 1, (batch, num_labels))
    y += y >= BLANK
    il, tl = rng.integers(0, num_frames + 1, batch), rng.integers(0, num_labels + 1, batch)
    z[np.arange(num_frames) >= il[:, None]] = np.nan
    y[np.arange(num_labels) >= tl[:, None]] = -7
    return [z, y, il, tl, rng.normal(size=batch).astype(dtype)]


def test_shapes_are_known():
    """Without a computation."""
    z, y, il, tl, _ = variables("float64")
    loss, log_alpha = CTC(blank=BLANK)(z, y, il, tl)
    function = pytensor.function(
        [z, y, il, tl], [loss.shape, log_alpha.shape], mode=REWRITTEN, on_unused_input="ignore"
    )
    assert not any(isinstance(node.op, CTC) for node in function.maker.fgraph.apply_nodes)
    for shape, found in zip([(7,), (7, 9, 9)], function(*arrays("float64", SHAPES[4])[:4]), strict=True):
        np.testing.assert_array_equal(found, shape)


@pytest.fixture(scope="module")
def expression():
    inputs = variables("float64")
    loss, log_alpha = CTC(blank=BLANK).build_inner_graph(*inputs[:4])
    gradient = CTCGradient(blank=BLANK).build_inner_graph(*inputs[:4], log_alpha, inputs[4])[0]
    return pytensor.function(inputs, [loss, log_alpha, gradient], mode=EXACT)


@pytest.fixture(scope="module", params=RUNS)
def kernel(request):
    """The backend, the dtype and a function that cannot have come from the expression, nor from NumPy but its own."""
    backend, dtype = request.param
    inputs = variables(dtype)
    results = outputs(*inputs)
    with pytest.MonkeyPatch.context() as patch:
        if backend != "CVM":  # whose rewrites build the expression, for the types of its outputs
            patch.delattr(ctc, "_Lattice")
        if backend != "NumPy" and (backend != "CVM" or pytensor.config.cxx):
            patch.delattr(ctc, "_lattice")
        function = pytensor.function(inputs, results, mode=EXACT if backend == "NumPy" else mode(backend))
        function(*arrays(dtype, SHAPES[4]))  # traced by some at the first call
    return backend, dtype, lambda *given: [np.asarray(result) for result in function(*given)]


def test_the_kernel_agrees_with_the_expression(kernel, expression):
    backend, dtype, function = kernel
    for shape in SHAPES:
        if backend == "MLX" and 0 in shape:
            continue  # it cannot index arrays without entries
        given = arrays(dtype, shape)
        wanted = expression(*(a.astype("float64") if a.dtype.kind == "f" else a for a in given))
        infeasible = np.isinf(wanted[0])
        if shape[0] > 3:
            assert infeasible.any() and not infeasible.all() and (wanted[2][infeasible] == 0).all()
        for found, expected in zip(function(*given), wanted, strict=True):
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, **TOLERANCE[dtype], err_msg=str(shape))


def test_frames_beyond_the_length_have_no_gradient(kernel):
    _, dtype, function = kernel
    z, y, il, tl, g = arrays(dtype, SHAPES[5])
    gradient = function(z, y, il, tl, g)[2]
    assert (gradient[np.arange(z.shape[1]) >= il[:, None]] == 0).all()


def test_nan_stays_in_its_item(kernel):
    _, dtype, function = kernel
    z, y, il, tl, g = arrays(dtype, SHAPES[4])
    il[2] = z.shape[1]
    z[2] = 0
    clean = function(z, y, il, tl, g)
    z[2, 3, 1] = np.nan
    loss, _, gradient = function(z, y, il, tl, g)
    assert np.isnan(loss[2]) and np.isnan(gradient[2, 3]).all()
    others = np.arange(len(loss)) != 2
    np.testing.assert_array_equal(loss[others], clean[0][others])
    np.testing.assert_array_equal(gradient[others], clean[2][others])


BAD = [
    ("il", (1,), 10, LengthError, r"input_lengths\[1\] is 10, which is outside \[0, 9\]"),
    ("il", (1,), -1, LengthError, r"input_lengths\[1\] is -1"),
    ("tl", (1,), 5, LengthError, r"target_lengths\[1\] is 5, which is outside \[0, 4\]"),
    ("tl", (1,), -3, LengthError, r"target_lengths\[1\] is -3"),
    ("y", (1, 1), 5, SequenceLabelError, r"targets\[1, 1\] is 5, which is outside \[0, 5\)"),
    ("y", (1, 1), -1, SequenceLabelError, r"targets\[1, 1\] is -1"),
    ("y", (1, 1), 2**40, SequenceLabelError, r"targets\[1, 1\] is 1099511627776"),
    ("y", (1, 1), BLANK, SequenceLabelError, r"targets\[1, 1\] is 2, which is the blank"),
]


def test_bad_lengths_and_labels(kernel):
    backend, dtype, function = kernel
    z, y, il, tl, g = arrays(dtype, SHAPES[4])
    z = np.nan_to_num(z)
    il[1], tl[1], y[1] = 9, 3, [0, 1, 3, -7]
    clean = function(z, y, il, tl, g)
    assert np.isfinite(clean[0][1])
    for name, index, value, error, text in BAD:
        given = {"y": y.copy(), "il": il.copy(), "tl": tl.copy()}
        given[name][index] = value
        if backend not in CANNOT_RAISE:
            with pytest.raises(error, match=text):
                function(z, *given.values(), g)
            continue
        found = function(z, *given.values(), g)
        for result, expected in zip(found, clean, strict=True):
            assert np.isnan(result[1]).all(), (name, value)
            others = np.arange(len(result)) != 1
            np.testing.assert_allclose(result[others], expected[others], **TOLERANCE[dtype])


def test_shapes_that_do_not_fit(kernel):
    _, dtype, function = kernel
    z, y, il, tl, g = arrays(dtype, SHAPES[4])
    for given in [(z, y[1:], il, tl), (z, y, il[1:], tl), (z, y, il, tl[1:]), (z[..., :2], y, il, tl)]:
        with pytest.raises(ValueError, match=r"shape mismatch|blank must be a class"):
            function(*given, g)


def test_long_sequences(kernel):
    """Occupancies keep their digits where forward variables are in the thousands."""
    backend, dtype, function = kernel
    rng = np.random.default_rng(9)
    z, y = rng.normal(scale=3, size=(2, 500, 40)).astype(dtype), rng.integers(3, 40, (2, 120))
    given = [z, y, np.array([500, 480]), np.array([120, 100]), np.ones(2, dtype)]
    inputs = variables("float64")
    exact = pytensor.function(inputs, outputs(*inputs), mode=EXACT)
    wanted = exact(*(a.astype("float64") if a.dtype.kind == "f" else a for a in given))
    found = function(*given)
    assert wanted[0].min() > 1000
    tolerance = {"MLX": 5e-5}.get(backend, 1e-6 if dtype == "float32" else 1e-10)
    np.testing.assert_allclose(found[0], wanted[0], rtol=tolerance)
    np.testing.assert_allclose(found[2], wanted[2], rtol=0, atol=tolerance)


def test_views_are_fine(kernel):
    _, dtype, function = kernel
    given = arrays(dtype, SHAPES[4])
    wanted = function(*given)
    view = [
        np.asfortranarray(given[0]),
        np.repeat(given[1], 2, axis=-1)[:, ::2],
        *(np.repeat(a, 2)[::2] for a in given[2:]),
    ]
    for found, expected in zip(function(*view), wanted, strict=True):
        np.testing.assert_array_equal(found, expected)


def moved(array, offset):
    """A copy that begins some bytes into its memory."""
    memory = np.empty(array.nbytes + 64, "uint8")
    copy = memory[offset : offset + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def test_addresses_do_not_matter(kernel):
    """Loops that may overlap are computed in another way, which rounds otherwise, where arrays are close by chance."""
    _, dtype, function = kernel
    given = arrays(dtype, SHAPES[4])
    wanted = function(*given)
    for call in range(400):
        for found, expected in zip(function(*(moved(a, 8 * (call % 8)) for a in given)), wanted, strict=True):
            np.testing.assert_array_equal(found, expected)
