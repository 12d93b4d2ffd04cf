"""What measures of ranked lists do with their inputs, and the order of a list by comparison of its entries."""

from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._inputs import OF_SCORES, aligned_mask, are_labels, class_axis_last, floating_scores, items, shown
from objectives._options import whole_number
from objectives.ops.selection import condition_of, nan_where, select, where
from objectives.ops.shapes import ones_like, own_shape


class Lists(NamedTuple):
    """Scores and relevances (..., L) of lists, 0 where no entry is, and 1 where one is; which lists have entries.

    And the positions (L,) of entries.
    """

    scores: TensorVariable
    relevance: TensorVariable
    there: TensorVariable
    listed: Any
    positions: TensorVariable

    @property
    def missing(self):
        """The entries whose score is NaN."""
        return pt.isnan(self.scores)

    def result(self, value, *, errors=False):
        """One number for each list: 0 without entries, NaN for relevances that are NaN or negative.

        ``errors`` says that less is better: then a score of NaN, which must never count as right, gives NaN too.
        """
        unknown = pt.isnan(self.relevance)
        unknown = unknown | self.missing if errors else unknown
        return select(self.listed, where(pt.any(unknown, axis=-1), np.nan, value))


def lists(scores, targets, mask, axis) -> Lists:
    """Scores, relevances and a mask of entries, with the lists along the last axis; negative relevances are NaN."""
    scores = floating_scores(scores, "scores")
    if mask is not None:
        mask = aligned_mask(mask, "scores", scores.type.shape)
        mask = class_axis_last(mask, axis) if mask.ndim else mask
    scores, relevance, _ = items(scores, targets, axis=axis, names=OF_SCORES)
    if are_labels(relevance, scores):
        raise TypeError(
            f"rank mismatch between targets {shown(relevance.type.shape)} and scores {shown(scores.type.shape)}: give "
            "the relevance of each entry, in the shape of the scores"
        )
    relevance = nan_where(relevance < 0, relevance)
    there = ones_like(scores)
    # not arange, whose length MLX must know beforehand
    index = pt.cumsum(pt.ones((own_shape(scores).shape[-1],), dtype="float32")) - np.float32(1)
    if mask is None:
        return Lists(scores, relevance, there, None, index)
    mask = mask & ones_like(scores, "bool")
    listed = condition_of(pt.any(mask, axis=-1))
    return Lists(where(mask, scores, 0), where(mask, relevance, 0), select(mask, there), listed, index)


def own(x):
    """``x`` (..., L) as rows: the entry that is looked at."""
    return x[..., :, None]


def other(x):
    """``x`` (..., L) as columns: the entry that it is compared with."""
    return x[..., None, :]


def not_below(given, x):
    """Which entries (columns) have a value x not less than another's (rows): 1 or 0 (..., L, L)."""
    return pt.ge(other(x), own(x)).astype(x.dtype) * other(given.there)


def ahead(given):
    """Which entries (columns) come before others (rows): 1 or 0 (..., L, L).

    Greater scores come first, equal ones in the order of the list. NaN comes before all, itself included.
    """
    scores, index = given.scores, given.positions
    tied_behind = pt.le(other(scores), own(scores)) & pt.ge(other(index), own(index))
    behind = pt.lt(other(scores), own(scores)) | tied_behind
    return pt.invert(behind).astype(scores.dtype) * other(given.there)


def check_cutoff(k):
    """Refuse what is no number of entries."""
    if k is not None:
        whole_number(k, "k", 1, ": leave it None for whole lists")


class Retrieved(NamedTuple):
    """Ranks from 0 and which entries are relevant, among the first k, and both with a score: a hit."""

    given: Lists
    rank: TensorVariable
    relevant: TensorVariable
    among: Any
    hits: TensorVariable


def retrieved(given, k) -> Retrieved:
    """Which entries of lists are among the first k."""
    check_cutoff(k)
    rank = ahead(given).sum(axis=-1)
    relevant = (given.relevance > 0).astype(given.scores.dtype)
    scored = pt.invert(given.missing)
    among = condition_of(scored if k is None else scored & pt.lt(rank, k))
    return Retrieved(given, rank, relevant, among, where(among, relevant, 0))
