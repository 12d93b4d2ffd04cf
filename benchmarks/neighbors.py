"""Times of graphs of PyMC and pytensor-ml, with our rewrites and without: ``python -m benchmarks.neighbors``.

Value and gradient on Numba, of PyMC's likelihoods of logits and of a loss of pytensor-ml.
"""

import argparse
import sys
from functools import partial
from statistics import median

from benchmarks import contenders

ITEMS, CLASSES = 20_000, 20
LIKELIHOODS = ("Categorical", "Bernoulli", "Multinomial", "OrderedLogistic")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--graph", nargs="+", choices=(*LIKELIHOODS, "CrossEntropy"))
    options = parser.parse_args()
    contenders.set_environment(options.threads, "cpu")
    for name in options.graph or (*LIKELIHOODS, "CrossEntropy"):
        ours, theirs = measure(name, options.rounds)
        sys.stdout.write(f"{name:15} {1000 * ours:7.2f} ms, without {1000 * theirs:7.2f} ms, {ours / theirs:5.2f}\n")


def measure(name, rounds):
    """Median seconds of a step, with the rewrites and without."""
    from pytensor.compile.mode import get_mode

    import objectives  # noqa: F401  (imported for its rewrites)
    from benchmarks.timing import interleave

    compiled = pytensor_ml_step if name == "CrossEntropy" else partial(pymc_step, name)
    modes = {"with": get_mode("NUMBA"), "without": get_mode("NUMBA").excluding(*contenders.REWRITES)}
    samples = interleave({kind: compiled(mode) for kind, mode in modes.items()}, rounds, idle_seconds=0)
    return [median(samples[kind].seconds) for kind in modes]


def pymc_step(name, mode):
    """The log-probability and its gradient as a sampler of PyMC calls it."""
    import numpy as np
    import pymc as pm

    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, ITEMS)
    with pm.Model() as model:
        if name == "OrderedLogistic":
            cutpoints = pm.Flat("cutpoints", shape=CLASSES - 1, initval=np.linspace(-2, 2, CLASSES - 1))
            pm.OrderedLogistic("y", pm.Flat("eta", shape=ITEMS), cutpoints, compute_p=False, observed=labels)
        else:
            logits = pm.Flat("logits", shape=(ITEMS, CLASSES))
            if name == "Categorical":
                pm.Categorical("y", logit_p=logits, observed=labels)
            elif name == "Bernoulli":
                pm.Bernoulli("y", logit_p=logits, observed=rng.integers(0, 2, (ITEMS, CLASSES)))
            else:
                counts = rng.multinomial(10, np.full(CLASSES, 1 / CLASSES), size=ITEMS)
                pm.Multinomial("y", n=10, p=pm.math.softmax(logits, axis=-1), observed=counts)
    function = model.logp_dlogp_function(mode=mode, ravel_inputs=True)
    function.set_extra_values({})
    start = pm.blocking.DictToArrayBijection.map(model.initial_point()).data
    return partial(function._pytensor_function, start)


def pytensor_ml_step(mode):
    """A loss of pytensor-ml with its gradient."""
    import numpy as np
    import pytensor
    import pytensor.tensor as pt
    import pytensor_ml.loss as ml

    rng = np.random.default_rng(0)
    logits = pt.matrix("logits", dtype="float32")
    loss, target = ml.supervised_loss(logits, ml.CrossEntropy(expect_logits=True, expect_onehot_labels=False))
    step = pytensor.function([logits, target], [loss, pytensor.grad(loss, logits)], mode=mode)
    scores = rng.normal(size=(4096, 1000)).astype("float32")
    return partial(step, scores, rng.integers(0, 1000, 4096).astype(target.dtype))


if __name__ == "__main__":
    main()
