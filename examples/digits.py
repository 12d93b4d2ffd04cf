"""Learn to read handwritten digits, with only some of them labelled.

    pip install "pytensor-objectives[examples]"
    python examples/digits.py
    python examples/digits.py --mode JAX --missing 0.5

A network of plain PyTensor (shared variables, gradients, updates) learns scikit-learn's digits. Missing labels are
masked, rare classes weigh more than frequent ones, and the measures on held-out digits are exact although the batches
have unequal sizes. Everything about the loss and the measures is in `build_functions`. The first run takes longer to
compile than to train; on Numba and C the next finds in PyTensor's cache what was compiled.
"""

import argparse
import itertools
import sys
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
from matplotlib import pyplot as plt
from matplotlib.ticker import PercentFormatter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from objectives import (
    aggregate,
    aggregate_parts,
    categorical_accuracy,
    categorical_crossentropy_with_logits,
    compile_validation,
    confusion_matrix,
    labelled,
)
from objectives.plot import plot_confusion_matrix, plot_learning_curves

MODES = ("NUMBA", "CVM", "JAX", "PYTORCH", "MLX", "FAST_RUN", "FAST_COMPILE")
OPTIONAL_BACKENDS = {"JAX": "jax", "PYTORCH": "torch", "MLX": "mlx.core"}
NUM_CLASSES = 10
LAYER_SIZES = (64, 256, 128, NUM_CLASSES)  # 8 x 8 pixels, two hidden layers, the classes

pytensor.config.floatX = "float32"  # the dtype that every backend computes in
plt.switch_backend("Agg")  # draws into files, without a window


class Digits(NamedTuple):
    images: np.ndarray  # (N, 64), from 0 to 1
    targets: np.ndarray  # (N,), some of them may be the missing value


class Epoch(NamedTuple):
    number: int
    training_loss: float
    loss: float  # this and the rest on held-out digits
    top_1: float
    top_3: float
    macro_f1: float
    confusion: np.ndarray  # (10, 10)


def main():
    options = parse_options()
    pytensor.config.mode = options.mode  # for the graphs within Ops, which ``mode=`` of a function does not reach
    console = Console()
    started = time.perf_counter()
    rng = np.random.default_rng(options.seed)
    training, held_out = load_data(options.missing, options.missing_value, rng)

    train, validation = build_functions(training, options, rng)
    compile_with(next(batches(training, options.batch_size)), train, validation, options.mode, console)
    epochs = learn(train, validation, training, held_out, options, rng)
    history = show_progress(epochs, options.epochs, console)

    console.print(table_of(history))
    draw(history, options)
    console.print(f"{time.perf_counter() - started:.1f} s on {options.mode}, pictures in {options.plot}")
    if history[-1].top_1 < options.require:
        sys.exit(f"top-1 accuracy {history[-1].top_1:.4f} is less than --require {options.require}")


# The data


def load_data(missing, missing_value, rng):
    """Digits to train on, a share of their labels missing, and fully labelled digits that are held out."""
    images, targets = load_digits(return_X_y=True)
    images = (images / 16).astype("float32")
    targets = targets.astype("float32" if np.isnan(missing_value) else "int64")
    train_images, test_images, train_targets, test_targets = train_test_split(
        images, targets, test_size=0.25, stratify=targets, random_state=int(rng.integers(2**31))
    )
    lost = rng.choice(len(train_targets), size=round(missing * len(train_targets)), replace=False)
    train_targets[lost] = missing_value
    if len(lost) == len(train_targets):
        sys.exit(f"--missing {missing} leaves no label to learn from: give a smaller share")
    return Digits(train_images, train_targets), Digits(test_images, test_targets)


def inverse_frequencies(targets):
    """A weight for each class, such that all classes weigh the same in total; missing labels do not count."""
    labels = targets[targets >= 0].astype("int64")  # neither NaN nor -1 passes
    counts = np.bincount(labels, minlength=NUM_CLASSES)
    return (len(labels) / (NUM_CLASSES * np.maximum(counts, 1))).astype("float32")


# The network, its loss and what is measured


