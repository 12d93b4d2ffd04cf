"""The table of measures of sets: one row for each function and each of its options.

The sweeps of test_measures.py make of a row tests of value, dtype, mask, weights, leading axes, batches and every
backend. References are scikit-learn and scipy.
"""

from importlib import import_module
from pathlib import Path

from measures.measure import Measure as Measure

FILES = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem not in ("__init__", "measure"))
TABLE: dict[str, list[Measure]] = {name: import_module(f"measures.{name}").MEASURES for name in FILES}
MEASURES: list[Measure] = [row for rows in TABLE.values() for row in rows]
FIRST = list({row.function: row for row in reversed(MEASURES)}.values())
