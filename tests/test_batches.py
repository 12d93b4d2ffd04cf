"""Batches: buffers that are filled again, layouts of memory, names, dtypes, masked arrays, and what fails."""

import pickle
import re

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, mode, uncompiled
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from objectives import (
    BatchError,
    aggregate,
    aggregate_parts,
    categorical_accuracy,
    categorical_crossentropy,
    compile_validation,
    confusion_matrix,
    huber_loss,
    info_nce_loss,
    labelled,
    perplexity,
    squared_error,
)
from objectives.evaluation import CompilationError
from objectives.ops.statistics import joined

x, y = pt.vector("x", dtype="float32"), pt.vector("y", dtype="float32")
errors = squared_error(x, y)


def validation_of(measures, inputs=(x, y), mode=None):
    return compile_validation(inputs, measures, mode=mode)


@pytest.mark.backends
@pytest.mark.parametrize("backend", ALL)
def test_a_buffer_that_is_filled_again(backend):
    """What was read, and what is kept, is what stood in it when the batch was added."""
    with uncompiled(backend), pytensor.config.change_flags(floatX="float32"):
        measures = {"mse": errors, "kept": joined(x).sum()}
        validation = validation_of(measures, mode=mode(backend))
        buffers = np.empty(100_000, "float32"), np.zeros(100_000, "float32")
        for n in range(10):
            buffers[0][:] = n
            validation.update(buffers)
        buffers[0][:] = 100
        found = validation.result()
    assert found == {"mse": pytest.approx(28.5), "kept": pytest.approx(4.5e6)}


@pytest.mark.needs("torch")
def test_a_tensor_of_torch_that_is_filled_again():
    import torch

    with uncompiled("PYTORCH"):
        validation = validation_of({"max": joined(x).max(), "mse": errors}, mode="PYTORCH")
        buffer, zeros = torch.empty(5), torch.zeros(5)
        for n in range(3):
            buffer[:] = n
            validation.update([buffer, zeros])
        buffer[:] = 100
        found = validation.result()
    assert found == {"max": 2, "mse": pytest.approx(5 / 3)}


def test_a_state_that_was_merged_may_be_written_to():
    validation, other = (validation_of({"max": joined(x).max()}, [x]) for _ in range(2))
    other.update([np.ones(3, "float32")])
    state = other.state
    validation.merge(state)
    state["max.0"][:] = 100
    assert validation.result()["max"] == 1


