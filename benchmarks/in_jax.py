"""The tasks in JAX, by the losses of optax where it has them."""

import jax
import jax.numpy as jnp
import optax


def categorical(logits, labels):
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def categorical_capped(logits, labels):
    z = 30 * jnp.tanh(logits / 30)
    return categorical(z, labels) + 1e-4 * jnp.square(jax.nn.logsumexp(z, axis=-1)).mean()


def categorical_weighted(logits, labels, mask, class_weights):
    log_p = jax.nn.log_softmax(logits)
    picked = class_weights[labels] * log_p[jnp.arange(len(labels)), labels]
    losses = -0.9 * picked - 0.1 * (log_p * class_weights).mean(axis=-1)
    return masked_mean(losses, mask)


categorical_user = categorical_probabilities = categorical  # the peer need not find out what is meant


def categorical_inplace(x, labels, scale, bias):
    return categorical(x * scale + bias, labels)


def linear(features, weights, labels):
    return categorical(features @ weights.T, labels)


def binary_crossentropy(logits, targets, mask):
    return masked_mean(optax.sigmoid_binary_cross_entropy(logits, targets), mask)


def squared(predictions, targets, mask):
    return masked_mean(optax.squared_error(predictions, targets), mask)


def huber(predictions, targets, mask):
    return masked_mean(optax.huber_loss(predictions, targets, delta=1.0), mask)


def hinge(scores, targets, mask):
    return masked_mean(jax.nn.relu(1 - (2 * targets - 1) * scores), mask)


def multiclass_hinge(scores, labels):
    is_label = jnp.arange(scores.shape[1]) == labels[:, None]
    others = jnp.where(is_label, -jnp.inf, scores).max(axis=1)
    label_scores = jnp.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    return jax.nn.relu(others - label_scores + 1).mean()


def top_5(scores, labels):
    _, best = jax.lax.top_k(scores, 5)
    return (best == labels[:, None]).any(axis=1).mean(dtype=scores.dtype)


def kl_divergence(logits, targets):
    return optax.losses.kl_divergence(jax.nn.log_softmax(logits), targets).mean()


def jensen_shannon(logits, targets):
    p = jax.nn.softmax(logits)
    middle = (p + targets) / 2
    return sum((x * jnp.log(x / middle)).sum(axis=1) for x in (p, targets)).mean() / 2


def log_cosh(a, b):
    return optax.losses.log_cosh(a, b).mean()


def quantile(a, b):
    error = b - a
    return jnp.maximum(0.9 * error, -0.1 * error).mean()


def poisson(log_rates, counts):
    return (jnp.exp(log_rates) - counts * log_rates).mean()


def gaussian(means, targets, variance):
    return ((jnp.log(variance) + (means - targets) ** 2 / variance) / 2).mean()


def focal(logits, targets, mask):
    return masked_mean(optax.losses.sigmoid_focal_loss(logits, targets), mask)


def cosine(a, b):
    return optax.losses.cosine_distance(a, b).mean()


def triplet(anchor, positive, negative):
    near, far = (jnp.linalg.norm(anchor - x + 1e-6, axis=1) for x in (positive, negative))
    return jax.nn.relu(near - far + 1).mean()


def dice(predictions, targets):
    both = (predictions * targets).sum(axis=(1, 2))
    return (1 - (2 * both + 2) / ((predictions + targets).sum(axis=(1, 2)) + 2)).mean()


def image_crossentropy(logits, labels):
    return categorical(jnp.moveaxis(logits, 1, -1), labels)


def ctc(logits, symbols):
    return optax.ctc_loss(logits, jnp.zeros(logits.shape[:2]), symbols, jnp.zeros(symbols.shape)).mean()


def r2(a, b):
    return 1 - ((a - b) ** 2).sum() / ((b - b.mean()) ** 2).sum()


def pearson(a, b):
    return jnp.corrcoef(a, b)[0, 1]


def spearman(a, b):
    return pearson(*(x.argsort().argsort().astype(a.dtype) for x in (a, b)))


def masked_mean(losses, mask):
    return losses.sum(where=mask) / mask.sum()
