"""Distributed validation with Dask: each partition is reduced to a state where it is read, and states are merged."""

import copy
import hashlib
import pickle
from collections.abc import Iterable, Iterator
from functools import partial
from threading import Lock
from typing import Any, NamedTuple
from uuid import uuid4

from pytensor import config

from objectives._options import flag
from objectives._progress import with_progress_bar
from objectives.evaluation import BatchError, Validation
from objectives.ops.statistics import merged_states

__all__ = ["PartitionError", "evaluate"]

KEPT = 4  # compiled validations that a worker caches
FLAGS = ("floatX", "mode")  # settings that compiled functions depend on, which may differ on a worker


class PartitionError(RuntimeError):
    """A partition could not be read, or one of its batches was rejected.

    Attributes
    ----------
    partition : int
        Number of the partition, from 0.
    batch : int
        Number of the batch in the partition, from 0.
    """

    def __init__(self, partition: int, batch: int, reason: str):
        super().__init__(partition, batch, reason)
        self.partition, self.batch = partition, batch

    def __str__(self):
        return "partition {}, batch {}: {}".format(*self.args)


def evaluate(
    validation: Validation, partitions: Iterable[Any], *, client: Any = None, progress: bool = True
) -> dict[str, Any]:
    r"""Evaluate measures on a Dask cluster: exact values over all batches of all partitions.

    Choose it when the data are spread over machines; on one machine, ``validation.validate`` does the same.

    .. math:: m(X_1 \cup \dots \cup X_n) = r((s(X_1) + s(X_2)) + (s(X_3) + s(X_4)) + \dots)

    for partitions :math:`X_i`, their statistics :math:`s`, merged in pairs, and the result :math:`r`.

    Parameters
    ----------
    validation : Validation
        The result of `compile_validation`; it is sent to each worker and compiled there once.
    partitions : iterable
        Functions without arguments that return batches (best generators: a worker then holds one batch at a time),
        iterables of batches that can be pickled, such as lists, or a Dask ``Delayed`` or ``Future`` of either.
    client : distributed.Client, optional
        Client of the cluster; by default the current one.
    progress : bool
        Whether to show a progress bar, which needs tqdm.

    Returns
    -------
    dict
        The result of ``validation.result()``; ``validation`` then holds the state of all partitions, and only that.

    Raises
    ------
    PartitionError
        If a partition cannot be read, or one of its batches is rejected; ``validation`` is unchanged.
    TypeError, ValueError, ImportError
        If a partition is an iterator, which cannot be sent; if there is no client; or without Dask.

    Notes
    -----
    The order of merging depends only on the number of partitions, so that results are the same to the last bit on any
    number of workers, also if some are lost. Other partitions may round sums of floats differently; integers are exact.

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
    flag(progress, "progress")
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
        raise ImportError("evaluate needs Dask: pip install distributed") from error
    try:
        return get_client()
    except ValueError as error:
        raise ValueError(
            "there is no Dask client: create one first, distributed.Client() for this machine or "
            "distributed.Client('address:port') for a scheduler, or give client="
        ) from error


# The tasks


def _tasks(validation, partitions):
    """Dask tasks: the state of each partition, and the merged state (None without partitions)."""
    from dask import delayed

    def task(function, name, *arguments):
        return delayed(function, pure=False)(*arguments, dask_key_name=f"{name}-{token}")

    token = uuid4().hex
    # a task, not scattered data, which is lost with the workers that hold it
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
        else:  # bound to the function, so that Dask does not search it for tasks
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
    """The merged state, after a progress bar over the states of the partitions."""
    from distributed import as_completed

    done, total = as_completed(states, loop=client.loop), len(states)
    states.clear()  # lets the cluster free merged states
    for state in with_progress_bar(done, "partitions", total=total):
        if state.status == "error":
            break
    return merged.result()


# What is sent, and what a worker computes


class Sent(NamedTuple):
    """A validation to compile, and the PyTensor settings to compile it with."""

    digest: str
    pickled: bytes
    flags: dict[str, Any]


def _packed(validation):
    from distributed.protocol.pickle import dumps  # handles what a script defines, too

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
    """The validation, compiled once per worker; each caller gets a copy with its own state."""
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
