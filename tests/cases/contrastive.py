"""Rows of contrastive losses of a batch."""

import numpy as np
from lazy import jax, jnp, optax

from cases.case import CLASSES, Case, reals
from objectives.losses.contrastive import circle_loss, info_nce_loss, ntxent_loss, supervised_contrastive_loss

MEMORY = 8


def groups(rng, shape):
    """Two labels, so that most items have positives and negatives."""
    return rng.integers(-1, 1, size=shape[:-1])


def opposite(labels):
    """The two groups in opposite directions."""
    return np.outer(2 * labels + 1, np.ones(CLASSES))


def memory(rng, shape):
    return reals(rng, (MEMORY, shape[-1]))


def memory_labels(rng, shape):
    return groups(rng, (MEMORY, shape[-1]))


def cosines(a, b):
    return optax.losses.cosine_similarity(a[:, None], b[None])


def candidates_of_anchor(temperature=0.07):
    def reference(anchor, positive, negatives=None):
        everything = positive if negatives is None else jnp.concatenate([positive, negatives])
        right = jnp.arange(len(anchor))
        return optax.softmax_cross_entropy_with_integer_labels(cosines(anchor, everything) / temperature, right)

    return reference


def cross_entropy_of_cosines(a, p):
    import torch
    from torch.nn.functional import cross_entropy, normalize

    return cross_entropy(normalize(a) @ normalize(p).T / 0.07, torch.arange(len(a)), reduction="none")


def circle(gamma=80.0, margin=0.4):
    """The paper's sum over pairs of a positive and a negative, pair by pair."""

    def reference(embeddings, labels, reference_embeddings=None, reference_labels=None):
        alone = reference_embeddings is None
        others, other_labels = (embeddings, labels) if alone else (reference_embeddings, reference_labels)
        s = cosines(embeddings, others)
        losses = []
        for i, label in enumerate(labels):
            costs = [
                gamma * (jax.nn.relu(s[i, n] + margin) * (s[i, n] - margin))
                - gamma * (jax.nn.relu(1 + margin - s[i, p]) * (s[i, p] - 1 + margin))
                for p, positive in enumerate(other_labels)
                for n, negative in enumerate(other_labels)
                if positive == label != negative and not (alone and p == i)
            ]
            losses.append(jax.nn.logsumexp(jnp.array([0.0, *costs])))
        return jnp.array(losses)

    return reference


def supervised(temperature=0.07):
    """The paper's sum over anchors, positives and candidates, one by one."""

    def reference(embeddings, labels):
        s = cosines(embeddings, embeddings) / temperature
        losses = []
        for i, label in enumerate(labels):
            others = [j for j in range(len(labels)) if j != i]
            positives = [p for p in others if labels[p] == label]
            total = sum(jnp.exp(s[i, j]) for j in others)
            terms = [-jnp.log(jnp.exp(s[i, p]) / total) for p in positives]
            losses.append(sum(terms) / len(terms) if terms else 0.0 * s[i, i])
        return jnp.array(losses)

    return reference


def released(embeddings, labels):
    """The code of the authors, for one view and all anchors, with their guard against a division by 0."""
    import torch

    features = torch.nn.functional.normalize(embeddings)
    logits = features @ features.T / 0.07
    logits = logits - logits.max(1, keepdim=True).values.detach()
    others = 1 - torch.eye(len(labels), dtype=logits.dtype)
    positives = (labels[:, None] == labels[None]) * others
    log_share = logits - torch.log((torch.exp(logits) * others).sum(1, keepdim=True))
    return -(positives * log_share).sum(1) / positives.sum(1).clamp(min=1)


CASES = [
    Case(
        supervised_contrastive_loss,
        reals,
        groups,
        supervised(),
        torch=released,
        best=opposite,
        leading_dimensions=False,
        coupled=True,
    ),
    Case(
        supervised_contrastive_loss,
        reals,
        groups,
        supervised(0.5),
        options={"temperature": 0.5},
        best=opposite,
        leading_dimensions=False,
        coupled=True,
    ),
    Case(
        ntxent_loss,
        reals,
        groups,
        optax.losses.ntxent,
        best=opposite,
        leading_dimensions=False,
        coupled=True,
    ),
    Case(
        ntxent_loss,
        reals,
        groups,
        lambda x, y: optax.losses.ntxent(x, y, temperature=0.5),
        options={"temperature": 0.5},
        best=opposite,
        leading_dimensions=False,
        coupled=True,
    ),
    Case(
        info_nce_loss,
        reals,
        reals,
        candidates_of_anchor(),
        torch=cross_entropy_of_cosines,
        best=lambda targets: targets,
        target_gradient=True,
        leading_dimensions=False,
        coupled=True,
    ),
    Case(
        info_nce_loss,
        reals,
        reals,
        candidates_of_anchor(0.5),
        options={"temperature": 0.5},
        extras={"negatives": memory},
        target_gradient=True,
        leading_dimensions=False,
        coupled=True,
    ),
    Case(
        circle_loss,
        reals,
        groups,
        circle(),
        best=lambda labels: np.eye(CLASSES)[labels],
        leading_dimensions=False,
        coupled=True,
    ),
    Case(
        circle_loss,
        reals,
        groups,
        circle(gamma=2, margin=0.6),
        options={"gamma": 2, "margin": 0.6},
        extras={"reference_embeddings": memory, "reference_labels": memory_labels},
        leading_dimensions=False,
        coupled=True,
    ),
]
