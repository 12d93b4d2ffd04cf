"""Batches that JAX has spread over devices: the same numbers, computed on all of them.

This file is also the program of a process that has eight devices, which JAX makes of one processor.
"""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives import (
    aggregate,
    binary_crossentropy_with_logits,
    categorical_accuracy,
    categorical_crossentropy_with_logits,
    compile_validation,
    confusion_matrix,
    ctc_loss,
    multiclass_hinge_loss,
)
from objectives.ops.statistics import Rule, joined, statistic

DEVICES, N, FEATURES, HIDDEN, CLASSES = 8, 64, 6, 5, 4


def draw():
    """Batches of features, targets and a mask; the last is smaller."""
    rng = np.random.default_rng(1)
    for size in (N, N, N // 2):
        yield rng.normal(size=(size, FEATURES)), rng.integers(0, CLASSES, size), rng.random(size) < 0.7


pytestmark = pytest.mark.needs("jax")


def build(mode):
    """A training step of a small network, its loss, and a validation."""
    rng = np.random.default_rng(2)
    x, y, mask = pt.matrix("x"), pt.lvector("y"), pt.vector("mask", dtype="bool")
    shapes = [(FEATURES, HIDDEN), (HIDDEN, CLASSES)]
    parameters = [pytensor.shared(rng.normal(size=shape), shape=shape) for shape in shapes]
    logits = pt.tanh(x @ parameters[0]) @ parameters[1]

    losses = categorical_crossentropy_with_logits(logits, y, mask=mask)
    loss = aggregate(losses, mask=mask, mode="normalized_sum")
    gradient = pytensor.grad(loss, parameters)
    updates = {p: p - 0.1 * g for p, g in zip(parameters, gradient, strict=True)}
    train = pytensor.function([x, y, mask], [loss, *gradient], updates=updates, mode=mode)

    frames = pt.stack([logits] * 3, axis=1)
    lengths = {"input_lengths": pt.full_like(y, 3), "target_lengths": pt.ones_like(y)}
    others = [
        categorical_crossentropy_with_logits(logits, y),
        binary_crossentropy_with_logits(logits[:, 0], mask),
        multiclass_hinge_loss(logits, y),
        ctc_loss(frames, y[:, None] % (CLASSES - 1) + 1, **lengths),
    ]
    means = [aggregate(other) for other in others]
    outputs = [*means, *pytensor.grad(sum(means), parameters)]
    several = pytensor.function([x, y, mask], outputs, mode=mode)

    n = mask.sum().astype("float64")
    mean = (logits[:, 0] * mask).sum() / n
    moments = pt.stack([n, mean, pt.sqrt((mask * (logits[:, 0] - mean) ** 2).sum())])
    moments = statistic(moments, Rule.MOMENTS)
    measures = {
        "accuracy": (categorical_accuracy(logits, y), mask),
        "top-2 accuracy": (categorical_accuracy(logits, y, top_k=2), mask),
        "matrix": confusion_matrix(logits, y, num_classes=CLASSES, mask=mask),
        "crossentropy": (losses, mask),
        "variance": moments[2] ** 2 / moments[0],
        "greatest": statistic(logits.max(axis=0), Rule.MAXIMUM),
        "kept": joined(logits),
    }
    return train, several, compile_validation([x, y, mask], measures, mode=mode)


def compute(mode, place):
    """All numbers, and the functions."""
    train, several, validation = build(mode)
    train.trust_input = several.trust_input = True
    batches = list(map(place, draw()))
    outputs = {"several": several(*batches[0])}
    outputs |= {f"training {i}": train(*batch) for i, batch in enumerate(batches)}
    arrays = [array for of_call in outputs.values() for array in of_call]
    results = validation.validate(batches, progress=False)
    arrays += validation._arrays
    numbers = {name: [np.asarray(array) for array in of_call] for name, of_call in outputs.items()}
    return numbers | results, (batches, train, validation, arrays)


def main():
    """What the process with eight devices finds, as a pickle."""
    import jax

    mesh = jax.make_mesh((DEVICES,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    by_items = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    alone, _ = compute("JAX", lambda batch: batch)
    sharded, (batches, train, validation, arrays) = compute("JAX", lambda batch: jax.device_put(batch, by_items))
    facts = {
        "input shards": {(shard.device.id, shard.data.shape) for shard in batches[0][0].addressable_shards},
        "devices of outputs": {len(array.sharding.device_set) for array in arrays},
    }
    for name, function, states in (("train", train, []), ("validation", validation._update, validation._arrays)):
        given = [*batches[0], *states]
        inputs = [*given, *(storage.data for storage in function.input_storage[len(given) :])]
        facts[name] = function.vm.jit_fn.lower(*inputs).compile().as_text()
    sys.stdout.buffer.write(pickle.dumps((alone, sharded, facts)))


@pytest.fixture(scope="module")
def found():
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={DEVICES}", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore", __file__]
    run = subprocess.run(command, env=os.environ | flags, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return pickle.loads(run.stdout)


def assert_close(numbers, expected):
    assert numbers.keys() == expected.keys()
    for name, value in expected.items():
        for a, b in zip(numbers[name], value, strict=True) if isinstance(value, list) else [(numbers[name], value)]:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14, err_msg=name)


def test_numbers_are_those_of_one_device(found):
    alone, sharded, _ = found
    assert_close(sharded, alone)
    for name in ("accuracy", "top-2 accuracy", "matrix"):
        np.testing.assert_array_equal(sharded[name], alone[name])


def test_numbers_are_those_of_another_backend(found):
    expected, _ = compute("FAST_COMPILE", lambda batch: batch)
    assert_close(found[1], expected)


def test_every_device_holds_a_part_of_the_batch(found):
    assert found[2]["input shards"] == {(device, (N // DEVICES, FEATURES)) for device in range(DEVICES)}


def test_all_devices_compute(found):
    """Each works on its part, and they add up what they found."""
    facts = found[2]
    assert facts["devices of outputs"] == {DEVICES}
    for name in ("train", "validation"):
        assert f"num_partitions={DEVICES}" in facts[name] and "all-reduce" in facts[name]
        assert f"f64[{N // DEVICES},{HIDDEN}]" in facts[name] and f"f64[{N},{HIDDEN}]" not in facts[name]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    main()
