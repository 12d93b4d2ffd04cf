"""Measures of ranked lists at hand-computed edges: NaN scores, ties, lists without entries, cutoffs."""

import numpy as np
import pytest

from objectives import (
    coverage_error,
    dcg_score,
    fall_out_at_k,
    hit_rate_at_k,
    label_ranking_average_precision,
    label_ranking_loss,
    ndcg_score,
    precision_at_k,
    r_precision,
    recall_at_k,
    reciprocal_rank,
    retrieval_average_precision,
    retrieval_roc_auc,
)

nan = np.nan
ERRORS = (label_ranking_loss, coverage_error, fall_out_at_k)
SCORES = (
    label_ranking_average_precision,
    dcg_score,
    ndcg_score,
    reciprocal_rank,
    retrieval_average_precision,
    retrieval_roc_auc,
    precision_at_k,
    recall_at_k,
    hit_rate_at_k,
    r_precision,
)
WITH_CUTOFF = (
    dcg_score,
    ndcg_score,
    reciprocal_rank,
    retrieval_average_precision,
    retrieval_roc_auc,
    precision_at_k,
    recall_at_k,
    hit_rate_at_k,
    fall_out_at_k,
)


def each(functions):
    return pytest.mark.parametrize("function", functions, ids=lambda function: function.__name__)


@each(SCORES)
def test_nan_scores_are_never_right(function):
    assert function([nan, nan], [1, 0]).eval() == 0
    right, wrong = function([1.0, nan, 0.0], [1, 0, 0]).eval(), function([1.0, 0.5, 0.0], [1, 0, 0]).eval()
    assert right <= wrong, "a NaN score ranks before the relevant entry"


@each(ERRORS)
def test_nan_scores_give_nan_errors(function):
    assert np.isnan(function([1.0, nan, 0.0], [1, 0, 0]).eval())
    assert function([1.0, nan, 0.0], [1, 0, 0], mask=[True, False, True]).eval() in (0, 1)


@each((*SCORES, *ERRORS))
def test_missing_relevances_stay_visible(function):
    assert np.isnan(function([1.0, 0.5], [nan, 1.0]).eval())


@each((*SCORES, *ERRORS))
def test_a_list_without_entries_is_0(function):
    mask = [[False, False], [True, True]]
    assert function([[nan, nan], [1.0, 0.0]], [[1, 1], [1, 0]], mask=mask).eval()[0] == 0


@each((*SCORES, *ERRORS))
def test_the_relevance_of_each_entry_is_needed(function):
    with pytest.raises(TypeError, match=r"rank mismatch.*relevance of each entry"):
        function([[1.0, 0.5]], [1])


@each(WITH_CUTOFF)
def test_cutoffs_are_whole_numbers(function):
    for top_k in (0, -1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="top_k must be a whole number of at least 1"):
            function([1.0, 0.5], [1, 0], top_k=top_k)
    assert function([1.0, 0.5], [1, 0], top_k=np.int64(1)).eval() in (0, 1)


def test_no_relevant_entries():
    for function in (dcg_score, ndcg_score, reciprocal_rank, retrieval_average_precision, recall_at_k, r_precision):
        assert function([1.0, 0.5], [0, 0]).eval() == 0
    assert label_ranking_average_precision([1.0, 0.5], [0, 0]).eval() == 1, "as in scikit-learn"
    assert label_ranking_loss([1.0, 0.5], [1, 1]).eval() == label_ranking_loss([1.0, 0.5], [0, 0]).eval() == 0
    assert coverage_error([1.0, 0.5], [0, 0]).eval() == 0
    assert fall_out_at_k([1.0, 0.5], [1, 1], top_k=1).eval() == 0


def test_ties():
    """Ties go by index in retrieval, are errors in label_ranking_loss, share gains, and count half in areas."""
    scores = [1.0, 1.0]
    assert [hit_rate_at_k(scores, targets, top_k=1).eval() for targets in ([1, 0], [0, 1])] == [1, 0]
    assert [reciprocal_rank(scores, targets).eval() for targets in ([1, 0], [0, 1])] == [1, 0.5]
    assert label_ranking_loss(scores, [1, 0]).eval() == 1
    assert coverage_error(scores, [1, 0]).eval() == 2
    assert retrieval_roc_auc(scores, [0, 1]).eval() == 0.5
    np.testing.assert_allclose(dcg_score(scores, [0, 4]).eval(), 2 * (1 + 1 / np.log2(3)))


def test_scores_may_be_negative():
    """torchmetrics takes entries with scores up to 0 for irrelevant."""
    assert reciprocal_rank([-1.0, -2.0], [1, 0]).eval() == 1
    assert retrieval_average_precision([0.0, -2.0], [1, 0]).eval() == 1


def test_precision_in_shorter_lists():
    assert precision_at_k([1.0, 0.5], [1, 1], top_k=4).eval() == 0.5
    np.testing.assert_array_equal(
        precision_at_k([[1.0, 0.5]], [[1, 1]], top_k=2, mask=[[True, False]]).eval(), [0.5], "the same with a mask"
    )


def test_gains():
    np.testing.assert_allclose(dcg_score([2.0, 1.0], [3, 1], gain="exponential").eval(), 7 + 1 / np.log2(3))
    with pytest.raises(ValueError, match="gain must be 'linear' or 'exponential', not 'log'"):
        ndcg_score([1.0], [1], gain="log")


def test_ties_in_order():
    """By hand: the first of tied entries is the first of the list; NaN ranks first, and gains nothing."""
    scores = [1.0, 1.0, np.nan]
    np.testing.assert_allclose(dcg_score(scores, [0, 4, 9], ties="order").eval(), 4 / 2)
    np.testing.assert_allclose(dcg_score(scores[:2], [0, 4], ties="order").eval(), 4 / np.log2(3))
    np.testing.assert_allclose(ndcg_score(scores[:2], [0, 4], ties="order").eval(), 1 / np.log2(3))
    assert dcg_score(scores[:2], [0, 4], ties="order", top_k=1).eval() == 0
    with pytest.raises(ValueError, match="ties must be 'average' or 'order', not 'ignore'"):
        ndcg_score([1.0], [1], ties="ignore")


def test_base_of_the_logarithm():
    np.testing.assert_allclose(dcg_score([2.0, 1.0], [3, 1], log_base=np.e).eval(), 3 / np.log(2) + 1 / np.log(3))
    for bad in (1, 0.5, "e", None):
        with pytest.raises(ValueError, match=f"log_base must be a number greater than 1, not {bad!r}"):
            dcg_score([1.0], [1], log_base=bad)
