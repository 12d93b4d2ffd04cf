"""The first calls in JAX, with optax: functions of the same names as in `in_plain`."""

import jax
import jax.numpy as jnp
import optax

from benchmarks import in_jax
from benchmarks.first_call import data
from benchmarks.first_call.data import added, macro_f1


def elementwise():
    return gradient_step(data.ELEMENTWISE)


def crossentropy():
    return gradient_step(data.CROSSENTROPY)


def gradient_step(label):
    row, arrays = data.row(label)
    function = jax.jit(jax.value_and_grad(getattr(in_jax, row.task)))
    return lambda: jax.block_until_ready(function(*arrays.values()))


def readme():
    jax.config.update("jax_enable_x64", True)

    def mean(W, inputs, targets):
        known = targets != -1
        return sums_of(inputs @ W, jnp.where(known, targets, 0), known)[0] / known.sum()

    @jax.jit
    def train(W, inputs, targets):
        loss, gradient = jax.value_and_grad(mean)(W, inputs, targets)
        return loss, W - gradient

    @jax.jit
    def update(W, inputs, targets):
        known = targets != -1
        return sums_of(inputs @ W, jnp.where(known, targets, 0), known)

    def call():
        _, W = train(jnp.zeros((4, 3)), *data.README_TRAINING)
        total, _, hits, _, count, confusion = added(lambda *batch: update(W, *batch), data.README_BATCHES)
        return {"loss": total / count, "accuracy": hits / count, "F1": macro_f1(confusion)}

    return call


def digits():
    optimizer = optax.adam(0.002)
    class_weights = jnp.asarray(data.CLASS_WEIGHTS)

    def sums(layers, images, targets):
        known = ~jnp.isnan(targets)
        labels = jnp.where(known, targets, 0).astype(int)
        return sums_of(network(images, layers), labels, known, class_weights[labels])

    def mean(layers, images, targets):
        total, weight, *_ = sums(layers, images, targets)
        return total / weight

    @jax.jit
    def train(layers, state, images, targets):
        loss, gradients = jax.value_and_grad(mean)(layers, images, targets)
        changes, state = optimizer.update(gradients, state)
        return loss, optax.apply_updates(layers, changes), state

    update = jax.jit(sums)
    layers, batches = data.layers(), data.digits()
    state = optimizer.init(layers)

    def call():
        _, trained, _ = train(layers, state, *batches[0])
        total, weight, top_1, top_3, count, confusion = added(lambda *batch: update(trained, *batch), batches)
        means = {"loss": total / weight, "top_1": top_1 / count, "top_3": top_3 / count}
        return {**means, "macro_f1": macro_f1(confusion), "confusion": confusion}

    return call


def network(images, layers):
    *hidden, (last_weights, last_biases) = layers
    for weights, biases in hidden:
        images = jax.nn.relu(images @ weights + biases)
    return images @ last_weights + last_biases


def sums_of(logits, labels, known, weights=1.0):
    """Weighted losses, weights, hits among one and three, known labels, and the confusion matrix."""
    weights = jnp.where(known, weights, 0)
    total = jnp.sum(weights * optax.softmax_cross_entropy_with_integer_labels(logits, labels))
    ranks = (logits > jnp.take_along_axis(logits, labels[:, None], axis=1)).sum(axis=1)
    hits = [((ranks < k) & known).sum() for k in (1, 3)]
    counts = jnp.zeros((logits.shape[1],) * 2).at[labels, logits.argmax(axis=1)].add(known)
    return [total, weights.sum(), *hits, known.sum(), counts]
