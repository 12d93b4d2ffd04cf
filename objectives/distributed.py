"""Validation on many machines, by Dask: partitions of the data are reduced where they are read, and states merged."""

import copy
import hashlib
import pickle
from collections.abc import Iterable, Iterator
from functools import partial
from threading import Lock
from typing import Any, NamedTuple
from uuid import uuid4

from pytensor import config

from objectives._progress import with_progress_bar
from objectives.evaluation import BatchError, Validation
from objectives.ops.statistics import merged_states

__all__ = ["PartitionError", "evaluate"]

KEPT = 4  # how many compiled validations a worker keeps
FLAGS = ("floatX", "mode")  # what the compiled functions depend on, and a worker may have set otherwise


class PartitionError(RuntimeError):
    """A partition could not be read, or a batch of it not be added.

    Attributes
    ----------
    partition : int
        Its number, counted from 0.
    batch : int
        The number of the batch in it, counted from 0.
    """

    def __init__(self, partition: int, batch: int, reason: str):
        super().__init__(partition, batch, reason)
        self.partition, self.batch = partition, batch

    def __str__(self):
        return "partition {}, batch {}: {}".format(*self.args)


def evaluate(validation: Validation, partitions: Iterable, *, client=None, progress: bool = True) -> dict[str, Any]:
    r"""What a validation gives for all batches of all partitions, computed by the workers of a Dask cluster.

    .. math:: m(X_1 \cup \dots \cup X_n) = r((s(X_1) + s(X_2)) + (s(X_3) + s(X_4)) + \dots)

    with the partitions :math:`X_i`, their accumulated statistics :math:`s`, merged in pairs, and the result :math:`r`.

    Parameters
    ----------
    validation : Validation
        What `compile_validation` gives. It is sent to each worker once and compiled there once, for all its threads.
    partitions : iterable
        The parts of the data. Each is one of these:

        - a function without arguments that returns an iterable of batches, best a generator of batches that are read
          one by one: a worker then holds one batch at a time;
        - an iterable of batches that can be pickled, such as a list;
        - a ``Delayed`` or ``Future`` of Dask of one of these.

        Batches are what ``validation.update`` takes.
    client : distributed.Client, optional
        The client of the cluster; the current one if not given.
    progress : bool
        Whether to show a progress bar. It needs tqdm.

    Returns
    -------
    dict
        What ``validation.result()`` gives. ``validation`` holds the state of all data afterwards, and nothing of what
        it had accumulated before.

    Raises
    ------
    PartitionError
        If a partition cannot be read, or a batch of it cannot be added. The validation is as it was.
    ValueError
        If no client is given and there is none.
    TypeError
        If a partition is an iterator, such as a generator, which cannot be sent.
    ImportError
        If Dask is not installed.

    Notes
    -----
    Which states are merged with which depends on the number of partitions alone, not on which worker is done first.
    So the result is the same to the last bit on one worker and on a hundred, and again if workers are lost on the
    way: Dask computes again what they held. Other partitions make other sums of floating-point numbers, which may
    round differently; whole numbers are exact.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from distributed import Client
    >>> from objectives import compile_validation, squared_error
    >>> from objectives.distributed import evaluate
    >>> predictions, targets = pt.vectors("predictions", "targets")
    >>> validation = compile_validation([predictions, targets], {"mse": squared_error(predictions, targets)})
    >>> partitions = [[([1.0, 2.0], [1.0, 0.0])], [([5.0], [4.0])]]
    >>> with Client(processes=False, n_workers=1, dashboard_address="localhost:0") as client:
    ...     print(evaluate(validation, partitions, client=client, progress=False)["mse"].round(4))
    1.6667
    """
    client = client or _current_client()
    states, merged = _tasks(validation, partitions)
    if merged is None:
        state = _emptied(validation).state
    elif progress:
        merged, *states = client.compute([merged, *states])
        state = _with_progress(client, states, merged)
    else:
        state = client.compute(merged).result()
    validation.state = state
    return validation.result()


