"""The first calls in PyTorch, with ``torch.compile``: functions of the same names as in `in_plain`."""

import torch
from torch.nn import functional as F

from benchmarks import in_torch
from benchmarks.first_call import data
from benchmarks.first_call.data import added, macro_f1


def elementwise():
    return gradient_step(data.ELEMENTWISE)


def crossentropy():
    return gradient_step(data.CROSSENTROPY)


def gradient_step(label):
    row, arrays = data.row(label)
    function = torch.compile(getattr(in_torch, row.task))
    x, *others = map(torch.as_tensor, arrays.values())
    x.requires_grad_()

    def call():
        loss = function(x, *others)
        return loss, torch.autograd.grad(loss, x)

    return call


def readme():
    W = torch.zeros((4, 3), dtype=torch.float64, requires_grad=True)
    mean = torch.compile(lambda inputs, targets: F.cross_entropy(inputs @ W, targets, ignore_index=-1))

    @torch.compile
    def update(inputs, targets):
        known = targets != -1
        return sums_of(inputs @ W, torch.where(known, targets, 0), known)

    def call():
        step(mean, torch.optim.SGD([W], lr=1.0), tensors(data.README_TRAINING))
        total, _, hits, _, count, confusion = summed(update, data.README_BATCHES)
        return {"loss": total / count, "accuracy": hits / count, "F1": macro_f1(confusion)}

    return call


def digits():
    layers = [tuple(torch.as_tensor(array).requires_grad_() for array in layer) for layer in data.layers()]
    class_weights = torch.as_tensor(data.CLASS_WEIGHTS)
    batches = data.digits()

    def sums(images, targets):
        known = ~torch.isnan(targets)
        labels = torch.where(known, targets, 0).long()
        return sums_of(network(images, layers), labels, known, class_weights[labels])

    @torch.compile
    def mean(images, targets):
        total, weight, *_ = sums(images, targets)
        return total / weight

    update = torch.compile(sums)

    def call():
        parameters = [parameter for layer in layers for parameter in layer]
        step(mean, torch.optim.Adam(parameters, lr=0.002), tensors(batches[0]))
        total, weight, top_1, top_3, count, confusion = summed(update, batches)
        means = {"loss": total / weight, "top_1": top_1 / count, "top_3": top_3 / count}
        return {**means, "macro_f1": macro_f1(confusion), "confusion": confusion}

    return call


def step(mean, optimizer, batch):
    optimizer.zero_grad()
    mean(*batch).backward()
    optimizer.step()


def tensors(batch):
    return [torch.as_tensor(array) for array in batch]


def summed(update, batches):
    with torch.no_grad():
        return added(update, map(tensors, batches))


def network(images, layers):
    *hidden, (last_weights, last_biases) = layers
    for weights, biases in hidden:
        images = torch.relu(images @ weights + biases)
    return images @ last_weights + last_biases


def sums_of(logits, labels, known, weights=1.0):
    """Weighted losses, weights, hits among one and three, known labels, and the confusion matrix."""
    weights = torch.where(known, weights, 0.0)
    total = (weights * F.cross_entropy(logits, labels, reduction="none")).sum()
    ranks = (logits > logits.gather(1, labels[:, None])).sum(dim=1)
    hits = [((ranks < k) & known).sum() for k in (1, 3)]
    counts = logits.new_zeros((logits.shape[1],) * 2)
    counts = counts.index_put((labels, logits.argmax(dim=1)), known.to(logits.dtype), accumulate=True)
    return [total, weights.sum(), *hits, known.sum(), counts]
