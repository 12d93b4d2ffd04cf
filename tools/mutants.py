"""Break the package at a sample of places, one after another, and see which of them the tests of `make test` notice.

    python tools/mutants.py [--count 600] [--seed 14]

Cosmic Ray makes the mutants, as cosmic-ray.toml says, in a clone of what is committed, in build/mutants. All tests run
there once, to learn which lines each of them reaches and how long it takes; for a mutant those run that reach its
lines, the fastest first, until one fails. What has been tried is kept: the same command goes on where it was stopped.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
CLONE = ROOT / "build" / "mutants"
SESSION, REACHED, SECONDS, CHOSEN = "session.sqlite", "reached.json", "seconds.json", "chosen.txt"
FIRST_TIER = "not needs and not backends and not exhaustive"
DURATIONS = {}


def pytest_runtest_logreport(report):
    """As a plugin of pytest, collect how long each test takes."""
    DURATIONS[report.nodeid] = DURATIONS.get(report.nodeid, 0) + report.duration


def pytest_sessionfinish():
    if "LEARN" in os.environ:
        Path(SECONDS).write_text(json.dumps(DURATIONS))


def run(*command, **environment):
    return subprocess.run(command, env=os.environ | environment, check=False).returncode


def learn(options):
    """Which tests reach which lines, and how long they take."""
    traced = ["-p", "tools.mutants", "--cov=objectives", "--cov-context=test", "--cov-report="]
    failed = run(
        sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", FIRST_TIER, *traced, *options, LEARN="1", PYTHONPATH="."
    )
    if failed:
        sys.exit("The tests must pass before mutants are made.")
    from coverage import CoverageData

    data = CoverageData(".coverage")
    data.read()
    reached = {}
    for file in data.measured_files():
        lines = data.contexts_by_lineno(file).items()
        reached[str(Path(file).relative_to(CLONE))] = {
            line: sorted({context.partition("|")[0] for context in contexts} - {""}) for line, contexts in lines
        }
    Path(REACHED).write_text(json.dumps(reached))


def sample(count, seed):
    """Leave out all mutants but a sample."""
    from cosmic_ray.work_db import use_db
    from cosmic_ray.work_item import WorkerOutcome, WorkResult

    with use_db(SESSION) as session:
        items = sorted(session.work_items, key=lambda item: str(item.mutations))
        kept = {item.job_id for item in random.Random(seed).sample(items, min(count, len(items)))}
        others = [item.job_id for item in items if item.job_id not in kept]
        session.set_multiple_results(others, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))


def changed():
    """The lines of each file that the mutant changes, numbered as they were."""
    diff = subprocess.run(["git", "diff", "-U0"], capture_output=True, text=True, check=True).stdout
    lines, file = defaultdict(set), None
    for line in diff.splitlines():
        if line.startswith("--- a/"):
            file = line[6:]
        elif line.startswith("@@"):
            start, _, size = line.split()[1][1:].partition(",")
            lines[file] |= set(range(int(start), int(start) + int(size or 1)))
    return lines


def tests_of(lines):
    """The tests that reach these lines, or their file where they run when it is imported; the fastest first."""
    reached, seconds = (json.loads(Path(file).read_text()) for file in (REACHED, SECONDS))
    found = set()
    for file, numbers in lines.items():
        known = reached.get(file, {})
        of_lines = {test for n in numbers for test in known.get(str(n), [])}
        found |= of_lines or {test for tests in known.values() for test in tests}
    return sorted(found, key=lambda test: (seconds.get(test, 0), test))


def try_mutant():
    """Run by Cosmic Ray in the clone, where one mutant is in place."""
    tests = tests_of(changed())
    if not tests:
        sys.exit(0)
    Path(CHOSEN).write_text("\n".join(tests))
    sys.exit(run(sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", f"@{CHOSEN}"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("tests", nargs="*", help="what pytest collects, if not everything")
    arguments = parser.parse_args()
    if not CLONE.exists():
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(CLONE)], check=True)
    os.chdir(CLONE)
    if not Path(REACHED).exists():
        learn(arguments.tests)
    if not Path(SESSION).exists():
        run("cosmic-ray", "init", "cosmic-ray.toml", SESSION)
        sample(arguments.count, arguments.seed)
    run("cosmic-ray", "exec", "cosmic-ray.toml", SESSION)
    run("cr-report", SESSION)


if __name__ == "__main__":
    try_mutant() if sys.argv[1:] == ["--try"] else main()
