"""The first calls in PyTensor alone: the same mathematics by hand, the sums of batches added up in NumPy.

A function compiles for a mode, and returns the call that is waited for.
"""

from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt

from benchmarks import in_plain
from benchmarks.first_call import data
from benchmarks.first_call.data import added, macro_f1


def elementwise(mode):
    return gradient_step(data.ELEMENTWISE, in_plain, mode)


def crossentropy(mode):
    return gradient_step(data.CROSSENTROPY, in_plain, mode)


def gradient_step(label, tasks, mode):
    """Loss and gradient of a workload of the other benchmarks."""
    row, arrays = data.row(label)
    inputs = [pt.tensor(name, dtype=a.dtype, shape=(None,) * a.ndim) for name, a in arrays.items()]
    with pytensor.config.change_flags(floatX=row.dtype):
        loss = getattr(tasks, row.task)(*inputs)
        function = pytensor.function(inputs, [loss, pytensor.grad(loss, inputs[0])], mode=mode)
    return partial(function, *arrays.values())


def readme(mode):
    inputs, targets = pt.matrix("inputs"), pt.lvector("targets")
    W = pytensor.shared(np.zeros((4, 3)), name="W")
    logits = inputs @ W
    known = pt.neq(targets, -1)
    labels = pt.switch(known, targets, 0)
    total, count = pt.switch(known, losses_of(logits, labels), 0).sum(), known.sum()
    loss = total / count
    train = pytensor.function([inputs, targets], loss, updates={W: W - pytensor.grad(loss, W)}, mode=mode)
    hits = (pt.eq(logits.argmax(axis=-1), labels) & known).sum()
    sums = [total, count, hits, confusion_of(logits, labels, known)]
    update = pytensor.function([inputs, targets], sums, mode=mode)

    def call():
        train(*data.README_TRAINING)
        total, count, hits, confusion = added(update, data.README_BATCHES)
        return {"loss": total / count, "accuracy": hits / count, "F1": macro_f1(confusion)}

    return call


def digits(mode):
    with pytensor.config.change_flags(floatX="float32"):
        train, update = digits_functions(mode)
    batches = data.digits()

    def call():
        train(*batches[0])
        total, weight, top_1, top_3, count, confusion = added(update, batches)
        means = {"loss": total / weight, "top_1": top_1 / count, "top_3": top_3 / count}
        return {**means, "macro_f1": macro_f1(confusion), "confusion": confusion}

    return call


def digits_functions(mode):
    images, targets = pt.matrix("images", shape=(None, data.LAYER_SIZES[0])), pt.vector("targets")
    layers = [tuple(pytensor.shared(array, shape=array.shape) for array in layer) for layer in data.layers()]
    logits = network(images, layers)
    known = ~pt.isnan(targets)
    labels = pt.switch(known, targets, 0).astype("int64")
    weights = pt.switch(known, pt.constant(data.CLASS_WEIGHTS)[labels], 0)
    total, weight = (weights * losses_of(logits, labels)).sum(), weights.sum()
    updates = adam(total / weight, [parameter for layer in layers for parameter in layer])
    train = pytensor.function([images, targets], [total, weight], updates=updates, mode=mode)
    ranks = (logits > logits[pt.arange(labels.shape[0]), labels][:, None]).sum(axis=-1)
    hits = [((ranks < k) & known).sum() for k in (1, 3)]
    sums = [total, weight, *hits, known.sum(), confusion_of(logits, labels, known)]
    return train, pytensor.function([images, targets], sums, mode=mode)


def network(images, layers):
    *hidden, (last_weights, last_biases) = layers
    for weights, biases in hidden:
        outputs = images @ weights + biases
        images = pt.switch(outputs > 0, outputs, 0)
    return images @ last_weights + last_biases


def adam(loss, parameters, rate=0.002, decay_1=0.9, decay_2=0.999):
    power_1, power_2 = pytensor.shared(np.float32(1)), pytensor.shared(np.float32(1))
    updates = {power_1: decay_1 * power_1, power_2: decay_2 * power_2}
    rate = rate * pt.sqrt(1 - updates[power_2]) / (1 - updates[power_1])
    for parameter, gradient in zip(parameters, pytensor.grad(loss, parameters), strict=True):
        mean, square = (pytensor.shared(np.zeros_like(parameter.get_value())) for _ in range(2))
        updates[mean] = decay_1 * mean + (1 - decay_1) * gradient
        updates[square] = decay_2 * square + (1 - decay_2) * gradient**2
        updates[parameter] = parameter - rate * updates[mean] / (pt.sqrt(updates[square]) + 1e-8)
    return updates


def losses_of(logits, labels):
    return -in_plain.log_softmax(logits)[pt.arange(labels.shape[0]), labels]


def confusion_of(logits, labels, known):
    counts = pt.zeros((logits.shape[1], logits.shape[1]))
    return counts[labels, logits.argmax(axis=-1)].inc(known.astype(counts.dtype))