def build_functions(training, options, rng):
    """Compile a training step, which returns numerator and denominator of the loss of a batch, and a validation."""
    images = pt.matrix("images", shape=(None, LAYER_SIZES[0]))
    targets = pt.tensor("targets", dtype=training.targets.dtype, shape=(None,))
    layers = new_layers(LAYER_SIZES, rng)
    logits = network(images, layers)

    mask = labelled(targets, options.missing_value)
    labels = pt.switch(mask, targets, 0).astype("int64")
    losses = categorical_crossentropy_with_logits(logits, labels)

    # The loss is divided by the sum of the weights of the labelled items. A batch without any has loss and gradient 0.
    weighting = {"weights": pt.constant(inverse_frequencies(training.targets))[labels], "mask": mask}
    loss = aggregate(losses, mode="normalized_sum", **weighting)
    loss_parts = aggregate_parts(losses, mode="normalized_sum", **weighting)
    parameters = [parameter for layer in layers for parameter in layer]
    train = pytensor.function([images, targets], loss_parts, updates=adam(loss, parameters), mode=options.mode)

    confusion = confusion_matrix(logits, labels, mask=mask)
    measures = {
        "loss": loss,
        "top_1": aggregate(categorical_accuracy(logits, labels), mask=mask),
        "top_3": aggregate(categorical_accuracy(logits, labels, top_k=3), mask=mask),
        "macro_f1": macro_f1(confusion),
        "confusion": confusion,
    }
    return train, compile_validation([images, targets], measures, mode=options.mode)


def compile_with(batch, train, validation, mode, console):
    """Call both once, since most backends compile in the first call, and undo the training step."""
    with waiting_for(f"Compiling the training function for {mode}", console):
        before = [(variable, variable.get_value()) for variable in train.get_shared()]
        train(*batch)
        for variable, value in before:
            variable.set_value(value)
    with waiting_for("Compiling the validation", console):
        validation.validate([batch], progress=False)


def macro_f1(confusion):
    """The mean over classes of 2 TP / (2 TP + FP + FN): any expression of measures is a measure."""
    hits = (confusion * np.eye(NUM_CLASSES, dtype="float32")).sum(axis=0)  # PyTorch's backend has no diagonal
    found, there = confusion.sum(axis=0), confusion.sum(axis=1)
    return (2 * hits / (found + there)).sum() / NUM_CLASSES


def new_layers(sizes, rng):
    """Weights and biases as shared variables, initialized as He et al. (2015) do for rectified units."""
    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        weights = rng.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out)).astype("float32")
        biases = np.zeros(fan_out, dtype="float32")
        layers.append((pytensor.shared(weights, shape=weights.shape), pytensor.shared(biases, shape=biases.shape)))
    return layers


def network(images, layers):
    """The logits (N, 10) of a multi-layer perceptron."""
    *hidden, (last_weights, last_biases) = layers
    outputs = images
    for weights, biases in hidden:
        outputs = rectify(outputs @ weights + biases)
    return outputs @ last_weights + last_biases


def rectify(x):
    return pt.switch(x > 0, x, 0)


def adam(loss, parameters, rate=0.002, decay_1=0.9, decay_2=0.999):
    """Updates of Adam (Kingma and Ba, 2015): for each shared variable the expression of its next value."""
    power_1, power_2 = pytensor.shared(np.float32(1)), pytensor.shared(np.float32(1))  # decay to the power of the step
    updates = {power_1: decay_1 * power_1, power_2: decay_2 * power_2}
    rate = rate * pt.sqrt(1 - updates[power_2]) / (1 - updates[power_1])
    for parameter, gradient in zip(parameters, pytensor.grad(loss, parameters), strict=True):
        mean = pytensor.shared(np.zeros_like(parameter.get_value()))
        square = pytensor.shared(np.zeros_like(parameter.get_value()))
        updates[mean] = decay_1 * mean + (1 - decay_1) * gradient
        updates[square] = decay_2 * square + (1 - decay_2) * gradient**2
        updates[parameter] = parameter - rate * updates[mean] / (pt.sqrt(updates[square]) + 1e-8)
    return updates


# Training


def learn(train, validation, training, held_out, options, rng):
    """Train, and yield the measures of each epoch."""
    for number in range(1, options.epochs + 1):
        order = rng.permutation(len(training.targets))
        shuffled = Digits(training.images[order], training.targets[order])
        parts = [[float(part) for part in train(*batch)] for batch in batches(shuffled, options.batch_size)]
        numerator, denominator = np.sum(parts, axis=0)  # divided once: exact for batches of any size
        results = validation.validate(batches(held_out, options.batch_size), progress=False)
        yield Epoch(number, float(numerator / denominator), **results)


