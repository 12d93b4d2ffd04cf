"""Break the package at a sample of places, one after another, and see which of them the tests of `make test` notice.

    python tools/mutants.py [--count 600] [--seed 14] [--limit 300]

Cosmic Ray makes the mutants, as cosmic-ray.toml says, in clones of what is committed, in build/mutants. All tests run
once, to learn which lines each of them reaches and how long it takes. For a mutant those run that reach its lines,
until one fails: first short ones that reach little else. What has been tried is kept, and the same command goes on
where it was stopped; remove build/mutants to begin anew.
"""

import argparse
import ast
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from difflib import unified_diff
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import pytest
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult
from reaching import Tests, learn

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "mutants"
SESSION, LEARNT = BUILD / "session.sqlite", BUILD / "learnt.json"
CLONES = [BUILD / f"clone{k}" for k in range(2)]
FIRST = 30  # tests that are tried before others are even imported
HANGS = 120  # seconds after which a test is ended, which then has failed, beside ten times what it takes
# What tests import, the package itself excepted: imported once for all mutants.
PRELOADED = ["hypothesis.strategies", "matplotlib.pyplot", "numpy.testing", "pytensor.link.numba.dispatch"]
PRELOADED += ["scipy.integrate", "scipy.optimize", "scipy.spatial", "scipy.special", "scipy.stats", "sklearn.metrics"]
fork = get_context("fork")


def environment(clone, *folders):
    """Of tests in a clone. What they compile lies in folders of its own, and is there for the next mutant."""
    flags = f"{os.environ.get('PYTENSOR_FLAGS', '')},base_compiledir={BUILD.joinpath('compiled', *folders)}"
    return {"PYTENSOR_FLAGS": flags, "PYTHONPATH": str(clone)}


def beside_the_point(file):
    """Annotations, messages of errors, and stars before keyword arguments: from (line, column) to (line, column)."""
    text = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        for part in (getattr(node, name, None) for name in ("annotation", "returns", "exc")):
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)
    for number, line in enumerate(text.splitlines(), start=1):
        yield from (((number, star.start()), (number, star.end())) for star in re.finditer(r"\*,", line))


def sample(count, seed):
    """A random sample of the mutants."""
    subprocess.run(["cosmic-ray", "init", "cosmic-ray.toml", str(SESSION)], cwd=CLONES[0], check=True)
    with use_db(SESSION) as session:
        items = sorted(session.work_items, key=lambda item: str(item.mutations))
        files = {item.mutations[0].module_path for item in items}
        left_out = {file: list(beside_the_point(CLONES[0] / file)) for file in files}

        def is_left_out(mutation):
            return any(start <= mutation.start_pos < end for start, end in left_out[mutation.module_path])

        kept = [item for item in items if not is_left_out(*item.mutations)]
        print(f"{count} of {len(kept)} mutants, {len(items) - len(kept)} beside the point")
        session.clear()
        session.add_work_items(random.Random(seed).sample(kept, min(count, len(kept))))


