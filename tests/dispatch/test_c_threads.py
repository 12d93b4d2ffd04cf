"""How many threads the C kernels share their work among."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytensor
import pytest

import objectives.dispatch.c

pytestmark = [
    pytest.mark.skipif(not pytensor.config.cxx, reason="no C++ compiler"),
    pytest.mark.skipif(sys.platform != "linux", reason="sets the processors that the process may use"),
]
HEADERS = Path(objectives.dispatch.c.__file__).parent

# Which threads share the work, without the time that they take: a watcher would miss those that end too soon.
COUNTED = r"""
#include <cstddef>
#include <mutex>
#include <set>
#include <thread>
typedef std::ptrdiff_t npy_intp;
#include "row_threads.h"

extern "C" int threads_of(npy_intp work) {
    std::mutex lock;
    std::set<std::thread::id> seen;
    objectives::share_out(work, 1, objectives::thread_count(work), [&](npy_intp, npy_intp) {
        std::lock_guard<std::mutex> locked(lock);
        seen.insert(std::this_thread::get_id());
    });
    return (int)seen.size();
}
"""


@pytest.fixture(scope="module")
def threads_of(tmp_path_factory):
    """How many threads share so many elements of work."""
    source = tmp_path_factory.mktemp("threads") / "threads.cpp"
    source.write_text(COUNTED)
    command = [*pytensor.config.cxx.split(), "-shared", "-fPIC", "-pthread", "-std=c++11", f"-I{HEADERS}"]
    subprocess.run([*command, str(source), "-o", str(source.with_suffix(".so"))], check=True)
    function = ctypes.CDLL(str(source.with_suffix(".so"))).threads_of
    function.argtypes = [ctypes.c_ssize_t]
    return function


def test_number_of_threads(monkeypatch, threads_of):
    for setting, threads in (("1", 1), ("3", 3), ("2,1", 2)):
        monkeypatch.setenv("OMP_NUM_THREADS", setting)
        assert threads_of(1 << 22) == threads
        assert threads_of(1 << 17) == 1, "too small for more"
    monkeypatch.delenv("OMP_NUM_THREADS")
    cpus = os.sched_getaffinity(0)
    assert threads_of(1 << 22) == min(len(cpus), 32)
    try:
        os.sched_setaffinity(0, [min(cpus)])
        assert threads_of(1 << 22) == 1
    finally:
        os.sched_setaffinity(0, cpus)
