"""Validate a classifier on a stream that is larger than memory, in one process or on a cluster.

    pip install "pytensor-objectives[examples,dask]"
    python examples/stream.py
    python examples/stream.py --workers 2 --items 2000000

The stream is generated as it is read: class scores and the true class of each item, with some labels missing. Each
partition has its own seed, so that one process and the workers of a cluster read the same items and get the same
counts. Memory holds one batch at a time; the accumulated state has the size of the results.
"""

import argparse
import itertools
import resource
import sys
import time
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytensor.tensor as pt
from rich.console import Console
from rich.table import Table

from objectives import (
    categorical_accuracy,
    categorical_crossentropy_with_logits,
    compile_validation,
    confusion_matrix,
    labelled,
)
from objectives.distributed import evaluate

NO_LABEL = -1


def main():
    options = parse_options()
    console = Console()
    partitions = partitions_of(options)
    first = list(itertools.islice(partitions[0](), 1))  # a batch to compile with, before the clock starts
    if options.workers:
        validation = build_validation(options)
        with cluster(options.workers) as client:
            with waiting_for(f"Compiling the validation for {options.mode} in each worker", console):
                evaluate(validation, [first] * options.workers, client=client, progress=False)
            started = time.perf_counter()
            results = evaluate(validation, partitions, client=client)
            seconds, memory = time.perf_counter() - started, max(client.run(peak_memory).values())
    else:
        with waiting_for(f"Compiling the validation for {options.mode}", console):
            validation = build_validation(options)
            validation.validate(first, progress=False)
        started = time.perf_counter()
        results = validation.validate(one_after_another(partitions))
        seconds, memory = time.perf_counter() - started, peak_memory()

    console.print(table_of(results, options))
    where = f"{options.workers} workers" if options.workers else "one process"
    console.print(f"{where} ({options.mode}): {seconds:.1f} s, {options.items / seconds:,.0f} items per second")
    console.print(f"at most {memory / 2**20:,.0f} MiB of memory{' in each of them' if options.workers else ''}")


# What is measured


def build_validation(options):
    """Measures of scores (N, classes) and true classes; only labelled items count."""
    scores = pt.tensor("scores", dtype="float32", shape=(None, options.classes))
    targets = pt.tensor("targets", dtype="int64", shape=(None,))
    known = labelled(targets, NO_LABEL)
    labels = pt.switch(known, targets, 0)
    measures = {
        "crossentropy": (categorical_crossentropy_with_logits(scores, labels), known),
        "top-1 accuracy": (categorical_accuracy(scores, labels), known),
        "top-3 accuracy": (categorical_accuracy(scores, labels, top_k=min(3, options.classes)), known),
        "confusion": confusion_matrix(scores, labels, mask=known),
    }
    return compile_validation([scores, targets], measures, mode=options.mode)


# The stream


def partitions_of(options):
    """Functions that read one partition each."""
    sizes = [options.partition_size] * (options.items // options.partition_size)
    if rest := options.items % options.partition_size:
        sizes.append(rest)
    settings = {"classes": options.classes, "batch_size": options.batch_size, "missing": options.missing}
    return [partial(read, (options.seed, i), size, **settings) for i, size in enumerate(sizes)]


def read(seed, size, *, classes, batch_size, missing):
    """Yield batches of scores and targets, with a share of the labels missing."""
    rng = np.random.default_rng(seed)
    for start in range(0, size, batch_size):
        n = min(batch_size, size - start)
        targets = rng.integers(0, classes, n)
        scores = rng.standard_normal((n, classes), dtype="float32")
        scores[np.arange(n), targets] += 2
        targets[rng.random(n) < missing] = NO_LABEL
        yield scores, targets


def one_after_another(partitions):
    for partition in partitions:
        yield from partition()


# The machine


@contextmanager
def cluster(workers):
    """A Dask cluster of processes on this machine; on several machines only the scheduler's address differs."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        sys.exit(f"--workers needs Dask ({error}): pip install 'pytensor-objectives[dask]'")
    with LocalCluster(workers, threads_per_worker=1, dashboard_address="localhost:0") as local, Client(local) as client:
        yield client


def peak_memory():
    """The most bytes that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


# What the user sees


@contextmanager
def waiting_for(what, console):
    """Say what takes time, and how much it took."""
    started = time.perf_counter()
    console.print(f"{what} ...", end=" ")
    yield
    console.print(f"{time.perf_counter() - started:.1f} s")


def table_of(results, options):
    """The means, and what the confusion matrix says of each class."""
    matrix = results["confusion"]
    table = Table(title=f"{options.items:,} items, {matrix.sum():,.0f} of them labelled", title_justify="left")
    for heading in ("class", "items", "predicted", "right"):
        table.add_column(heading, justify="right")
    for label in range(options.classes):
        counts = matrix[label].sum(), matrix[:, label].sum(), matrix[label, label]
        table.add_row(str(label), *(f"{count:,.0f}" for count in counts))
    names = ("crossentropy", "top-1 accuracy", "top-3 accuracy")
    table.caption = ", ".join(f"{name} {results[name]:.6f}" for name in names)
    return table


# Options


def parse_options():
    parser = argparse.ArgumentParser(
        description="Validate a classifier on a stream that is larger than memory.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--items", type=positive_number, default=10_000_000, metavar="N", help="items in the stream")
    add("--classes", type=positive_number, default=10, metavar="C", help="classes, each with a score for each item")
    add("--batch-size", type=positive_number, default=50_000, metavar="N", help="items in a batch")
    add("--partition-size", type=positive_number, default=500_000, metavar="N", help="items in a partition")
    add("--missing", type=share, default=0.1, metavar="SHARE", help="share of items without a label, in [0, 1)")
    add("--workers", type=whole_number, default=0, metavar="N", help="processes of a Dask cluster; 0 for none")
    add("--mode", type=str.upper, default="NUMBA", help="PyTensor mode, which names the backend")
    add("--seed", type=whole_number, default=1, help="seed of the stream")
    return parser.parse_args()


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


if __name__ == "__main__":
    main()
