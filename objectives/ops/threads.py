"""How many threads work is shared among, and threads in which Python calls NumPy."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from threading import Lock

import numpy as np
from threadpoolctl import ThreadpoolController


def allowed(most):
    """Of this many threads those that OMP_NUM_THREADS allows, which is read at each call."""
    named = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, min(most, int(named) if named.isdigit() else most))


class Team:
    """Threads that share out calls of a function, ``multiplying`` of them those that multiply matrices."""

    def __init__(self, map_, multiplying):
        self._map, self.multiplying = map_, multiplying

    def map(self, function, arguments):
        return list(self._map(function, arguments))


@contextmanager
def team(size):
    """A `Team` of this many threads, or the calling one.

    The threads of OpenBLAS wait for each other many times in a product, and it does one product at a time: independent
    products in threads of ours are faster.
    """
    if size < 2:
        yield Team(map, 1)
        return
    with ThreadPoolExecutor(size, initializer=partial(np.seterr, all="ignore")) as pool, _products_in_one_thread() as n:
        yield Team(pool.map, min(n, size))


_setting = Lock()


@contextmanager
def _products_in_one_thread():
    """Keep BLAS to the threads that call it, and give the number of those it had.

    1 if it keeps its own, or as long as this holds elsewhere, for it is a setting of the process.
    """
    if not len(_blas()) or not _setting.acquire(blocking=False):
        yield 1
        return
    try:
        before = max(library.num_threads for library in _blas().lib_controllers)
        with _blas().limit(limits=1):
            yield before
    finally:
        _setting.release()


@cache
def _blas():
    """What is loaded that multiplies matrices and can be told its number of threads."""
    return ThreadpoolController().select(user_api="blas")
