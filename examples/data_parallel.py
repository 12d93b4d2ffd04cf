"""Train and validate a classifier on several devices, with a part of every batch on each.

    pip install "pytensor-objectives[examples,jax]"
    python examples/data_parallel.py
    python examples/data_parallel.py --devices 2 --epochs 5

The loss is PyTensor's, compiled with JAX, which computes where its arrays are: batches that are placed on all devices
make loss, gradient and statistics sums over devices, without a word about it in the graph. The devices are parts of
the processor here; GPUs are named by ``jax.devices()``. One device computes the same, to compare.
"""

import argparse
import itertools
import sys
import time
from contextlib import contextmanager

import jax
import numpy as np
import pytensor
import pytensor.tensor as pt
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from objectives import (
    aggregate,
    categorical_accuracy,
    categorical_crossentropy_with_logits,
    compile_validation,
    confusion_matrix,
    labelled,
)

NUM_CLASSES = 10
LAYER_SIZES = (64, 64, NUM_CLASSES)
NO_LABEL = -1


def main():
    options = parse_options()
    jax.config.update("jax_num_cpu_devices", options.devices)  # before the first use of JAX
    jax.config.update("jax_enable_x64", True)  # or device_put would round to float32
    devices = jax.devices("cpu")
    console = Console()
    runs = {}
    for number in (1, len(devices)):
        with waiting_for(f"Compiling and training on {number} of {len(devices)} devices", console):
            runs[number] = run(devices[:number], options)
    console.print(table_of(runs))

    alone, together = runs.values()
    difference = max(abs(alone[name] - together[name]) for name in ("training loss", "crossentropy"))
    console.print(f"The losses differ by {difference:.1e}")
    if difference > 1e-9 or (alone["confusion"] != together["confusion"]).any():
        sys.exit("the devices together computed something else than one alone")


def run(devices, options):
    """Train on these devices, and measure what was learned."""
    rng = np.random.default_rng(options.seed)
    training, held_out = load_data(options, rng)
    train, validation = build_functions(rng)
    place = placing(devices)
    for _ in range(options.epochs):
        for batch in batches_of(training, options.batch_size):
            loss = train(*place(batch))
    results = validation.validate(map(place, batches_of(held_out, options.batch_size)), progress=False)
    return {"training loss": float(loss), **results}


# The devices


def placing(devices):
    """A function that spreads the items of a batch over the devices.

    Their number must be divisible by that of the devices: a batch is filled up with images without a label.
    """
    by_items = NamedSharding(Mesh(np.array(devices), ("data",)), PartitionSpec("data"))

    def place(batch):
        images, targets = batch
        lacking = -len(targets) % len(devices)
        images = np.pad(images, [(0, lacking), (0, 0)])
        targets = np.pad(targets, (0, lacking), constant_values=NO_LABEL)
        return jax.device_put((images, targets), by_items)

    return place


# The network, its loss and what is measured


def build_functions(rng):
    """Compile a training step, and a validation."""
    images, targets = pt.matrix("images"), pt.lvector("targets")
    parameters = new_parameters(rng)
    logits = network(images, parameters)

    known = labelled(targets, NO_LABEL)
    labels = pt.switch(known, targets, 0)
    losses = categorical_crossentropy_with_logits(logits, labels, mask=known)
    loss = aggregate(losses, mask=known)
    gradients = pytensor.grad(loss, parameters)
    updates = {p: p - 0.5 * g for p, g in zip(parameters, gradients, strict=True)}
    train = pytensor.function([images, targets], loss, updates=updates, mode="JAX")
    train.trust_input = True  # arrays of JAX pass as they are

    measures = {
        "crossentropy": (losses, known),
        "accuracy": (categorical_accuracy(logits, labels), known),
        "confusion": confusion_matrix(logits, labels, num_classes=NUM_CLASSES, mask=known),
    }
    return train, compile_validation([images, targets], measures, mode="JAX")


def new_parameters(rng):
    parameters = []
    for fan_in, fan_out in itertools.pairwise(LAYER_SIZES):
        parameters.append(pytensor.shared(rng.normal(scale=np.sqrt(1 / fan_in), size=(fan_in, fan_out))))
        parameters.append(pytensor.shared(np.zeros(fan_out)))
    return parameters


def network(images, parameters):
    """The logits (N, 10)."""
    weights, biases, last_weights, last_biases = parameters
    return pt.tanh(images @ weights + biases) @ last_weights + last_biases


# The data


def load_data(options, rng):
    """Digits to train on, some of them unlabeled, and others to validate on."""
    images, targets = load_digits(return_X_y=True)
    seed = int(rng.integers(2**31))
    training, held_out, targets, held_out_targets = train_test_split(
        images / 16, targets.astype("int64"), test_size=0.25, stratify=targets, random_state=seed
    )
    targets[rng.random(len(targets)) < options.missing] = NO_LABEL
    return (training, targets), (held_out, held_out_targets)


def batches_of(data, size):
    for start in range(0, len(data[0]), size):
        yield [array[start : start + size] for array in data]


# What the user sees


@contextmanager
def waiting_for(what, console):
    """Report a slow step, and how long it took."""
    started = time.perf_counter()
    console.print(f"{what} ...", end=" ")
    yield
    console.print(f"{time.perf_counter() - started:.1f} s")


def table_of(runs):
    table = Table(title="Held-out digits", title_justify="left")
    for heading in ("devices", "training loss", "crossentropy", "accuracy"):
        table.add_column(heading, justify="right")
    for number, results in runs.items():
        losses = (f"{results[name]:.12f}" for name in ("training loss", "crossentropy"))
        table.add_row(str(number), *losses, f"{results['accuracy']:.2%}")
    return table


# Options


def parse_options():
    parser = argparse.ArgumentParser(
        description="Train and validate a classifier on several devices.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--devices", type=positive_number, default=8, metavar="N", help="devices to make of the processor, 2 or more")
    add("--epochs", type=positive_number, default=10, metavar="N", help="passes over the training data")
    add("--batch-size", type=positive_number, default=256, metavar="N", help="images in a batch, fewer in the last")
    add("--missing", type=share, default=0.3, metavar="SHARE", help="share of missing labels, in [0, 1)")
    add("--seed", type=positive_number, default=1, help="seed of the split, the missing labels and the weights")
    options = parser.parse_args()
    if options.devices < 2:
        parser.error("--devices must be 2 or more, to have something to compare")
    return options


def share(text):
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not in [0, 1)")
    return value


def positive_number(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return value


if __name__ == "__main__":
    main()
