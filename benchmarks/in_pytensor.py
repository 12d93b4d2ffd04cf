"""The tasks with this package: one function for each of `workloads.TASKS`.

A task takes the input that the gradient is taken by first, and returns a scalar. The other modules ``in_...`` hold the
same tasks as users of other libraries write them.
"""

import pytensor.tensor as pt

from objectives import (
    aggregate,
    average_precision_score,
    binary_calibration_error,
    binary_crossentropy_with_logits,
    binary_focal_crossentropy_with_logits,
    binary_hinge_loss,
    categorical_accuracy,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    cosine_distance,
    ctc_loss,
    dice_loss,
    gaussian_nll_loss,
    huber_loss,
    jensen_shannon_divergence,
    kl_divergence_with_logits,
    linear_crossentropy,
    log_cosh_loss,
    multiclass_hinge_loss,
    ndcg_score,
    pearson_correlation,
    poisson_nll_loss_with_log_rate,
    quantile_loss,
    r2_score,
    roc_auc_score,
    spearman_correlation,
    squared_error,
    triplet_margin_loss,
)


def categorical(logits, labels):
    return aggregate(categorical_crossentropy_with_logits(logits, labels))


def categorical_weighted(logits, labels, mask, class_weights):
    options = {"class_weights": class_weights, "label_smoothing": 0.1}
    return aggregate(categorical_crossentropy_with_logits(logits, labels, mask=mask, **options), mask=mask)


def categorical_capped(logits, labels):
    return aggregate(categorical_crossentropy_with_logits(logits, labels, logit_softcap=30.0, z_loss=1e-4))


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


def kl_divergence(logits, targets):
    return aggregate(kl_divergence_with_logits(logits, targets))


def jensen_shannon(logits, targets):
    return aggregate(jensen_shannon_divergence(pt.special.softmax(logits, axis=-1), targets))


def log_cosh(a, b):
    return aggregate(log_cosh_loss(a, b))


def quantile(a, b):
    return aggregate(quantile_loss(a, b, quantile=0.9))


def poisson(log_rates, counts):
    return aggregate(poisson_nll_loss_with_log_rate(log_rates, counts))


def gaussian(means, targets, variance):
    return aggregate(gaussian_nll_loss(means, targets, variance))


def focal(logits, targets, mask):
    return masked_mean(binary_focal_crossentropy_with_logits(logits, targets, mask=mask), mask)


def cosine(a, b):
    return aggregate(cosine_distance(a, b))


def triplet(anchor, positive, negative):
    return aggregate(triplet_margin_loss(anchor, positive, negative))


def dice(predictions, targets):
    return aggregate(dice_loss(predictions, targets))


def image_crossentropy(logits, labels):
    return aggregate(categorical_crossentropy_with_logits(logits, labels, axis=1))


def ctc(logits, symbols):
    return aggregate(ctc_loss(logits, symbols))


def roc_auc(predictions, labels):
    return roc_auc_score(predictions, labels)


def average_precision(predictions, labels):
    return average_precision_score(predictions, labels)


def calibration(predictions, labels):
    return binary_calibration_error(predictions, labels)


def r2(a, b):
    return r2_score(a, b)


def pearson(a, b):
    return pearson_correlation(a, b)


def spearman(a, b):
    return spearman_correlation(a, b)


def ndcg(scores, grades):
    return ndcg_score(scores, grades).mean()


def masked_mean(losses, mask):
    return aggregate(losses, mask=mask, mode="normalized_sum")
