"""CTC beyond its rows: sums over all alignments, impossible alignments, lengths, padding and misuse."""

from itertools import groupby, pairwise, product

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from lazy import optax
from pytensor.graph.traversal import ancestors

from objectives.losses.sequence import ctc_forward_variables, ctc_loss
from objectives.ops.ctc import CTC, LengthError, SequenceLabelError

Z, Y, FRAMES, LABELS = pt.dtensor3("z"), pt.lmatrix("y"), pt.lvector("i"), pt.lvector("l")


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=-1, keepdims=True)


def alignments(labels, num_frames, num_classes, blank=0):
    """All assignments of classes to frames that become these labels: merge repeats, then drop blanks."""
    for path in product(range(num_classes), repeat=num_frames):
        if [c for c, _ in groupby(path) if c != blank] == list(labels):
            yield path


@pytest.fixture(scope="module")
def function():
    loss = ctc_loss(Z, Y, input_lengths=FRAMES, target_lengths=LABELS)
    return pytensor.function([Z, Y, FRAMES, LABELS], [loss, pytensor.grad(loss.sum(), Z)])


@pytest.fixture(scope="module")
def forward():
    outputs = ctc_forward_variables(Z, Y, input_lengths=FRAMES, target_lengths=LABELS)
    return pytensor.function([Z, Y, FRAMES, LABELS], outputs)


SEQUENCES = [[], [1], [2], [1, 1], [1, 2], [2, 1, 2], [2, 2, 1], [1, 1, 1]]


def batch(num_frames, num_classes=3, seed=0):
    z = np.random.default_rng(seed).normal(scale=2, size=(len(SEQUENCES), num_frames, num_classes))
    y = np.zeros((len(SEQUENCES), 3), "int64")
    for row, labels in zip(y, SEQUENCES, strict=True):
        row[: len(labels)] = labels
    return z, y, np.full(len(SEQUENCES), num_frames), np.array([len(labels) for labels in SEQUENCES])


@pytest.mark.parametrize("num_frames", [1, 2, 3, 4, 5, 6])
def test_the_sum_over_all_alignments(function, num_frames):
    """Value and gradient; +inf and 0 where there is no alignment, as where repeats lack a frame between them."""
    z, *others = batch(num_frames)
    loss, gradient = function(z, *others)
    for i, labels in enumerate(SEQUENCES):
        log_p, paths = log_softmax(z[i]), np.array(list(alignments(labels, num_frames, 3)))
        needed = len(labels) + sum(a == b for a, b in pairwise(labels))
        assert (len(paths) == 0) == (num_frames < needed)
        if not len(paths):
            assert loss[i] == np.inf and (gradient[i] == 0).all()
            continue
        p = np.exp(log_p[np.arange(num_frames), paths].sum(axis=1))
        np.testing.assert_allclose(loss[i], -np.log(p.sum()), rtol=1e-12, atol=1e-14)
        occupancy = np.einsum("p,ptc->tc", p / p.sum(), np.eye(3)[paths])
        np.testing.assert_allclose(gradient[i], np.exp(log_p) - occupancy, rtol=1e-10, atol=1e-13)


def test_forward_variables_are_sums_over_partial_alignments(forward):
    num_frames = 4
    z, y, *lengths = batch(num_frames, seed=1)
    blanks, labels = forward(z, y, *lengths)
    for i, sequence in enumerate(SEQUENCES):
        log_p = log_softmax(z[i])
        for t in range(num_frames):
            expected_blanks, expected_labels = np.zeros(4), np.zeros(3)
            for path in product(range(3), repeat=t + 1):
                merged = [c for c, _ in groupby(path) if c]
                if merged == sequence[: len(merged)]:
                    p = np.exp(log_p[np.arange(t + 1), path].sum())
                    if path[-1] == 0:
                        expected_blanks[len(merged)] += p
                    else:
                        expected_labels[len(merged) - 1] += p
            np.testing.assert_allclose(np.exp(blanks[i, t]), expected_blanks, rtol=1e-10)
            np.testing.assert_allclose(np.exp(labels[i, t]), expected_labels, rtol=1e-10)