def _current_client():
    try:
        from distributed import get_client
    except ImportError as error:
        raise ImportError("evaluate needs Dask: pip install 'objectives[dask]'") from error
    try:
        return get_client()
    except ValueError as error:
        raise ValueError(
            "there is no client of a Dask cluster: make one before, with distributed.Client() on this machine or "
            "distributed.Client('address:port') of a scheduler, or give client="
        ) from error


# The tasks


def _tasks(validation, partitions):
    """The states of all partitions as tasks of Dask, and the one that merges them; None if there are no partitions."""
    from dask import delayed

    def task(function, name, *arguments):
        return delayed(function, pure=False)(*arguments, dask_key_name=f"{name}-{token}")

    token = uuid4().hex
    # a task, not scattered data, which would be gone with the workers that hold it
    sent = task(partial(_identity, _packed(validation)), "validation")
    states = []
    for number, partition in enumerate(partitions):
        if isinstance(partition, Iterator):
            raise TypeError(
                f"partition {number} is {type(partition).__name__}, which cannot be sent to a worker: give a function "
                "without arguments that returns it, such as functools.partial(read, name)"
            )
        if _is_of_dask(partition):
            states.append(task(partial(_accumulated, number), f"accumulate-{number}", sent, partition))
        else:  # within the function, so that Dask does not search it for tasks
            states.append(task(partial(_accumulated, number, partition=partition), f"accumulate-{number}", sent))
    merge, level, merged = partial(merged_states, validation.rules), 0, states
    while len(merged) > 1:
        pairs = [merged[i : i + 2] for i in range(0, len(merged), 2)]
        merged = [
            task(merge, f"merge-{level}-{i}", *pair) if len(pair) == 2 else pair[0] for i, pair in enumerate(pairs)
        ]
        level += 1
    return states, merged[0] if merged else None


def _is_of_dask(partition):
    from dask import is_dask_collection
    from distributed import Future

    return is_dask_collection(partition) or isinstance(partition, Future)


def _with_progress(client, states, merged):
    """What is merged, after a progress bar of the states."""
    from distributed import as_completed

    done, total = as_completed(states, loop=client.loop), len(states)
    states.clear()  # the cluster may forget what it has merged
    for state in with_progress_bar(done, "partitions", total=total):
        if state.status == "error":
            break
    return merged.result()


# What is sent, and what a worker does


class Sent(NamedTuple):
    """A validation to be compiled, and the settings of PyTensor for that."""

    digest: str
    pickled: bytes
    flags: dict[str, Any]


def _packed(validation):
    from distributed.protocol.pickle import dumps  # of what is defined in a script, too

    pickled = dumps(_emptied(validation))
    flags = {name: getattr(config, name) for name in FLAGS}
    return Sent(hashlib.sha256(pickled + repr(flags).encode()).hexdigest(), pickled, flags)


def _emptied(validation):
    empty = copy.copy(validation)
    empty.reset()
    return empty


def _identity(x):
    return x


_compiled: dict[str, Validation] = {}
_compiling = Lock()


def _unpacked(sent):
    """The validation, compiled if this worker has not done so before; each caller gets one that accumulates alone."""
    with _compiling:
        if sent.digest not in _compiled:
            while len(_compiled) >= KEPT:
                del _compiled[next(iter(_compiled))]
            with config.change_flags(**sent.flags):
                _compiled[sent.digest] = pickle.loads(sent.pickled)
        return copy.copy(_compiled[sent.digest])


def _accumulated(number, sent, partition):
    """The state after all batches of a partition."""
    validation = _unpacked(sent)
    try:
        for batch in partition() if callable(partition) else partition:
            validation.update(batch)
    except Exception as error:
        reason = error.args[1] if isinstance(error, BatchError) else f"{type(error).__name__}: {error}"
        raise PartitionError(number, validation.batches, reason) from error
    return validation.state
