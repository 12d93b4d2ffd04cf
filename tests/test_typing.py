"""Type checking of user code: mypy accepts correct calls and finds each mistake."""

import re
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).parent / "typing" / "user_code.py"


def errors(code):
    """The line and kind of each error that mypy finds."""
    options = ["--strict", "--follow-imports=silent", "--no-error-summary", "--hide-error-context"]
    command = [sys.executable, "-m", "mypy", *options, code]
    run = subprocess.run(command, cwd=FILE.parents[2], capture_output=True, text=True, check=False)
    found = re.findall(r"user_code\.py:(\d+): error: .*?(?:\[([a-z-]+)\])?$", run.stdout, re.MULTILINE)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return {(int(line), kind) for line, kind in found}


def test_user_code():
    lines = FILE.read_text().splitlines()
    expected = {(i, line.rpartition("# E: ")[2]) for i, line in enumerate(lines, 1) if "# E: " in line}
    assert errors(str(FILE)) == expected