def batches(digits, size):
    for start in range(0, len(digits.targets), size):
        yield digits.images[start : start + size], digits.targets[start : start + size]


# What the user sees


@contextmanager
def waiting_for(what, console):
    """Report a slow step, and how long it took."""
    started = time.perf_counter()
    console.print(f"{what} ...", end=" ")
    yield
    console.print(f"{time.perf_counter() - started:.1f} s")


def show_progress(epochs, number_of_epochs, console):
    """Run through the epochs behind a progress bar and return all of them."""
    columns = ("Training", BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    history = []
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=number_of_epochs)
        for epoch in epochs:
            history.append(epoch)
            progress.update(task, advance=1, description=f"loss {epoch.loss:.3f}, top-1 {epoch.top_1:.2%}")
    return history


def table_of(history, rows=10):
    """The last epoch and others at equal intervals before it."""
    table = Table(title="Held-out digits", title_justify="left")
    for heading in ("epoch", "training loss", "loss", "top-1", "top-3", "macro F1"):
        table.add_column(heading, justify="right")
    for epoch in history[:: -max(1, len(history) // rows)][::-1]:
        losses = (f"{epoch.training_loss:.4f}", f"{epoch.loss:.4f}")
        table.add_row(str(epoch.number), *losses, f"{epoch.top_1:.2%}", f"{epoch.top_3:.2%}", f"{epoch.macro_f1:.4f}")
    return table


def draw(history, options):
    """Write learning curves and the confusion matrix of the last epoch to a PNG file."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.6), layout="constrained")
    figure.suptitle(f"Digits with {options.missing:.0%} of the labels missing ({options.mode})")
    curves = {
        "train_loss": [epoch.training_loss for epoch in history],
        "validation_loss": [epoch.loss for epoch in history],
        "validation_accuracy": [epoch.top_1 for epoch in history],
    }
    plot_learning_curves(curves, ax=[left, middle])
    left.set(ylabel="crossentropy, weighted by class")
    middle.set(ylabel="top-1 accuracy")
    middle.yaxis.set_major_formatter(PercentFormatter(1))
    plot_confusion_matrix(history[-1].confusion, ax=right)
    right.set(title="Held-out digits after the last epoch")
    figure.savefig(options.plot, dpi=150)


# Options


def parse_options():
    parser = argparse.ArgumentParser(
        description="Train a classifier of handwritten digits with part of the labels missing.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--mode", type=str.upper, choices=MODES, default="NUMBA", help="PyTensor mode, which names the backend")
    add("--missing", type=share, default=0.3, metavar="SHARE", help="share of missing labels, in [0, 1)")
    add("--missing-value", choices=("nan", "-1"), default="nan", help="what stands for a missing label")
    add("--epochs", type=positive_number, default=30, metavar="N", help="passes over the training data")
    add("--batch-size", type=positive_number, default=60, metavar="N", help="images in a batch, fewer in the last")
    add("--seed", type=whole_number, default=1, help="seed of the split, the missing labels, the weights and the order")
    add("--plot", type=png_path, default="digits.png", metavar="PATH", help="where to write the pictures")
    add("--require", type=share, default=0.0, metavar="SHARE", help="least top-1 accuracy, or the exit code is 1")
    options = parser.parse_args()
    options.missing_value = float(options.missing_value)
    check_backend(options.mode, parser)
    return options


def check_backend(mode, parser):
    if mode in OPTIONAL_BACKENDS:
        try:
            import_module(OPTIONAL_BACKENDS[mode])
        except ImportError as error:
            parser.error(f"--mode {mode} is not installed ({error}): pip install 'pytensor-objectives[{mode.lower()}]'")


def share(text):
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not in [0, 1)")
    return value


def whole_number(text):
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def positive_number(text):
    if whole_number(text) == 0:
        raise argparse.ArgumentTypeError("0 is not positive")
    return int(text)


def png_path(text):
    path = Path(text)
    if path.suffix.lower() != ".png" or not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not the name of a .png file in a folder that exists")
    return path


if __name__ == "__main__":
    main()
