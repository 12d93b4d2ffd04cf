"""How many threads work is shared among."""

import os


def allowed(most):
    """Of this many threads those that OMP_NUM_THREADS allows, which is read at each call."""
    named = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, min(most, int(named) if named.isdigit() else most))
