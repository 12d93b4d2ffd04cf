"""Validation on a Dask cluster of processes: what one process gives, whatever happens to the workers."""

import copy
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from lazy import Lazy

from objectives import BatchError, compile_validation, confusion_matrix, squared_error
from objectives.distributed import PartitionError, evaluate
from objectives.ops.statistics import Rule, joined, merged_states, statistic

pytestmark = pytest.mark.needs("distributed")
delayed = Lazy("dask").delayed
Client, LocalCluster = Lazy("distributed").Client, Lazy("distributed").LocalCluster
CLASSES, PARTITIONS, BATCHES = 4, 7, 3


@pytest.fixture(scope="module", autouse=True)
def environment():
    """Dask leaves the variables of its workers, such as OMP_NUM_THREADS=1, in the process that starts them."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address="localhost:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def moments(x):
    mean = x.sum() / x.shape[0]
    return pt.stack([x.shape[0].astype(x.dtype), mean, pt.sqrt(((x - mean) ** 2).sum())])


@pytest.fixture(scope="module")
def validation():
    scores, targets = pt.matrix("scores"), pt.lvector("targets")
    n, mean, norm = (statistic(moments(scores[:, 0]), Rule.MOMENTS)[i] for i in range(3))
    measures = {
        "matrix": confusion_matrix(scores, targets, num_classes=CLASSES),
        "error": squared_error(scores[:, 0], targets.astype("float64")),
        "mean": mean,
        "variance": norm**2 / n,
        "kept": joined(scores[:, 1]),
    }
    return compile_validation([scores, targets], measures)


def read(number):
    """The batches of a partition, of unequal sizes, the first without items."""
    rng = np.random.default_rng(number)
    for size in (0, *rng.integers(1, 20, BATCHES - 1)):
        yield rng.normal(size=(size, CLASSES)), rng.integers(0, CLASSES, size)


def readers():
    return [partial(read, i) for i in range(PARTITIONS)]


def merged_as_a_tree(validation, states):
    """The pairs that the cluster merges, one after another."""
    while len(states) > 1:
        pairs = [states[i : i + 2] for i in range(0, len(states), 2)]
        states = [reduce(partial(merged_states, validation.rules), pair) for pair in pairs]
    return states[0]


@pytest.fixture(scope="module")
def expected(validation):
    one, states = copy.copy(validation), []
    for reader in readers():
        one.validate(reader(), progress=False)
        states.append(one.state)
    one.state = merged_as_a_tree(one, states)
    return one.result()


def assert_same(result, expected):
    assert result.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(result[name], value, err_msg=name)


def test_a_cluster_gives_what_one_process_gives(client, validation, expected):
    result = evaluate(validation, readers(), client=client, progress=False)
    assert_same(result, expected)
    assert validation.batches == PARTITIONS * BATCHES
    alone = copy.copy(validation).validate((batch for reader in readers() for batch in reader()), progress=False)
    for name in ("matrix", "kept"):
        np.testing.assert_array_equal(result[name], alone[name])
    for name in ("error", "mean", "variance"):
        np.testing.assert_allclose(result[name], alone[name], rtol=1e-13)


def test_every_kind_of_partition(client, validation, expected, capsys):
    """Functions, lists, what Dask has or will have; with a progress bar."""
    partitions = readers()
    partitions[1] = list(partitions[1]())
    partitions[2] = delayed(list(partitions[2]()))
    partitions[3] = delayed(partial)(read, 3)
    partitions[4] = client.submit(list, list(read(4)))
    partitions[5] = client.submit(partial, read, 5)
    assert_same(evaluate(validation, iter(partitions), client=client), expected)
    assert f"{PARTITIONS}/{PARTITIONS}" in capsys.readouterr().err


def read_and_die(folder, number):
    """As `read`, but the first processes that have read some of the partitions 2 and 5 are killed."""
    batches = read(number)
    yield next(batches)
    marker = Path(folder) / f"{number} killed"
    if number in (2, 5) and not marker.exists():
        marker.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    yield from batches
    (Path(folder) / f"{number} by {os.getpid()}").touch()


def test_killed_workers_change_nothing(client, validation, expected, tmp_path):
    """Nothing that is sent, nor any state, lives on a worker alone."""
    partitions = [partial(read_and_die, str(tmp_path), i) for i in range(PARTITIONS)]
    assert_same(evaluate(validation, partitions, client=client, progress=False), expected)
    for number in (2, 5):
        killed = (tmp_path / f"{number} killed").read_text()
        assert list(tmp_path.glob(f"{number} by *")) and not (tmp_path / f"{number} by {killed}").exists()
        assert int(killed) not in client.run(os.getpid).values()
    client.wait_for_workers(2)


def compiled():
    """What a worker has compiled, by the identity of the functions."""
    from objectives import distributed

    return {digest: id(known._update) for digest, known in distributed._compiled.items()}


def test_workers_compile_once(client, validation):
    evaluate(validation, readers(), client=client, progress=False)
    before = client.run(compiled)
    evaluate(validation, readers(), client=client, progress=False)
    for worker, functions in client.run(compiled).items():
        assert before[worker].items() <= functions.items()
        assert len(functions) - len(before[worker]) <= (not before[worker])


def unreadable(number):
    yield next(read(number))
    raise OSError("no such disk")


@pytest.mark.parametrize("progress", [False, True])
def test_errors_name_partition_and_batch(client, validation, progress):
    before = copy.copy(validation).state
    partitions = [*readers()[:2], partial(unreadable, 2), *readers()[3:]]
    with pytest.raises(PartitionError, match=r"partition 2, batch 1: OSError: no such disk") as caught:
        evaluate(validation, partitions, client=client, progress=progress)
    assert (caught.value.partition, caught.value.batch) == (2, 1)
    partitions = [partial(read, 0), [*read(1), (np.zeros((1, CLASSES)), np.array([CLASSES]))]]
    with pytest.raises(PartitionError, match=rf"partition 1, batch {BATCHES}: .*{CLASSES}"):
        evaluate(validation, partitions, client=client, progress=progress)
    assert_same(validation.state, before)


def test_what_cannot_be_sent(client, validation):
    with pytest.raises(TypeError, match=r"partition 1 is generator.*functools.partial"):
        evaluate(validation, [partial(read, 0), read(1)], client=client)


def test_no_client(validation):
    with pytest.raises(ValueError, match=r"distributed\.Client\(\)"):
        evaluate(validation, readers())


def test_the_current_client_is_used(client, validation, expected):
    with client.as_current():
        assert_same(evaluate(validation, readers(), progress=False), expected)


def test_no_partitions(client, validation):
    with pytest.raises(ValueError, match="no batch was added"):
        evaluate(validation, [], client=client)
    assert validation.batches == 0


def test_settings_are_sent(client):
    """Workers compile with the client's floatX."""
    with pytensor.config.change_flags(floatX="float32"):
        x = pt.vector("x")
        validation = compile_validation([x], {"mean": squared_error(x, 0.0)})
        partitions = [[np.float32([1, 2])], [np.float32([3])]]
        result = evaluate(validation, partitions, client=client, progress=False)
        assert result["mean"].dtype == "float32"
    np.testing.assert_allclose(result["mean"], 14 / 3, rtol=1e-6)


