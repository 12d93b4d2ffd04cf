"""Which tests of `make test` reach which lines of the package, and how long they take."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import accumulate
from pathlib import Path

from coverage import CoverageData

FIRST_TIER = "not needs and not backends and not exhaustive"
SECONDS = "seconds.json"
DURATIONS = defaultdict(float)


def pytest_runtest_logreport(report):
    """As a plugin of pytest, collect how long each test takes."""
    DURATIONS[report.nodeid] += report.duration


def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        session.config.rootpath.joinpath(SECONDS).write_text(json.dumps(DURATIONS))


def learn(clone, environment, processes):
    """Run all tests once: (seconds of tests, numbers of tests by file and line)."""
    traced = ["-p", Path(__file__).stem, "--cov=objectives", "--cov-context=test", "--cov-report="]
    pytest = [sys.executable, "-m", "pytest", "-q", "-n", str(processes), "--dist", "worksteal", "-m", FIRST_TIER]
    path = os.pathsep.join([environment["PYTHONPATH"], str(Path(__file__).parent)])
    variables = os.environ | environment | {"PYTHONPATH": path}
    if subprocess.run([*pytest, *traced], cwd=clone, env=variables, check=False).returncode:
        sys.exit("The tests must pass before mutants are made.")
    seconds = json.loads((clone / SECONDS).read_text())
    return seconds, reached(clone, CoverageData(str(clone / ".coverage")), list(seconds))


def reached(clone, data, tests):
    data.read()
    numbers = {test: number for number, test in enumerate(tests)}
    found = {}
    for file in data.measured_files():
        found[str(Path(file).relative_to(clone))] = lines = {}
        for line, contexts in data.contexts_by_lineno(file).items():
            lines[line] = sorted({numbers[context.partition("|")[0]] for context in contexts if context})
    return found


class Tests:
    """What has been learnt."""

    def __init__(self, seconds, reached):
        self.seconds, self.reached = seconds, reached
        self.names = list(seconds)
        lines = Counter(test for file in reached.values() for tests in file.values() for test in tests)
        self.ranks = {n: (seconds[test] + 0.1) * lines[n] for n, test in enumerate(self.names)}

    def of(self, file, lines):
        """The tests that reach these lines, or the file where the lines run when it is imported.

        Short ones that reach little else come first, but not all those of a function at once.
        """
        known = self.reached.get(str(file), {})
        found = {test for line in lines for test in known.get(str(line), [])}
        found = found or {test for tests in known.values() for test in tests}
        ranks, of_function = {}, Counter()
        for test in sorted(found, key=self.ranks.get):
            function = self.names[test].partition("[")[0]
            of_function[function] += 1
            ranks[test] = self.ranks[test] * of_function[function]
        return [self.names[test] for test in sorted(found, key=ranks.get)]

    def within(self, tests, limit):
        """Those of the tests, from the first on, that take so many seconds together."""
        totals = accumulate(self.seconds[test] for test in tests)
        return [test for test, total in zip(tests, totals, strict=True) if total < limit]
