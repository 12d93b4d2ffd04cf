"""The tasks in PyTorch, by its own losses where it has them."""

import math

import torch
from torch.nn import functional as F


def categorical(logits, labels):
    return F.cross_entropy(logits, labels)


def categorical_capped(logits, labels):
    z = 30 * torch.tanh(logits / 30)
    return F.cross_entropy(z, labels) + 1e-4 * torch.logsumexp(z, dim=-1).square().mean()


def categorical_weighted(logits, labels, mask, class_weights):
    targets = torch.where(mask, labels, -100)  # what `ignore_index` leaves out
    total = F.cross_entropy(logits, targets, weight=class_weights, label_smoothing=0.1, reduction="sum")
    return total / mask.sum()


categorical_user = categorical_probabilities = categorical  # the peer need not find out what is meant


def categorical_inplace(x, labels, scale, bias):
    return F.cross_entropy(x * scale + bias, labels)


def linear(features, weights, labels):
    return F.cross_entropy(F.linear(features, weights), labels)


def binary_crossentropy(logits, targets, mask):
    return masked_mean(F.binary_cross_entropy_with_logits(logits, targets, reduction="none"), mask)


def squared(predictions, targets, mask):
    return masked_mean(F.mse_loss(predictions, targets, reduction="none"), mask)


def huber(predictions, targets, mask):
    return masked_mean(F.huber_loss(predictions, targets, reduction="none"), mask)


def hinge(scores, targets, mask):
    return masked_mean(F.relu(1 - (2 * targets - 1) * scores), mask)


def multiclass_hinge(scores, labels):
    labels = labels[:, None]
    others = scores.scatter(1, labels, -torch.inf).max(dim=1).values
    return F.relu(others - scores.gather(1, labels)[:, 0] + 1).mean()


def top_5(scores, labels):
    return (scores.topk(5, dim=1).indices == labels[:, None]).any(dim=1).to(scores.dtype).mean()


def kl_divergence(logits, targets):
    return F.kl_div(F.log_softmax(logits, dim=1), targets, reduction="batchmean")


def jensen_shannon(logits, targets):
    p = F.softmax(logits, dim=1)
    middle = ((p + targets) / 2).log()
    halves = (F.kl_div(middle, x, reduction="none").sum(dim=1) for x in (p, targets))
    return sum(halves).mean() / 2


def log_cosh(a, b):
    error = a - b
    return (error + F.softplus(-2 * error) - math.log(2)).mean()


def quantile(a, b):
    error = b - a
    return torch.maximum(0.9 * error, -0.1 * error).mean()


def poisson(log_rates, counts):
    return F.poisson_nll_loss(log_rates, counts)


def gaussian(means, targets, variance):
    return F.gaussian_nll_loss(means, targets, variance)


def focal(logits, targets, mask):
    losses = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p = torch.sigmoid(logits)
    return masked_mean((p + targets - 2 * p * targets) ** 2 * losses, mask)


def cosine(a, b):
    return (1 - F.cosine_similarity(a, b)).mean()


def triplet(anchor, positive, negative):
    return F.triplet_margin_loss(anchor, positive, negative)


def dice(predictions, targets):
    both = (predictions * targets).sum(dim=(1, 2))
    return (1 - (2 * both + 2) / ((predictions + targets).sum(dim=(1, 2)) + 2)).mean()


image_crossentropy = categorical


def ctc(logits, symbols):
    log_p = F.log_softmax(logits, dim=2).transpose(0, 1)
    lengths = (torch.full((len(x),), x.shape[1]) for x in (logits, symbols))
    return F.ctc_loss(log_p, symbols, *lengths, reduction="none").mean()


def calibration(predictions, labels):
    bins = torch.bucketize(predictions, torch.linspace(0, 1, 16)[1:-1])
    gaps = torch.zeros(15).scatter_add_(0, bins, predictions - labels)
    return gaps.abs().sum() / len(predictions)


def r2(a, b):
    return 1 - ((a - b) ** 2).sum() / ((b - b.mean()) ** 2).sum()


def pearson(a, b):
    return torch.corrcoef(torch.stack([a, b]))[0, 1]


def spearman(a, b):
    return pearson(*(x.argsort().argsort().to(a.dtype) for x in (a, b)))


def masked_mean(losses, mask):
    return (losses * mask).sum() / mask.sum()
