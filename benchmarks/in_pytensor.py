"""The tasks with this package: one function for each of `workloads.TASKS`.

A task takes the input that the gradient is taken by first, and returns a scalar. The other modules ``in_...`` hold the
same tasks as users of other libraries write them.
"""

import pytensor.tensor as pt

from objectives import (
    aggregate,
    binary_crossentropy_with_logits,
    binary_hinge_loss,
    categorical_accuracy,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    huber_loss,
    linear_crossentropy,
    multiclass_hinge_loss,
    squared_error,
)


def categorical(logits, labels):
    return aggregate(categorical_crossentropy_with_logits(logits, labels))


def categorical_weighted(logits, labels, mask, class_weights):
    options = {"class_weights": class_weights, "label_smoothing": 0.1}
    return aggregate(categorical_crossentropy_with_logits(logits, labels, mask=mask, **options), mask=mask)


def categorical_user(logits, labels):
    """Written by hand, as without this package: a rewrite has to find it."""
    p = pt.special.softmax(logits, axis=-1)
    return -pt.log(p)[pt.arange(labels.shape[0]), labels].mean()


def categorical_probabilities(logits, labels):
    return aggregate(categorical_crossentropy(pt.special.softmax(logits, axis=-1), labels))


def categorical_inplace(x, labels, scale, bias):
    """The logits are made in the graph, so that their memory may hold the gradient."""
    return categorical(x * scale + bias, labels)


def linear(features, weights, labels):
    return aggregate(linear_crossentropy(features, weights, labels))


def binary_crossentropy(logits, targets, mask):
    return masked_mean(binary_crossentropy_with_logits(logits, targets, mask=mask), mask)


def squared(predictions, targets, mask):
    return masked_mean(squared_error(predictions, targets, mask=mask), mask)


def huber(predictions, targets, mask):
    return masked_mean(huber_loss(predictions, targets, mask=mask), mask)


def hinge(scores, targets, mask):
    return masked_mean(binary_hinge_loss(scores, targets, mask=mask), mask)


def multiclass_hinge(scores, labels):
    return aggregate(multiclass_hinge_loss(scores, labels))


def top_5(scores, labels):
    return aggregate(categorical_accuracy(scores, labels, top_k=5))


def masked_mean(losses, mask):
    return aggregate(losses, mask=mask, mode="normalized_sum")