LAYOUTS = {
    "C": lambda a: a,
    "Fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "reversed": lambda a: a[::-1].copy()[::-1],
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "big-endian": lambda a: a.astype(">f4"),
    "unaligned": lambda a: np.frombuffer(b"0" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
    "list": lambda a: a.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_batch_of_any_layout_takes_what_was_compiled(layout, monkeypatch):
    """Numba compiles a function anew for arrays that are not in the order of C, or cannot be written to."""
    m, array = pt.fmatrix("m"), np.arange(6, dtype="float32").reshape(2, 3)
    given, seen = LAYOUTS[layout](array), []
    validation = validation_of({"sum": aggregate(m, mode="sum")}, [m])
    update = validation._update
    monkeypatch.setattr(validation, "_update", lambda *values: seen.extend(values) or update(*values))
    assert validation.validate([[given]], progress=False) == {"sum": np.sum(given)}
    (value,) = seen
    assert value.dtype == "float32" and value.dtype.isnative and value.flags.carray
    np.testing.assert_array_equal(value, given)


def test_names_of_inputs_and_measures():
    other = pt.vector("x", dtype="float32")
    validation = validation_of({"mse": squared_error(x, other)}, [x, other])
    one = np.ones(2, "float32")
    validation.update([one, 3 * one])
    with pytest.raises(BatchError, match=r"batches can be dicts only if every input has its own name, .*\['x', 'x'\]"):
        validation.update({"x": one})
    unnamed = pt.vector(dtype="float32")
    with pytest.raises(BatchError, match=r"its own name, not \['x', None\]"):
        validation_of({"mse": squared_error(x, unnamed)}, [x, unnamed]).update({"x": one, None: one})
    assert validation.result() == {"mse": 4}
    with pytest.raises(TypeError, match="names of measures must be strings, not 1"):
        validation_of({1: errors, "1": errors})


ONE, TWO, labels = np.ones(3, "float32"), np.ones((3, 2), "float32"), pt.lvector("labels")


@pytest.mark.parametrize(
    ("inputs", "batch", "message"),
    [
        ([x], TWO, r"x must have 1 dimension, not 2, shape \(3, 2\): give one of its columns, x\[:, 0\], or make the"),
        (
            [x],
            [ONE, ONE],
            r"must have 1 array, for the input \['x'\], but has 2: join them, numpy\.concatenate\(batch\)",
        ),
        ([x], [1.0, 2.0], r"for the input \['x'\], but has 2: give an array, numpy\.asarray\(batch\), or a list of it"),
        ([x], {"p": ONE, "q": ONE}, r"\['x'\], not for \['p', 'q'\]: give them, such as \{'x': batch\['p'\]\}"),
        (
            [labels],
            TWO,
            r"labels must have 1 dimension, .* of one-hot rows give .*, labels\.argmax\(axis=-1\)",
        ),
        ([labels], TWO[:, :1], r"give one of its columns, labels\[:, 0\]"),
        ([labels], ONE, r"labels must be int64, not float32: convert the array"),
        (
            [labels],
            ONE * np.nan,
            r"it holds NaN, .* numpy\.nan_to_num\(labels, nan=-1\)\.astype\('int64'\)",
        ),
        ([labels], np.array(["a", "b"]), r"labels must hold numbers, not text such as 'a': encode labels"),
        ([x], None, "x must be an array of numbers, not NoneType"),
        ([x], iter([ONE]), "x must be an array of numbers, not list_iterator"),
        ([x, y], TWO, r"for the inputs \['x', 'y'\], but has 3: give its columns, batch\.T"),
        ([x, y], ONE, "but has 3: give one array for each input, in a list"),
        ([x, y], {"x": ONE, "z": ONE}, r"give them, such as \{'x': batch\['x'\], 'y': batch\['z'\]\}"),
        (
            [x, y],
            {"x": ONE, "y": ONE, "z": 0},
            r"leave out the others, \{name: batch\[name\] for name in \['x', 'y'\]\}",
        ),
        ([x, y], {"x": ONE}, r"not for \['x'\]: add \['y'\]$"),
    ],
)
def test_a_batch_in_another_form(inputs, batch, message):
    """The message names the conversion."""
    measures = {"mse": squared_error(inputs[0] * 1.0, inputs[-1] + 1)}
    with pytest.raises(BatchError, match=message):
        validation_of(measures, inputs).update(batch)


def test_no_stream():
    with pytest.raises(TypeError, match="batches must be an iterable of batches, not None"):
        validation_of({"mse": errors}).validate(None, progress=False)


@pytest.mark.parametrize("batches", [{"x": ONE, "y": ONE}, ONE, "xy"], ids=["dict", "array", "text"])
def test_one_batch_in_place_of_many(batches):
    with pytest.raises(BatchError, match=r"to validate in a list, validate\(\[batch\]\)"):
        validation_of({"mse": errors}).validate(batches, progress=False)


def test_an_input_that_no_measure_needs():
    with pytest.raises(ValueError, match=r"no measure depends on \[y\]: leave"):
        validation_of({"mse": squared_error(x, 0.0)})


def test_the_parts_of_a_mean_are_no_pair():
    with pytest.raises(TypeError, match=r"'m' is a pair of aggregated numbers.* numerator / denominator"):
        validation_of({"m": aggregate_parts(errors)})


def test_dtypes_that_lose_digits():
    validation = validation_of({"mse": errors})
    with pytest.raises(BatchError, match=r"y must be float32, not float64: convert the array, array.astype"):
        validation.update([np.ones(2, "float32"), np.ones(2)])
    with pytest.raises(BatchError, match="x must hold numbers, not text such as 'a': encode labels"):
        validation.update([np.array(["a"]), np.ones(1, "float32")])
    with pytest.raises(BatchError, match="x must not hold None: give NaN"):
        validation.update([np.array([1.0, None]), np.ones(2, "float32")])
    validation.update([np.ones(2, "int8"), np.zeros(2, "float16")])  # which float32 can hold
    assert validation.result() == {"mse": 1}


def test_masked_arrays_are_refused():
    """Their masks would be lost."""
    given = np.ma.masked_equal(np.array([1.0, -999], "float32"), -999)
    validation = validation_of({"mse": errors})
    for batch in ([given, given.data], {"x": given.data, "y": given}):
        with pytest.raises(BatchError, match=r"[xy] is a masked array, whose mask would be lost"):
            validation.update(batch)
    labels, matrix = np.ma.masked_equal([0, -1], -1), np.ma.masked_less(np.full((2, 2), 0.5), 0)
    for name, call in {
        "a": lambda: squared_error(given, x),
        "predictions": lambda: huber_loss(given, x),
        "targets": lambda: huber_loss(x, given),
        "targets ": lambda: categorical_crossentropy(matrix.data, labels),
        "predictions ": lambda: categorical_accuracy(matrix, labels.data),
        "mask": lambda: squared_error(x, y, mask=np.ma.masked_invalid([True, False])),
        "weights": lambda: aggregate(x, given),
        "weights ": lambda: perplexity(matrix.data, labels.data, weights=given),
        "predictions  ": lambda: confusion_matrix(labels, labels.data, num_classes=2),
        "positive": lambda: info_nce_loss(matrix.data, matrix),
        "normalizer": lambda: aggregate(x, normalizer=np.ma.masked_array(1.0)),
        "targets  ": lambda: labelled(given, -999),
        "loss": lambda: aggregate(given),
        "b": lambda: squared_error(np.ones(2), given),
    }.items():
        with pytest.raises(TypeError, match=f"{name.strip()} must not be a masked array, whose mask would be lost"):
            call()


class Uncompilable(Op):
    """Doubles with NumPy, and cannot be compiled by Numba."""

    __props__ = ()

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = 2 * inputs[0]


def test_what_cannot_be_compiled_is_no_fault_of_the_batch():
    from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

    @register_funcify_default_op_cache_key(Uncompilable)
    def funcify(op, **kwargs):
        @numba_njit
        def double(x):
            return x.there_is_no_such_thing()

        return double

    measures = {"double": Uncompilable()(x)}
    validation = validation_of(measures, [x], mode="NUMBA")
    message = r"Numba cannot compile the measures \['double'\]: [\s\S]*there_is_no_such_thing"
    with pytest.raises(CompilationError, match=message) as raised:
        validation.update([np.ones(2, "float32")])
    assert not isinstance(raised.value, BatchError) and raised.value.__cause__ is not None
    assert validation.batches == 0
    with pytest.raises(BatchError, match="batch 0 was rejected"):  # this is one
        validation.update([np.ones((2, 2), "float32")])
    assert validation_of(measures, [x]).validate([[np.ones(2, "float32")]], progress=False) == {"double": 2}


def test_what_a_validation_shows():
    validation = validation_of({"mse": errors, "mean": x}, mode=Mode("py", None))
    validation.update([np.ones(2, "float32")] * 2)
    assert re.fullmatch(r"<Validation of \['mse', 'mean'\] by \w+: 1 batches of \[x, y\]>", repr(validation))
    assert repr(pickle.loads(pickle.dumps(validation))) == repr(validation)


def test_a_single_batch_in_place_of_many():
    scores, labels = pt.matrix("scores"), pt.lvector("labels")
    validation = compile_validation([scores, labels], {"right": categorical_accuracy(scores, labels)})
    p, t = np.eye(4)[:, :3], np.array([0, 1, 2, 0])
    answer = (
        r"must be an iterable of batches, not the arrays of a single one for scores, labels: .* validate\(\[batch\]\)"
    )
    for batch in ((p, t), [p, t], [p, t.tolist()], (p.tolist(), t.tolist()), (p, t[:, None])):
        with pytest.raises(TypeError, match=answer):
            validation.validate(batch, progress=False)
    for progress in (t, t.tolist()):
        with pytest.raises(TypeError, match=r"progress must be .* not an array: .* validate\(\[\(scores, labels\)\]\)"):
            validation.validate(p, progress)
    with pytest.raises(TypeError, match="progress must be True or False, not 'no'"):
        validation.validate([(p, t)], "no")
    for batches in (
        [(p, t)],
        [(p, t), (p, t)],
        ((p.tolist(), t.tolist()), [p, t]),
        iter([(p, t)] * 2),
        [{"scores": p, "labels": t}] * 2,
    ):
        assert validation.validate(batches, progress=False) == {"right": 1 - 1 / 4 + 1 / 4}
    single = compile_validation([scores], {"sum": aggregate(scores, mode="sum")})
    with pytest.raises(TypeError, match=r"not the arrays of a single one for scores"):
        single.validate(p, progress=False)
    assert single.validate(p[None], progress=False) == single.validate([p], progress=False) == {"sum": 3}
    vectors = compile_validation([x, y], {"error": errors})
    stacked = np.ones((2, 2, 5), "float32")  # two batches of two vectors
    assert vectors.validate(stacked, progress=False) == vectors.validate(list(stacked), progress=False) == {"error": 0}