@pytest.mark.needs("jax", "optax")
def test_forward_variables_are_those_of_optax(forward):
    """optax puts time first, writes -1e5 for impossible states, and adds labels to the blanks after the last frame."""
    rng = np.random.default_rng(2)
    z, y, il, tl = (
        rng.normal(size=(4, 9, 5)),
        rng.integers(1, 5, (4, 3)),
        np.array([9, 7, 8, 5]),
        np.array([3, 2, 0, 1]),
    )
    frames, labels = np.arange(9) >= il[:, None], np.arange(3) >= tl[:, None]
    loss, theirs_blank, theirs_label = map(
        np.asarray, optax.losses.ctc_loss_with_forward_probs(z, frames.astype(float), y, labels.astype(float))
    )
    ours_blank, ours_label = forward(z, y, il, tl)
    last = np.array(
        [np.logaddexp(ours_blank[i, -1, n], ours_label[i, -1, n - 1] if n else -np.inf) for i, n in enumerate(tl)]
    )
    np.testing.assert_allclose(-last, loss, rtol=1e-12)
    assert (ours_label.transpose(1, 0, 2)[:, labels] == -np.inf).all()
    for ours, theirs in ((ours_blank[:, :-1], theirs_blank[:-1]), (ours_label, theirs_label)):
        ours = ours.transpose(1, 0, 2)
        reached = np.isfinite(ours)
        assert reached.sum() > 40
        np.testing.assert_allclose(ours[reached], theirs[reached], rtol=1e-12)
        inside = np.arange(ours.shape[2]) <= tl[None, :, None] - (ours.shape[2] == 3)
        assert (theirs[np.broadcast_to(inside, ours.shape) & ~reached] < -9e4).all()


def test_the_gradient_of_forward_variables():
    """A loss made from the variables, added to the loss itself, has twice its gradient."""
    blanks, labels = ctc_forward_variables(Z, Y)
    by_variables = -pt.logaddexp(blanks[:, -1, -1], labels[:, -1, -1])
    by_itself = next(v.owner.outputs[0] for v in ancestors([blanks]) if v.owner and isinstance(v.owner.op, CTC))
    outputs = [pytensor.grad(loss.sum(), Z) for loss in (by_variables + by_itself, 2 * ctc_loss(Z, Y))]
    gradients = pytensor.function([Z, Y], outputs)(*batch(5, seed=3)[:1], np.tile([1, 2], (8, 1)))
    np.testing.assert_allclose(*gradients, rtol=1e-10, atol=1e-14)


def test_entries_beyond_the_lengths_are_not_read(function):
    rng = np.random.default_rng(4)
    z, y = rng.normal(size=(4, 6, 4)), rng.integers(1, 4, (4, 3))
    il, tl = np.array([6, 5, 4, 0]), np.array([3, 2, 0, 0])
    clean = function(z, y, il, tl)
    beyond = np.arange(6) >= il[:, None]
    bad = z.copy()
    for poison in (np.nan, np.inf, -np.inf):
        bad[beyond] = poison
        for label in (-(2**40), -1, 0, 4, 2**40):
            labels = np.where(np.arange(3) < tl[:, None], y, label)
            loss, gradient = function(bad, labels, il, tl)
            np.testing.assert_array_equal(loss, clean[0])
            np.testing.assert_array_equal(gradient, clean[1])
            assert (gradient[beyond] == 0).all()
    for i in range(4):  # an item alone, cut to its lengths
        loss, gradient = function(z[i : i + 1, : il[i]], y[i : i + 1, : tl[i]], il[i : i + 1], tl[i : i + 1])
        np.testing.assert_allclose(loss[0], clean[0][i], rtol=1e-13)
        np.testing.assert_allclose(gradient[0], clean[1][i, : il[i]], rtol=1e-10, atol=1e-14)
    assert clean[0][3] == 0, "no frames and no labels"
    np.testing.assert_allclose(clean[0][2], -log_softmax(z)[2, :4, 0].sum(), rtol=1e-13, err_msg="all frames blank")
    assert function(z[:1], y[:1], np.zeros(1, int), tl[:1])[0] == np.inf


