"""Times of the area under the ROC curve, exact and in bins, against scikit-learn: ``python -m benchmarks.auc``."""

import argparse
import sys
from functools import partial
from statistics import median

from benchmarks import contenders

BATCH = 65536  # items of a batch of the binned area
MODES = ("NUMBA", "CVM")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    contenders.set_environment(options.threads, "cpu")
    for dtype in ("float32", "float64"):
        for name, seconds, ratio in measure(dtype, options.items, options.rounds):
            sys.stdout.write(f"{dtype} {name:13} {seconds:8.3f} s {ratio:8.3f} x scikit-learn\n")


def measure(dtype, items, rounds):
    """Median seconds by name, and their ratio to scikit-learn's, which comes last."""
    from benchmarks.timing import interleave

    samples = interleave(steps(dtype, items), rounds, idle_seconds=0)
    medians = {name: median(sample.seconds) for name, sample in samples.items()}
    return [(name, seconds, seconds / medians["scikit-learn"]) for name, seconds in medians.items()]


def steps(dtype, items):
    """The timed functions by name; each returns the area."""
    import numpy as np
    import pytensor.tensor as pt
    from sklearn.metrics import roc_auc_score as reference

    from objectives import compile_validation, roc_auc_score

    rng = np.random.default_rng(0)
    targets = (rng.random(items) < 0.3).astype("int64")
    scores = (1 / (1 + np.exp(-rng.normal(targets)))).astype(dtype)
    variables = pt.vector("scores", dtype=dtype), pt.vector("targets", dtype="int64")
    batches = [(scores[i : i + BATCH], targets[i : i + BATCH]) for i in range(0, items, BATCH)]
    result = {}
    for mode in MODES:
        for kind, measure, data in (
            ("exact", roc_auc_score, [(scores, targets)]),
            ("binned", partial(roc_auc_score, num_bins=1001), batches),
        ):
            validation = compile_validation(variables, {"area": measure(*variables)}, mode=mode)
            result[f"{mode} {kind}"] = partial(validation.validate, data, progress=False)
    result["scikit-learn"] = partial(reference, targets, scores)
    return result


if __name__ == "__main__":
    main()
