"""Inputs of the measures of ranked lists, and how much of a list is ahead of each entry."""

from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._inputs import OF_SCORES, aligned_mask, as_tensor, class_axis_last, floating_scores, items, shown
from objectives._options import whole_number
from objectives.ops.selection import condition_of, nan_where, select, where
from objectives.ops.shapes import ones_like, own_shape
from objectives.ops.sorting import weighted_rank


class Lists(NamedTuple):
    """Scores and relevances (..., L) of lists, 0 where masked, with the entries that count and their positions.

    ``there`` is 1 for entries that count; ``listed`` says which lists have any, None for all.
    """

    scores: TensorVariable
    relevance: TensorVariable
    there: TensorVariable
    listed: Any
    positions: TensorVariable

    @property
    def missing(self):
        """Entries whose score is NaN."""
        return pt.isnan(self.scores)

    def result(self, value, *, errors=False):
        """One number per list: 0 without entries, NaN for relevances that are NaN or negative.

        With ``errors``, where smaller is better, a score of NaN gives NaN too, since it must never look right.
        """
        unknown = pt.isnan(self.relevance)
        unknown = unknown | self.missing if errors else unknown
        return select(self.listed, where(pt.any(unknown, axis=-1), np.nan, value))


def lists(scores, targets, mask, axis) -> Lists:
    """Scores, relevances and mask of entries, with lists along the last axis; negative relevances become NaN."""
    scores = floating_scores(scores, "scores")
    if mask is not None:
        mask = aligned_mask(mask, "scores", scores.type.shape)
        mask = class_axis_last(mask, axis) if mask.ndim else mask
    targets = as_tensor(targets, "targets")
    if targets.ndim != scores.ndim:
        raise TypeError(
            f"rank mismatch between targets {shown(targets.type.shape)} and scores {shown(scores.type.shape)}: give "
            "the relevance of each entry, in the shape of the scores"
        )
    scores, relevance, _ = items(scores, targets, axis=axis, names=OF_SCORES)
    relevance = nan_where(relevance < 0, relevance)
    there = ones_like(scores)
    # not arange: MLX must know its length beforehand
    index = pt.cumsum(pt.ones((own_shape(scores).shape[-1],), dtype="float32")) - np.float32(1)
    if mask is None:
        return Lists(scores, relevance, there, None, index)
    mask = mask & ones_like(scores, "bool")
    listed = condition_of(pt.any(mask, axis=-1))
    return Lists(where(mask, scores, 0), where(mask, relevance, 0), select(mask, there), listed, index)


def ahead(given, weights):
    """The weight of the entries that rank before each.

    Larger scores rank first and ties keep the order of the list. NaN ranks before all; what it gets itself is not used.
    """
    unscored = where(given.missing, weights, 0).sum(axis=-1)
    return unscored[..., None] + weighted_rank(-given.scores, weights, "order")


def not_below(given, weights):
    """The weight of the entries whose score is at least that of each; 0 for NaN."""
    return weighted_rank(-given.scores, weights, "all")


def check_cutoff(top_k):
    """Refuse anything but a whole number of at least 1, or None."""
    if top_k is not None:
        whole_number(top_k, "top_k", 1, ": leave it None for whole lists")


class Retrieved(NamedTuple):
    """Ranks from 0; which entries are relevant, which are among the first k with a score, and which are both: hits."""

    given: Lists
    rank: TensorVariable
    relevant: TensorVariable
    in_top_k: Any
    hits: TensorVariable


def retrieved(given, top_k) -> Retrieved:
    """The entries of lists that are among the first k."""
    check_cutoff(top_k)
    rank = ahead(given, given.there)
    relevant = (given.relevance > 0).astype(given.scores.dtype)
    scored = pt.invert(given.missing)
    in_top_k = condition_of(scored if top_k is None else scored & pt.lt(rank, top_k))
    return Retrieved(given, rank, relevant, in_top_k, where(in_top_k, relevant, 0))
