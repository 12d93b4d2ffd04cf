"""Common parts of the first calls of all libraries: their data, and how sums of batches become measures.

The numbers matter little, since compiling takes the time.
"""

import itertools

import numpy as np

from benchmarks import workloads

ELEMENTWISE = "binary_crossentropy/1000"
CROSSENTROPY = "categorical/128x10"
LAYER_SIZES = (64, 256, 128, 10)  # those of examples/digits.py
CLASS_WEIGHTS = np.linspace(0.5, 1.5, LAYER_SIZES[-1], dtype="float32")
README_TRAINING = (np.eye(4), np.array([0, 1, 2, -1]))
README_BATCHES = [README_TRAINING, (np.eye(4)[:1], np.array([1]))]


def row(label):
    """The workload of that label and its arrays by name."""
    (found,) = workloads.select([label])
    return found, found.arrays()


def digits():
    """Two batches of 60 and 27 images, some without a label, as in the example."""
    rng = np.random.default_rng(0)
    return [digits_batch(rng, size) for size in (60, 27)]


def digits_batch(rng, size):
    targets = rng.integers(0, LAYER_SIZES[-1], size).astype("float32")
    targets[::3] = np.nan
    return rng.random((size, LAYER_SIZES[0]), dtype="float32"), targets


def layers():
    """Weights and biases of each layer."""
    rng = np.random.default_rng(0)
    shapes = itertools.pairwise(LAYER_SIZES)
    return [(rng.normal(scale=0.1, size=s).astype("float32"), np.zeros(s[1], "float32")) for s in shapes]


def added(update, batches):
    """The sums of all batches."""
    return [sum(map(np.asarray, sums)) for sums in zip(*(update(*batch) for batch in batches), strict=True)]


def macro_f1(confusion):
    return np.mean(2 * confusion.diagonal() / (confusion.sum(axis=0) + confusion.sum(axis=1)))
