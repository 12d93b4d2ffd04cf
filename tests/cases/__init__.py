"""The table: one row for each function and each of its options.

A row names the function, its options, how its inputs are drawn, and an independent reference. The sweeps make of it
tests of value, gradient, dtype, mask, leading dimensions, class axis and every backend. References compute in
float64, with optax and JAX (or scikit-learn for measures), and again with PyTorch where that is installed.
"""

from importlib import import_module
from pathlib import Path

from cases.case import CLASSES as CLASSES
from cases.case import ITEMS as ITEMS
from cases.case import Case as Case

FILES = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem not in ("__init__", "case"))
CASES: list[Case] = [case for name in FILES for case in import_module(f"cases.{name}").CASES]

# The first row of each function, which stands for what the options of the others do not change, and its last.
FIRST = list({case.function: case for case in reversed(CASES)}.values())
LAST = list({case.function: case for case in CASES}.values())