class Chosen:
    """A plugin of pytest that runs the chosen tests in their order, and ends them where one hangs."""

    def __init__(self, tests, seconds):
        self.order, self.seconds = {test: place for place, test in enumerate(tests)}, seconds

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        chosen = [item for item in items if item.nodeid in self.order]
        items[:] = sorted(chosen, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_setup(self, item):
        # of the processor, since others may be at work; the signal ends the process
        signal.setitimer(signal.ITIMER_PROF, HANGS + 10 * self.seconds[item.nodeid])


def run_tests(tests, seconds, log):
    """In a process of its own."""
    os.setsid()
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    files = sorted({test.partition("::")[0] for test in tests})
    options = ["-x", "-q", "--tb=line", "-n0", "-p", "no:cacheprovider", "-W", "ignore:Module already imported"]
    os._exit(pytest.main([*options, *files], plugins=[Chosen(tests, seconds)]))


def pass_tests(*arguments, limit):
    """Whether none of the tests notices what is broken."""
    process = fork.Process(target=run_tests, args=arguments)
    process.start()
    try:
        process.join(HANGS + 10 * limit)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and what it has started
    process.join()
    return process.exitcode in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


@contextmanager
def broken(mutation):
    """The source with the mutant; afterwards as old as before, so that what Python has compiled of it is valid."""
    times = mutation.module_path.stat()
    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    with use_mutation(mutation.module_path, operator, mutation.occurrence) as texts:
        yield "".join(unified_diff(*(text.splitlines(keepends=True) for text in texts), n=0))
    os.utime(mutation.module_path, ns=(times.st_atime_ns, times.st_mtime_ns))


def tried(mutation, tests, log, limit):
    start = time.monotonic()
    reaching = tests.of(mutation.module_path, range(mutation.start_pos[0], mutation.end_pos[0] + 1))
    chosen = tests.within(reaching, limit)
    with broken(mutation) as diff:
        groups = filter(None, (chosen[:FIRST], chosen[FIRST:]))
        survived = all(pass_tests(group, tests.seconds, log, limit=limit) for group in groups)
    facts = {"tried": len(chosen), "reaching": len(reaching), "seconds": round(time.monotonic() - start)}
    facts["end"] = log.read_text(errors="replace").splitlines()[-3:] if chosen else []
    outcome = TestOutcome.SURVIVED if survived else TestOutcome.KILLED
    return WorkResult(WorkerOutcome.NORMAL, json.dumps(facts), outcome, diff)


def work(clone, items, limit):
    """Try mutants, in a process that has imported what tests import, the package excepted."""
    os.chdir(clone)
    subprocess.run(["git", "checkout", "--quiet", "."], check=True)  # where it was stopped
    # no cache of Python's: a mutant may be as long as the original, and as old to the second
    os.environ |= environment(clone, f"gw{CLONES.index(clone)}") | {"PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(clone))
    for module in PRELOADED:
        import_module(module)
    tests, log = Tests(*json.loads(LEARNT.read_text())), clone.with_suffix(".log")
    shortest = sorted(tests.seconds, key=tests.seconds.get)[:FIRST]
    if not pass_tests(shortest, tests.seconds, log, limit=limit):
        sys.exit(f"Tests that passed do so no longer: {log}")
    for item in items:
        result = tried(*item.mutations, tests, log, limit)
        with use_db(SESSION) as session:
            session.set_result(item.job_id, result)
        print(result.test_outcome.value, item.mutations[0].module_path, result.output, flush=True)


def report():
    with use_db(SESSION) as session:
        found = [(*item.mutations, result) for item, result in session.completed_work_items]
    survivors = [(mutation, result) for mutation, result in found if not result.is_killed]
    for mutation, result in survivors:
        facts = json.loads(result.output)
        print(f"\n{mutation.module_path}: noticed by none of {facts['tried']} tests (of {facts['reaching']})")
        print(result.diff.partition("+++")[2].partition("\n")[2])
    print(f"{len(found)} mutants, {len(survivors)} of them not noticed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--limit", type=int, default=300, help="seconds of the tests that are tried for one mutant")
    arguments = parser.parse_args()
    for clone in CLONES:
        if not clone.exists():
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    if not LEARNT.exists():
        LEARNT.write_text(json.dumps(learn(CLONES[0], environment(CLONES[0]), processes=len(CLONES))))
    if not SESSION.exists():
        sample(arguments.count, arguments.seed)
    with use_db(SESSION) as session:
        items = sorted(session.pending_work_items, key=lambda item: str(item.mutations))
    # so that what has been tried at any time is a sample, too
    random.Random(arguments.seed).shuffle(items)
    shares = [(clone, items[k :: len(CLONES)], arguments.limit) for k, clone in enumerate(CLONES)]
    workers = [fork.Process(target=work, args=share) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    report()


if __name__ == "__main__":
    main()