def test_extreme_logits(function):
    inf = np.inf
    certain = np.array([[-800.0, 800], [800, -800]])
    impossible = np.array([[0, -inf], [0, -inf]])
    possible = np.array([[0, -inf], [-inf, 0]])
    z = np.stack([certain, -certain, impossible, possible, np.array([[0, 0], [np.nan, 0]])])
    loss, gradient = function(z, np.ones((5, 1), int), np.full(5, 2), np.ones(5, int))
    np.testing.assert_array_equal(loss, [0, 0, inf, 0, np.nan])
    assert np.isnan(gradient[4]).all() and (gradient[:4] == 0).all()
    wrong = np.array([[[1e4, 0], [1e4, 0]]])  # certain of the blank at both frames, and right at one
    loss, gradient = function(wrong, [[1]], [2], [1])
    np.testing.assert_allclose(loss, 1e4 - np.log(2), rtol=1e-12)
    np.testing.assert_allclose(gradient[0], [[0.5, -0.5], [0.5, -0.5]], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.needs("torch")
def test_long_sequences(dtype):
    """float32 stays accurate over 500 frames, where the loss and the log-probabilities reach thousands."""
    import torch

    rng = np.random.default_rng(5)
    z, y = rng.normal(scale=3, size=(3, 500, 40)).astype(dtype), rng.integers(1, 40, (3, 120))
    x = pt.tensor(dtype=dtype, shape=(None, None, None))
    loss = ctc_loss(x, Y)
    value, gradient = pytensor.function([x, Y], [loss, pytensor.grad(loss.sum(), x)])(z, y)
    assert value.dtype == gradient.dtype == dtype
    wide = torch.tensor(z.astype("float64"), requires_grad=True)
    log_p = torch.log_softmax(wide, -1).transpose(0, 1)
    lengths = torch.full((3,), 500), torch.full((3,), 120)
    expected = torch.nn.functional.ctc_loss(log_p, torch.tensor(y), *lengths, reduction="none")
    expected.sum().backward()
    tolerance = 1e-6 if dtype == "float32" else 1e-10
    assert expected.min() > 1000
    np.testing.assert_allclose(value, expected.detach(), rtol=tolerance)
    np.testing.assert_allclose(gradient, wide.grad, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64", "int64"])
def test_integers_of_any_width(function, dtype):
    z, *integers = batch(5)
    loss = ctc_loss(
        z,
        *(a.astype(dtype) for a in integers[:1]),
        input_lengths=integers[1].astype(dtype),
        target_lengths=integers[2].astype(dtype),
    )
    assert loss.dtype == "float64"
    np.testing.assert_array_equal(loss.eval(), function(z, *integers)[0])


def test_lengths_default_to_all():
    z, y = np.random.default_rng(6).normal(size=(2, 5, 4)), np.array([[1, 2], [3, 3]])
    all_of_them = ctc_loss(z, y, input_lengths=[5, 5], target_lengths=[2, 2])
    outputs = [ctc_loss(z, y), all_of_them, ctc_loss(z[..., ::-1], 3 - y, blank=3)]
    default, given, reversed_classes = pytensor.function([], outputs)()
    np.testing.assert_array_equal(default, given)
    np.testing.assert_allclose(default, reversed_classes, rtol=1e-13)


def test_items_outside_the_mask_may_have_any_length_and_label():
    mask = pt.vector("mask", dtype="bool")
    loss = ctc_loss(Z, Y, input_lengths=FRAMES, target_lengths=LABELS, mask=mask)
    function = pytensor.function([Z, Y, FRAMES, LABELS, mask], [loss, pytensor.grad(loss.sum(), Z)])
    z, y, il, tl = batch(5)
    clean = function(z, y, il, tl, np.ones(8, bool))
    z[3:6], y[3], il[4], il[5], tl[5] = np.nan, -7, 99, -1, 99
    loss, gradient = function(z, y, il, tl, mask_ := ~np.isin(np.arange(8), [3, 4, 5]))
    np.testing.assert_array_equal(loss, np.where(mask_, clean[0], 0))
    np.testing.assert_array_equal(gradient, np.where(mask_[:, None, None], clean[1], 0))


@pytest.mark.needs("jax", "optax", "torch")
def test_recipes():
    """The documented replacements for flags and reductions of other libraries."""
    import torch

    rng = np.random.default_rng(7)
    z, y = rng.normal(size=(4, 5, 4)), rng.integers(1, 4, (4, 4))
    il, tl = np.array([5, 5, 2, 4]), np.array([2, 0, 4, 1])
    y = np.where(np.arange(4) < tl[:, None], y, 0)
    loss = ctc_loss(Z, Y, input_lengths=FRAMES, target_lengths=LABELS)
    finite = pt.switch(pt.isinf(loss), 0, loss)
    keras = ctc_loss(Z, Y, target_lengths=pt.neq(Y, 0).sum(axis=1))
    frames, labels = pt.dmatrix(), pt.dmatrix()
    paddings = ctc_loss(
        Z, Y,
        input_lengths=(1 - frames).sum(axis=1).astype("int64"),
        target_lengths=(1 - labels).sum(axis=1).astype("int64"),
    )  # fmt: skip
    outputs = [finite, pytensor.grad(finite.sum(), Z), (finite / pt.maximum(LABELS, 1)).mean(), keras, paddings]
    compiled = pytensor.function([Z, Y, FRAMES, LABELS, frames, labels], outputs)
    padded = [(np.arange(n) >= lengths[:, None]).astype(float) for n, lengths in ((5, il), (4, tl))]
    zero_infinity, gradient, mean, keras, paddings = compiled(z, y, il, tl, *padded)

    x = torch.tensor(z, requires_grad=True)
    arguments = torch.log_softmax(x, -1).transpose(0, 1), *map(torch.tensor, (y, il, tl))
    ctc = torch.nn.functional.ctc_loss
    expected = ctc(*arguments, reduction="none", zero_infinity=True)
    np.testing.assert_allclose(zero_infinity, expected.detach(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(mean, ctc(*arguments, reduction="mean", zero_infinity=True).item(), rtol=1e-12)
    expected.sum().backward()
    np.testing.assert_allclose(gradient, x.grad, rtol=1e-10, atol=1e-14)
    theirs = np.asarray(optax.ctc_loss(z, padded[0], y, padded[1]))
    np.testing.assert_allclose(paddings[[0, 1, 3]], theirs[[0, 1, 3]], rtol=1e-12)
    assert paddings[2] == np.inf and 5e4 < theirs[2] < np.inf
    whole = np.asarray(optax.ctc_loss(z, 0 * padded[0], y, padded[1]))
    feasible = np.isfinite(keras)
    assert feasible.sum() == 3 and whole[~feasible] > 5e4
    np.testing.assert_allclose(keras[feasible], whole[feasible], rtol=1e-12)


@pytest.mark.needs("keras")
def test_keras():
    import keras

    z, y = np.random.default_rng(8).normal(size=(3, 6, 5)), np.array([[1, 2, 3], [4, 4, 0], [2, 0, 0]])
    loss = ctc_loss(Z, Y, target_lengths=pt.neq(Y, 0).sum(axis=1))
    value = pytensor.function([Z, Y], loss)(z, y)
    np.testing.assert_allclose(value, np.asarray(keras.losses.ctc(y, z)), rtol=1e-5)


def test_lengths_and_labels_out_of_range(function):
    z, y, il, tl = batch(4)

    def wrong(**changes):
        given = {"y": y, "il": il, "tl": tl}
        for name, (index, value) in changes.items():
            given[name] = given[name].copy()
            given[name][index] = value
        return function(z, *given.values())

    for changes, error, text in [
        ({"il": (2, 5)}, LengthError, r"input_lengths\[2\] is 5, which is outside \[0, 4\]"),
        ({"il": (0, -1)}, LengthError, r"input_lengths\[0\] is -1"),
        ({"tl": (7, 4)}, LengthError, r"target_lengths\[7\] is 4, which is outside \[0, 3\].*mask="),
        ({"tl": (1, -2)}, LengthError, r"target_lengths\[1\] is -2"),
        ({"y": ((4, 1), 3)}, SequenceLabelError, r"targets\[4, 1\] is 3, which is outside \[0, 3\)"),
        ({"y": ((4, 0), -1)}, SequenceLabelError, r"targets\[4, 0\] is -1, which is outside"),
        ({"y": ((6, 2), 0)}, SequenceLabelError, r"targets\[6, 2\] is 0, which is the blank.*target_lengths="),
    ]:
        with pytest.raises(error, match=text):
            wrong(**changes)
    assert issubclass(LengthError, ValueError) and issubclass(SequenceLabelError, IndexError)
    with pytest.raises(ValueError, match="logits have 8 items, but targets 7"):
        function(z, y[1:], il, tl)
    with pytest.raises(ValueError, match="blank must be a class, from 0 to 2, not 3"):
        ctc_loss(Z, Y, blank=3).eval({Z: z, Y: y})


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((pt.dmatrix(), Y), {}, TypeError, r"logits must be \(items, frames, classes\).*transpose"),
        ((Z, pt.lvector()), {}, TypeError, r"targets \(items, labels\), not"),
        ((pt.ltensor3(), Y), {}, TypeError, "logits must be floating-point numbers"),
        ((Z, pt.dmatrix()), {}, TypeError, "class indices must be integers"),
        ((np.zeros((2, 3, 4)), np.ones((3, 1), int)), {}, TypeError, "shape mismatch between targets"),
        ((Z, Y), {"blank": -1}, ValueError, "blank must be a class, from 0 to C - 1, not -1"),
        ((np.zeros((2, 3, 4)), Y), {"blank": 4}, ValueError, "from 0 to 3, not 4"),
        ((Z, Y), {"blank": 0.0}, TypeError, "blank must be an integer, the index of a class"),
        ((pt.special.softmax(Z, axis=-1), Y), {}, ValueError, "output of a softmax"),
        ((Z, Y), {"input_lengths": 3}, TypeError, "input_lengths must be a vector of integers"),
        ((Z, Y), {"target_lengths": pt.dvector()}, TypeError, "target_lengths must be a vector of integers"),
        ((np.zeros((2, 3, 4)), Y), {"input_lengths": [3, 3, 3]}, TypeError, "shape mismatch between input_lengths"),
        ((Z, Y), {"mask": pt.lvector()}, TypeError, "mask must be boolean"),
        ((Z, Y), {"mask": pt.matrix(dtype="bool")}, TypeError, "rank mismatch"),
    ],
)
def test_misuse(arguments, options, error, text):
    with pytest.raises(error, match=text):
        ctc_loss(*arguments, **options)
