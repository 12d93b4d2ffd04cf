"""Kernels that share work among threads: from several Python threads, in forked processes, as many as are allowed."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import objectives
from objectives.dispatch.numba._threads import LEAST_WORK, in_threads, thread_limit

N, C = 3000, 300  # enough for several threads
assert N * C > 4 * LEAST_WORK
RNG = np.random.default_rng(0)
LOGITS, LABELS = RNG.normal(size=(N, C)).astype("float32"), RNG.integers(0, C, N)


@pytest.fixture(scope="module")
def training():
    """Crossentropy with its gradient, and an element-wise loss with sums."""
    logits, labels = pt.fmatrix(), pt.lvector()
    losses = [
        objectives.categorical_crossentropy_with_logits(logits, labels).mean(),
        objectives.binary_crossentropy_with_logits(logits, pt.zeros_like(logits)).sum(),
    ]
    return pytensor.function([logits, labels], [*losses, *pytensor.grad(sum(losses[:1]), [logits])], mode="NUMBA")


@pytest.fixture
def two_threads():
    before = numba.get_num_threads()
    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    yield
    numba.set_num_threads(before)


def same(results, expected):
    for result, reference in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, reference)


@pytest.mark.usefixtures("two_threads")
def test_several_python_threads_at_once(training):
    expected = training(LOGITS, LABELS)
    copies = [training.copy(share_memory=False) for _ in range(6)]  # a PyTensor function is not to be shared itself
    with ThreadPoolExecutor(6) as pool:
        for _ in range(5):
            for results in pool.map(lambda function: function(LOGITS, LABELS), copies):
                same(results, expected)


def compute_and_report(function, connection):
    connection.send([np.asarray(result) for result in function(LOGITS, LABELS)])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.usefixtures("two_threads")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:os.fork.*:RuntimeWarning")
def test_forked_processes(training):
    expected = training(LOGITS, LABELS)
    context = multiprocessing.get_context("fork")
    for _ in range(2):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=compute_and_report, args=(training, sender))
        process.start()
        assert receiver.poll(60), "the forked process hangs or died"
        same(receiver.recv(), expected)
        process.join(60)
        assert process.exitcode == 0
    same(training(LOGITS, LABELS), expected)


def test_sums_do_not_depend_on_the_number_of_threads(training, two_threads):
    expected = training(LOGITS, LABELS)
    numba.set_num_threads(1)
    same(training(LOGITS, LABELS), expected)


@numba.njit
def note_share(start, stop, starts, stops):
    starts[start] = 1
    stops[stop - 1] = 1


note_shares = in_threads(note_share)


@numba.njit
def shares(length, work):
    starts, stops = np.zeros(length, np.int64), np.zeros(length, np.int64)
    note_shares(length, work, (starts, stops))
    return starts.nonzero()[0], stops.nonzero()[0] + 1


@pytest.mark.usefixtures("two_threads")
def test_shares_cover_everything_once():
    available = numba.get_num_threads()
    for length, work, expected in [
        (1, 10, 1), (10, LEAST_WORK - 1, 1), (10, 2 * LEAST_WORK, 2), (1, 2**40, 1), (1001, 2**40, 99)
    ]:  # fmt: skip
        starts, stops = shares(length, work)
        assert len(starts) == min(expected, available)
        assert starts[0] == 0 and stops[-1] == length
        np.testing.assert_array_equal(starts[1:], stops[:-1])


def test_numbers_of_threads_that_users_know(monkeypatch, two_threads):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert thread_limit() == numba.get_num_threads()
    for setting, expected in [("1", 1), ("1,4", 1), ("", None), ("many", None), ("1000", None), ("0", 1)]:
        monkeypatch.setenv("OMP_NUM_THREADS", setting)
        assert thread_limit() == (expected or numba.get_num_threads()), setting
    monkeypatch.delenv("OMP_NUM_THREADS")
    numba.set_num_threads(1)
    assert thread_limit() == 1
    assert len(shares(1000, 2**40)[0]) == 1


def test_kernels_are_loaded_from_disk_in_a_new_process(tmp_path):
    """Parallel code in a cache is where Numba's own threads crash; every process must give the same numbers."""
    code = """
import numpy as np, pytensor, pytensor.tensor as pt, objectives
from pytensor.link.numba import cache
z, y = pt.fmatrix(), pt.lvector()
loss = objectives.categorical_crossentropy_with_logits(z, y).mean()
outputs = [loss, *pytensor.grad(loss, [z])] if FULL else [2 * loss]
x = np.random.default_rng(0).normal(size=(3000, 300)).astype("float32")
result = pytensor.function([z, y], outputs, mode="NUMBA")(x, np.arange(3000) % 300)
print(float(np.asarray(result[0])) / (1 if FULL else 2))
"""
    values = []
    for full in (True, False, True):
        command = [sys.executable, "-W", "error", "-c", f"FULL = {full}{code}"]
        environment = {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path}", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        run = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert run.returncode == 0, run.stderr
        values.append(float(run.stdout))
    assert max(values) - min(values) < 1e-6
