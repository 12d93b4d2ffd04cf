"""The benchmarks run, agree with each other, and write what they say. How fast anything is, is not tested."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import contenders, session, timing, validation, workloads
from benchmarks.first_call import compilers, measure
from benchmarks.workloads import Target

ROOT = Path(__file__).parent.parent
needs_libraries = pytest.mark.needs("jax", "optax", "rich")


def run(*options):
    """In a process of its own, since the benchmarks set threads and dtypes before they import anything."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks", *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@needs_libraries
def test_smallest_workload(tmp_path):
    small = ("--quick", "--rounds", 1, "--workload", "squared/1000", "--backend", "NUMBA", "--peers", "jax.jit")
    done = run(*small, "--output", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "x fastest peer" in done.stdout

    content = json.loads((tmp_path / "times.json").read_text())
    assert {"date", "machine", "device", "versions", "threads", "options", "times"} <= content.keys()
    (result,) = content["times"]
    assert result["errors"] == {}
    assert [row["name"] for row in result["contenders"]] == ["NUMBA", "jax.jit", contenders.FLOOR]
    for row in result["contenders"]:
        assert {"median", "minimum", "quartiles", "samples", "busy", "ratio", "times_floor"} <= row.keys()
        assert row["median"] > 0
    assert (tmp_path / "times.png").stat().st_size > 10_000
    assert (tmp_path / "times.csv").read_text().startswith("Workload,NUMBA,jax.jit,Copy,NUMBA / best peer\n")


@needs_libraries
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_validation(tmp_path):
    done = run("--validation", "--quick", "--rounds", 2, "--backend", "NUMBA", "--output", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((tmp_path / "validation.json").read_text())
    ours, *peers = content["validation"]
    assert ours["contender"] == "NUMBA" and ours["items"] == 4 * validation.BATCH and len(ours["samples"]) == 2
    assert {row["contender"] for row in peers} <= validation.PEERS.keys()


@needs_libraries
def test_first_call(tmp_path):
    small = ("--cold-start", "--quick", "--rounds", 1, "--workload", "elementwise", "--backend", "JAX", "--peers")
    done = run(*small, "--output", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    from benchmarks.first_call import tables  # needs rich

    ours, plain = json.loads((tmp_path / "cold-start.json").read_text())["cold_start"]
    assert (ours["contender"], plain["contender"]) == ("JAX", "plain JAX")
    for start in ("cold", "warm"):
        assert ours[start]["total"] == pytest.approx(sum(ours[start][phase] for phase in tables.PHASES[:-1]))
    assert ours["cold"]["count"] > 0 and ours["warm"]["count"] == 0
    assert "rewriting_without_ours" in ours["warm"] and "rewriting_without_ours" not in plain["warm"]
    assert (tmp_path / "cold-start.rst").read_text().count(".. csv-table::") == 1


@pytest.mark.parametrize("module", ["in_plain", "in_pytensor"])
def test_first_calls_compute_the_same(module):
    found = import_module(f"benchmarks.first_call.{module}").readme("FAST_COMPILE")()
    assert [round(float(found[name]), 4) for name in ("loss", "accuracy", "F1")] == [0.9725, 0.75, 0.7778]


def test_time_of_numba_goes_to_the_op_that_needed_it():
    graph, op, inner = compilers.GRAPH, "elemwise", "broadcast"
    nested = [(graph, 0), (op, 1), (inner, 2), (inner, 4), (op, 6), (graph, 10)]
    seen, events = set(), []
    for name, moment in nested:
        dispatcher = SimpleNamespace(py_func=SimpleNamespace(__name__=name))
        event = SimpleNamespace(is_start=name not in seen, data={"dispatcher": dispatcher})
        events.append((float(moment), event))
        seen.add(name)
    compiled = compilers.numba_compilations(events)
    assert (compiled.count, compiled.seconds) == (3, 10)
    assert compiled.shares == {op: 5, "the graph itself": 5}


def test_median_of_the_ops_of_rounds():
    rounds = [{"total": float(n), "count": None, "shares": {"Sum": float(n)} if n else {}} for n in range(3)]
    assert measure.medians_of(rounds) == {"total": 1, "count": None, "shares": {"Sum": 1}}


def test_validations_that_differ():
    one, other = ({"accuracy": value, "confusion": np.eye(2)} for value in (0.5, 0.6))
    assert validation.differences({"a": one, "b": one}) == {}
    assert "accuracy 0.6 instead of 0.5" in validation.differences({"a": one, "b": other})["b"]


@needs_libraries
def test_unknown_workload():
    done = run("--workload", "nonsense")
    assert done.returncode == 2
    assert "--list" in done.stderr


@needs_libraries
def test_each_task_is_written_for_this_package_and_a_peer():
    from benchmarks import in_jax, in_pytensor, in_scipy

    no_peer = {task for task in workloads.TASKS if not (hasattr(in_jax, task) or hasattr(in_scipy, task))}
    assert no_peer == {"calibration"}  # which in_torch has
    assert all(callable(getattr(in_pytensor, task)) for task in workloads.TASKS)
    stray = {name for name in vars(in_scipy) if callable(getattr(in_scipy, name))} - workloads.TASKS.keys()
    assert not stray


def test_labels_are_unique():
    labels = [row.label for row in workloads.WORKLOADS]
    assert len(set(labels)) == len(labels)
    assert {row.task for row in workloads.WORKLOADS} == workloads.TASKS.keys()


def test_dtype_takes_the_targets_of_its_row():
    (row,) = workloads.select(["binary_crossentropy/4194304"], "float64")
    assert row.label == "binary_crossentropy/4194304-float64"
    assert row.targets == {"NUMBA": Target(0.7, 0.5)}
    (row,) = workloads.select(["top_5"], "float64")
    assert row.targets == {}


@pytest.mark.parametrize("wrong", [[np.float32(1.1)], [np.float64(1)], [np.float32(np.nan)], []])
def test_mismatch(wrong):
    expected = [np.ones((), "float32")]
    contender = contenders.Contender("wrong", "ours", lambda: wrong)
    with pytest.raises(contenders.Mismatch):
        contenders.check(contender, expected, 1e-4)


def maker(name, value, kind):
    return contenders.Maker(name, kind, (), lambda workload, arrays: (lambda: [np.float32(value)], np.asarray))


@pytest.mark.parametrize(("task", "refused"), [("ctc", ["CVM"]), ("squared", ["NUMBA", "jax.jit"])])
def test_nothing_is_compared_with_a_contender_that_rounds_much(task, refused):
    """PyTorch may be off by more than 1e-4 in CTC, this package may not; elsewhere others must equal PyTorch."""
    (row,) = (row for row in workloads.WORKLOADS if row.name == task and row.elements in (1000, 64 * 100 * 64))
    values = [
        maker("torch eager", 1.0005, "peer"),
        maker("jax.jit", 1, "peer"),
        maker("NUMBA", 1, "ours"),
        maker("CVM", 1.0005, "ours"),
    ]
    found, errors = session.build(row, values, lambda text: None)
    assert sorted(errors) == refused
    assert [contender.name for contender in found] == [v.name for v in values if v.name not in refused]


@needs_libraries
def test_csv_has_the_columns_of_all_workloads(tmp_path):
    from benchmarks import report

    ours = {"name": "NUMBA", "kind": "ours", "median": 1.234, "ratio": 0.5}
    peer = {"name": "jax.jit", "kind": "peer", "median": 2.468, "ratio": 1.0}
    floor = {"name": contenders.FLOOR, "kind": "floor", "median": 0.1, "ratio": None}
    results = [{"workload": "a/1", "contenders": [ours, floor]}, {"workload": "b/2", "contenders": [peer, floor]}]
    report.write_csv(tmp_path / "times.csv", results)
    assert (tmp_path / "times.csv").read_text().splitlines() == [
        "Workload,NUMBA,Copy,jax.jit,NUMBA / best peer",
        "``a/1``,1.23,0.1,,0.50",
        "``b/2``,,0.1,2.47,",
    ]


def test_ratio_is_to_the_fastest_peer():
    names = {"NUMBA": ("ours", 3.0), "slow": ("peer", 8.0), "fast": ("peer", 4.0), contenders.FLOOR: ("floor", 1.0)}
    rows = [{"name": name, "kind": kind, "median": median} for name, (kind, median) in names.items()]
    session.add_ratios(rows, {"NUMBA": Target(0.8, 0.5)})
    assert rows[0]["ratio"] == 0.75
    assert rows[0]["times_floor"] == 3
    assert rows[0]["fastest_peer"] == "fast"
    assert rows[0]["target"]["reached"] == {"at_most": True, "aim": False}


@needs_libraries
def test_summary_gives_the_median_and_the_worst():
    from benchmarks import report

    rows = [{"name": "NUMBA", "kind": "ours", "ratio": r} for r in (0.2, 0.3, 0.7)]
    results = [{"workload": f"w{i}", "contenders": [row]} for i, row in enumerate(rows)]
    expected = "NUMBA: 0.30 of the fastest peer in the median of 3 workloads, at worst 0.70 (w2)"
    assert report.summary(results) == expected


def test_contenders_take_turns():
    order = []
    steps = {name: lambda name=name: order.append(name) for name in "abc"}
    samples = timing.interleave(steps, 2, idle_seconds=0)
    turns = [name for name, previous in zip(order, [None, *order], strict=False) if name != previous]
    assert "".join(turns) == "abc" + "abc" + "bca"  # warm-up and two rounds
    assert all(len(samples[name].seconds) == 2 for name in "abc")