def test_partitions_of_different_columns(client):
    x = pt.matrix("x")
    validation = compile_validation([x], {"sum": statistic(x.sum(axis=0), Rule.SUM)})
    with pytest.raises(ValueError, match="columns"):
        evaluate(validation, [[np.ones((2, 1))], [np.ones((2, 3))]], client=client, progress=False)


def test_copies_accumulate_alone(validation, expected):
    """Threads that share what was compiled do not see each other's batches."""

    def state(reader):
        mine = copy.copy(validation)
        mine.validate(reader(), progress=False)
        return mine.state

    validation.reset()
    with ThreadPoolExecutor(4) as threads:
        states = list(threads.map(state, readers()))
    assert validation.batches == 0
    result = copy.copy(validation)
    result.state = merged_as_a_tree(validation, states)
    assert_same(result.result(), expected)


def test_a_copy_goes_on_from_where_it_was_made(validation):
    first, second = readers()[:2]
    validation.validate(first(), progress=False)
    before, other = validation.state, copy.copy(validation)
    for batch in second():
        other.update(batch)
    with pytest.raises(BatchError):
        other.update((np.zeros((1, CLASSES)), np.array([CLASSES])))
    assert_same(validation.state, before)
    assert other.batches == 2 * BATCHES
    np.testing.assert_array_equal(
        other.result()["kept"], np.concatenate([s[:, 1] for reader in (first, second) for s, _ in reader()])
    )


def test_arrays_that_are_not_aligned():
    """As those may be that came through a network, read-only too."""
    x = pt.vector("x")
    validation = compile_validation([x], {"mean": squared_error(x, 0.0)})
    raw = b"0" + np.arange(3.0).tobytes()
    array = np.frombuffer(raw, offset=1, dtype="float64")
    assert not array.flags.aligned and not array.flags.writeable
    np.testing.assert_allclose(validation.validate([[array]], progress=False)["mean"], 5 / 3)
