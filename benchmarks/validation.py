"""Validation of a classifier: accuracy, crossentropy and confusion matrix of ten million items, batch by batch.

Contenders take turns in one process. A slot adds as many batches as make all items after all rounds; at the end the
results of all are compared.
"""

import os
import time
from importlib.util import find_spec
from statistics import median, quantiles
from typing import NamedTuple

import numpy as np

from benchmarks.contenders import Mismatch, set_jax_precision
from benchmarks.memory import resident
from benchmarks.timing import wait_until_idle

ITEMS, BATCH, CLASSES = 10_000_000, 4096, 10
BATCHES_IN_MEMORY = 256  # 44 MB, more than caches hold; they are gone through again and again
BACKENDS = {"NUMBA": ("numba",), "CVM": (), "JAX": ("jax",)}
PEERS = {"torchmetrics": ("torch", "torchmetrics"), "Keras on JAX": ("keras", "jax")}
TARGET = 3.0  # times the items per second of the fastest peer
TOLERANCE = 1e-4  # of float32, in which some add up without compensation


class Contender(NamedTuple):
    """Functions that reset, add the batch of a number, wait for it, and return the results."""

    reset: object
    update: object
    wait: object
    result: object  # to a dict of "accuracy", "crossentropy" and "confusion"


def measure(options, advance):
    """Rows of the table, and errors."""
    os.environ["KERAS_BACKEND"] = "jax"  # of the two that are here, several times faster than on PyTorch
    pool = batches(2 if options.quick else BATCHES_IN_MEMORY)
    per_slot = 2 if options.quick else -(-ITEMS // (BATCH * options.rounds))
    makers = {name: lambda name=name: pytensor_contender(pool, name) for name in BACKENDS}
    makers |= {"torchmetrics": lambda: torchmetrics_contender(pool, options.threads)}
    makers |= {"Keras on JAX": lambda: keras_contender(pool)}
    needed = BACKENDS | PEERS
    names = [name for name in makers if name in PEERS or name in options.backend or not options.backend_given]
    missing = {name: [m for m in needed[name] if find_spec(m) is None] for name in names}
    contenders, errors = {}, {name: f"{', '.join(m)} not installed" for name, m in missing.items() if m}
    for name in (name for name in names if not missing[name]):
        advance(f"compiling for {name}")
        contenders[name] = makers[name]()
        run(contenders[name], range(2))
        contenders[name].reset()
    idle_seconds = 0 if options.no_idle_wait or options.quick else 4.0
    rows = times(contenders, len(pool), per_slot, options.rounds, idle_seconds, advance)
    errors |= differences({name: contender.result() for name, contender in contenders.items()})
    return rows, errors


def times(contenders, number_in_memory, per_slot, rounds, idle_seconds, advance):
    """Items per second of each slot, processor time, and MB by which the process grew in all slots."""
    seconds, processor, grown, busy = ({name: [] for name in contenders} for _ in range(4))
    names = list(contenders)
    for turn in range(rounds):
        numbers = [(turn * per_slot + i) % number_in_memory for i in range(per_slot)]
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            advance(f"round {turn + 1}: {name}")
            busy[name].append(not wait_until_idle(idle_seconds))
            before, used, start = resident("VmRSS"), time.process_time(), time.perf_counter()
            run(contenders[name], numbers)
            seconds[name].append(time.perf_counter() - start)
            processor[name].append(time.process_time() - used)
            grown[name].append(resident("VmRSS") - before)
    rows = []
    for name in names:
        rates = [per_slot * BATCH / taken for taken in seconds[name]]
        lower, _, upper = quantiles(rates, n=4, method="inclusive") if len(rates) > 1 else rates * 3
        # the first slot fills what a library keeps
        sizes = {"items": rounds * per_slot * BATCH, "grown_mb": sum(grown[name][1:]) / 1e6}
        rates = {"median": median(rates), "quartiles": [lower, upper], "samples": rates}
        rates["processor_ns"] = 1e9 * median(processor[name]) / (per_slot * BATCH)  # of all threads, for an item
        rows.append({"contender": name, **rates, **sizes, "busy": sum(busy[name])})
    peers = [row["median"] for row in rows if row["contender"] in PEERS]
    for row in rows:
        row["times_fastest_peer"] = row["median"] / max(peers) if peers else None
    return rows


def run(contender, numbers):
    for number in numbers:
        contender.update(number)
    contender.wait()


def differences(results):
    """Messages for contenders whose results differ from the first."""
    messages = {}
    expected = next(iter(results.values()), None)
    for name, actual in results.items():
        for what, value in expected.items():
            if not np.allclose(actual[what], value, rtol=TOLERANCE):
                messages[name] = f"{Mismatch.__name__}: {what} {actual[what]} instead of {value}"
    return messages


def batches(number):
    """Pairs of logits and labels: an item in two or so is right."""
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(number):
        logits, labels = rng.standard_normal((BATCH, CLASSES), dtype="float32"), rng.integers(0, CLASSES, BATCH)
        logits[np.arange(BATCH), labels] += 1.5
        pairs.append((logits, labels))
    return pairs


def on_device(pool):
    """As arrays of JAX, which makes the labels int32 where floats are float32."""
    import jax

    set_jax_precision("float32")
    return [tuple(map(jax.device_put, pair)) for pair in pool]


# Ours


def pytensor_contender(pool, backend):
    import pytensor
    import pytensor.tensor as pt

    from objectives import (
        categorical_accuracy,
        categorical_crossentropy_with_logits,
        compile_validation,
        confusion_matrix,
    )

    given = on_device(pool) if backend == "JAX" else pool
    with pytensor.config.change_flags(floatX="float32"):
        logits = pt.tensor("logits", dtype="float32", shape=(None, CLASSES))
        labels = pt.vector("labels", dtype=str(given[0][1].dtype))
        measures = {
            "accuracy": categorical_accuracy(logits, labels),
            "crossentropy": categorical_crossentropy_with_logits(logits, labels),
            "confusion": confusion_matrix(logits, labels),
        }
        validation = compile_validation([logits, labels], measures, mode=backend)
    # reading the state waits for it
    return Contender(
        validation.reset, lambda i: validation.update(given[i]), lambda: validation.state, validation.result
    )


# Peers


def torchmetrics_contender(pool, threads):
    """With its checks of arguments and of NaN off, which is faster."""
    import torch
    from torch.nn import functional as F
    from torchmetrics import MeanMetric
    from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix

    torch.set_num_threads(threads)
    given = [tuple(map(torch.from_numpy, pair)) for pair in pool]
    accuracy = MulticlassAccuracy(CLASSES, average="micro", validate_args=False)
    confusion, crossentropy = MulticlassConfusionMatrix(CLASSES, validate_args=False), MeanMetric("disable")
    metrics = {"accuracy": accuracy, "crossentropy": crossentropy, "confusion": confusion}

    def update(i):
        logits, labels = given[i]
        with torch.inference_mode():
            accuracy.update(logits, labels)
            crossentropy.update(F.cross_entropy(logits, labels, reduction="none"))
            confusion.update(logits, labels)

    def result():
        return {name: metric.compute().numpy() for name, metric in metrics.items()}

    return Contender(lambda: [metric.reset() for metric in metrics.values()], update, lambda: None, result)


def keras_contender(pool):
    """A confusion matrix is in the state of its mean intersection over union."""
    import jax
    import keras

    given = on_device(pool)
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    crossentropy = keras.metrics.SparseCategoricalCrossentropy(from_logits=True)
    confusion = keras.metrics.MeanIoU(CLASSES, sparse_y_pred=False)
    metrics = (accuracy, crossentropy, confusion)

    def update(i):
        logits, labels = given[i]
        for metric in metrics:
            metric.update_state(labels, logits)

    def wait():
        jax.block_until_ready([variable.value for metric in metrics for variable in metric.variables])

    def result():
        values = accuracy.result(), crossentropy.result(), confusion.total_cm.value
        return dict(zip(("accuracy", "crossentropy", "confusion"), map(np.asarray, values), strict=True))

    return Contender(lambda: [metric.reset_state() for metric in metrics], update, wait, result)
