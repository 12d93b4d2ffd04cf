"""The examples run, in a short form, and show what they promise. That of digits has a command of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STREAM = "--items 9500 --classes 5 --batch-size 700 --partition-size 2000 --mode FAST_COMPILE".split()


def run(name, *options):
    command = [sys.executable, str(ROOT / "examples" / name), *options]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "COLUMNS": "100"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.needs("distributed", "rich")
def test_a_stream_in_one_process_and_on_a_cluster():
    """Both print the same table, to the last digit."""
    alone, together = run("stream.py", *STREAM), run("stream.py", *STREAM, "--workers", "2")
    (waited, table, rest), (_, table_together, rest_together) = map(parts_of, (alone, together))
    assert waited.startswith("Compiling the validation")
    assert "9,500 items" in table and table == table_together
    assert rest.startswith("one process") and rest_together.startswith("2 workers")


def parts_of(out):
    """What it waited for, the table, and how long it took."""
    first, others = out.split("\n", 1)
    return first, *others.rsplit("\n", 3)[:2]


@pytest.mark.needs("jax", "rich")
def test_training_on_several_devices():
    out = run("data_parallel.py", "--epochs", "1", "--devices", "2")
    assert "1 of 2 devices" in out and "The losses differ by" in out
