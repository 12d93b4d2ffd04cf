"""What validation functions accumulate: states that are saved, merged and shared, interruptions, and progress."""

import pickle
import sys
from threading import Thread

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from test_evaluation import LOGITS, SPLITS, labels, logits, validation_of

from objectives import (
    BatchError,
    aggregate,
    categorical_accuracy,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    confusion_matrix,
    squared_error,
)
from objectives.ops.statistics import Rule, Statistic, joined, statistic


def everything():
    scores = joined(logits[:, 0])
    return {
        "loss": categorical_crossentropy_with_logits(logits, labels),
        "accuracy": categorical_accuracy(logits, labels),
        "matrix": confusion_matrix(logits, labels, num_classes=3),
        "median": pt.sort(scores)[scores.shape[0] // 2],
    }


def test_a_state_is_saved_and_goes_on_elsewhere(tmp_path):
    validation = validation_of(everything())
    expected = validation.validate(SPLITS, progress=False)
    validation.reset()
    for batch in SPLITS[:3]:
        validation.update(batch)
    np.savez(tmp_path / "state.npz", **validation.state)

    resumed = validation_of(everything())
    resumed.update(SPLITS[0])
    resumed.state = np.load(tmp_path / "state.npz")  # in place of what was there
    for batch in SPLITS[resumed.batches :]:
        resumed.update(batch)
    for name, value in resumed.result().items():
        np.testing.assert_array_equal(value, expected[name])
    with pytest.raises(ValueError, match=r"the state has the parts \[.*\], but this validation \['batches', 'loss.0'"):
        validation_of({"loss": everything()["loss"]}).merge(validation.state)


def test_a_state_replaces_one_of_other_columns():
    measures = {"greatest": statistic(logits.max(axis=0), Rule.MAXIMUM)}
    validation, other = validation_of(measures, [logits]), validation_of(measures, [logits])
    validation.update(LOGITS)
    other.update(LOGITS[:, :2])
    validation.state = other.state
    assert validation.batches == 1
    np.testing.assert_array_equal(validation.result()["greatest"], other.result()["greatest"])


def test_a_state_that_fails_leaves_everything_as_it_was():
    validation = validation_of(everything())
    validation.update(SPLITS[2])
    before = validation.state
    wrong = {**before, "loss.0": np.array(["a", "b"])}
    for take in (validation.merge, lambda state: setattr(validation, "state", state)):
        with pytest.raises(TypeError):
            take(wrong)
        for name, array in validation.state.items():
            np.testing.assert_array_equal(array, before[name])


def test_threads_that_share_a_validation_lose_nothing():
    """A batch that fails in one does not take back what another has added meanwhile."""
    validation = validation_of({"sum": aggregate(squared_error(logits, 0.0), mode="sum")}, [logits])
    ones, wrong = np.ones((2, 2)), np.ones(2)

    def work(batch):
        for _ in range(100):
            try:
                validation.update(batch)
            except BatchError:
                pass

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [Thread(target=work, args=(batch,)) for batch in (ones, ones, wrong)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert validation.batches == 200 and validation.result()["sum"] == 800


def test_a_state_is_a_copy():
    validation = validation_of(everything())
    validation.update(SPLITS[2])
    state = validation.state
    before = {name: array.copy() for name, array in state.items()}
    validation.update(SPLITS[4])
    for name in state:
        np.testing.assert_array_equal(state[name], before[name])
        state[name][...] = 0
    assert validation.result()["loss"] > 0


def test_pickling_keeps_what_was_accumulated():
    validation = validation_of(everything())
    for batch in SPLITS:
        validation.update(batch)
    copy = pickle.loads(pickle.dumps(validation))
    assert copy.batches == validation.batches
    for name, value in copy.result().items():
        np.testing.assert_array_equal(value, validation.result()[name])


def test_merging_is_associative_and_commutative():
    """To the last bit for counts, to 1e-12 for sums."""
    validation = validation_of(everything())
    states = []
    for batch in SPLITS:
        validation.reset()
        validation.update(batch)
        states.append(validation.state)

    def result(order, pair):
        """The states in this order, those at two places merged first."""
        first, second = (states[i] for i in order[pair : pair + 2])
        validation.state = first
        validation.merge(second)
        together = validation.state
        validation.reset()
        for state in [*(states[i] for i in order[:pair]), together, *(states[i] for i in order[pair + 2 :])]:
            validation.merge(state)
        return validation.result()

    expected = result(range(6), 0)
    for seed in range(10):
        found = result(np.random.default_rng(seed).permutation(6), seed % 5)
        np.testing.assert_array_equal(found["matrix"], expected["matrix"])
        assert found["accuracy"] == expected["accuracy"] and found["median"] == expected["median"]
        np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-15)


def test_an_interruption_keeps_the_batches_before_it():
    validation = validation_of(everything())

    def batches():
        yield from SPLITS[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validation.validate(batches(), progress=False)
    assert validation.batches == 3
    for batch in SPLITS[3:]:
        validation.update(batch)
    expected = validation_of(everything()).validate(SPLITS, progress=False)
    for name, value in validation.result().items():
        np.testing.assert_array_equal(value, expected[name])


def test_an_interruption_within_a_batch_leaves_it_out(monkeypatch):
    validation = validation_of(everything())
    validation.update(SPLITS[2])
    before = validation.state
    update = validation._update

    def interrupted(*values):
        update(*values)  # the states are written, and nothing else yet
        raise KeyboardInterrupt

    monkeypatch.setattr(validation, "_update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        validation.update(SPLITS[4])
    assert validation.batches == 1
    for name, array in validation.state.items():
        np.testing.assert_array_equal(array, before[name])


def test_progress_bar(capsys, monkeypatch):
    monkeypatch.setattr("objectives._progress.REFRESH", 0)
    validation = validation_of(everything())
    found = validation.validate(SPLITS)
    shown = capsys.readouterr().err
    assert "6/6" in shown and f"loss={found['loss']:.4g}" in shown
    assert "accuracy=" in shown and "median" not in shown and "matrix" not in shown
    validation.validate(iter(SPLITS))
    assert "6 batches" in capsys.readouterr().err
    validation.validate(SPLITS, progress=False)
    assert not capsys.readouterr().err


def test_progress_without_tqdm_is_a_warning(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.warns(UserWarning, match="progress bar needs tqdm"):
        found = validation_of(everything()).validate(SPLITS)
    assert found["loss"] > 0


def test_measures_share_their_statistics():
    """Equal graphs are one: what several measures need is computed and kept once."""
    matrix = confusion_matrix(logits, labels, num_classes=3)
    again = confusion_matrix(logits, labels, num_classes=3)
    kept = joined(logits[:, 0])
    state = validation_of({"a": matrix, "b": again.sum(), "c": kept.max(), "d": joined(logits[:, 0]).min()}).state
    assert list(state) == ["batches", "a.0", "c.0"]


def test_marks_leave_no_trace_in_compiled_functions():
    loss = aggregate(categorical_crossentropy(pt.special.softmax(logits, axis=-1), labels))
    for compiled_in in ("FAST_COMPILE", "FAST_RUN"):
        function = pytensor.function([logits, labels], pytensor.grad(loss, logits), mode=compiled_in)
        assert not any(isinstance(node.op, Statistic) for node in function.maker.fgraph.apply_nodes)
