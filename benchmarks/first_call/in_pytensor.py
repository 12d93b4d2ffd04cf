"""The first calls with this package: functions of the same names as in `in_plain`."""

import importlib.util
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt

from benchmarks import in_pytensor
from benchmarks.first_call import data
from benchmarks.first_call.in_plain import gradient_step
from objectives import (
    aggregate,
    categorical_accuracy,
    categorical_crossentropy_with_logits,
    compile_validation,
    f1_score,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits.py"


def elementwise(mode):
    return gradient_step(data.ELEMENTWISE, in_pytensor, mode)


def crossentropy(mode):
    return gradient_step(data.CROSSENTROPY, in_pytensor, mode)


def readme(mode):
    """Its two code examples: a softmax regression, and three measures over two batches."""
    inputs, targets = pt.matrix("inputs"), pt.lvector("targets")
    W = pytensor.shared(np.zeros((4, 3)), name="W")
    logits = inputs @ W
    known = pt.neq(targets, -1)
    losses = categorical_crossentropy_with_logits(logits, targets, mask=known)
    loss = aggregate(losses, mask=known)
    train = pytensor.function([inputs, targets], loss, updates={W: W - pytensor.grad(loss, W)}, mode=mode)
    measures = {
        "loss": (losses, known),
        "accuracy": (categorical_accuracy(logits, targets, mask=known), known),
        "F1": f1_score(logits, targets, num_classes=3, mask=known),
    }
    validation = compile_validation([inputs, targets], measures, mode=mode)

    def call():
        train(*data.README_TRAINING)
        return validation.validate(data.README_BATCHES, progress=False)

    return call


def digits(mode):
    """A training step and the validation of examples/digits.py."""
    example = load_example()
    batches = data.digits()
    options = Namespace(missing_value=np.nan, mode=mode)
    train, validation = example.build_functions(example.Digits(*batches[0]), options, np.random.default_rng(0))

    def call():
        train(*batches[0])
        return validation.validate(batches, progress=False)

    return call


def load_example():
    spec = importlib.util.spec_from_file_location("digits_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
