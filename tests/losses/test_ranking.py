"""Ranking losses: values and gradients worked out by hand, masks of entries, and errors."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import sklearn.metrics

from objectives.losses.ranking import (
    margin_ranking_loss,
    pairwise_logistic_loss,
    ranking_softmax_loss,
    wmw_auc_loss,
)

inf, nan = np.inf, np.nan
LOG2, LOG3 = np.log(2), np.log(3)


def ranking_from(b, **options):
    return lambda a, y: margin_ranking_loss(a, np.asarray(b), y, **options)


def of_first_entries(n):
    return lambda s, y: ranking_softmax_loss(s, y, mask=np.arange(np.shape(y)[-1]) < n)


def linear(p, t):
    return wmw_auc_loss(p, t, margin=0.5, power=1)


def lambda_rank(s, y):
    return pairwise_logistic_loss(s, y, lambda_weights="ndcg")


# loss, predictions, targets, value, gradient of the sum
ROWS = [
    # equal scores have half the gradient
    (ranking_from([0.0, 0.0, 1.0, 1.0]), [0.0, 0.0, 3.0, 3.0], [1, -1, 1, -1], [0, 0, 0, 2], [-0.5, 0.5, 0, 1]),
    (ranking_from([0.0, 0.0], margin=1.0), [0.25, 2.0], [1, 1], [0.75, 0], [-1, 0]),
    (ranking_from([0.0, 0.0, 0.0]), [inf, -inf, nan], [1, 1, 1], [0, inf, nan], [0, -1, nan]),
    # relevances are not normalized
    (ranking_softmax_loss, [[0.0, 0.0, 0.0]], [[2, 0, 1]], [3 * LOG3], [[-1, 1, 0]]),
    (ranking_softmax_loss, [[1e3, 0.0, 0.0]], [[0, 1, 0]], [1e3], [[1, -1, 0]]),
    (ranking_softmax_loss, [[1.0, 2.0]], [[0, 0]], [0], [[0, 0]]),
    (ranking_softmax_loss, [[0.0, -inf, 0.0]], [[1, 0, 0]], [LOG2], [[-0.5, 0, 0.5]]),
    (ranking_softmax_loss, [0.0, 0.0], [1, 0], LOG2, [-0.5, 0.5]),
    # masked entries are not in the softmax; a list without entries has no loss
    (of_first_entries(2), [0.0, 0.0, nan], [1.0, 0.0, nan], LOG2, [-0.5, 0.5, 0]),
    (of_first_entries(1), [5.0, inf], [2.0, 3.0], 0, [0, 0]),
    (of_first_entries(0), [nan, inf], [nan, 1.0], 0, [0, 0]),
    # equal relevances are no pair, whatever their scores
    (pairwise_logistic_loss, [[0.0, 0.0, 0.0]], [[2, 0, 2]], [2 * LOG2], [[-0.5, 1, -0.5]]),
    (pairwise_logistic_loss, [[inf, inf, 0.0]], [[1, 1, 0]], [0], [[0, 0, 0]]),
    (pairwise_logistic_loss, [[0.0, 1e3, 0.0]], [[1, 0, 1]], [2e3], [[-1, 2, -1]]),
    (pairwise_logistic_loss, [[0.0, -inf]], [[0, 1]], [inf], [[1, -1]]),
    (pairwise_logistic_loss, [[1.0, 2.0]], [[1, 1]], [0], [[0, 0]]),
    (pairwise_logistic_loss, [[1.0, nan]], [[1, 1]], [nan], [[nan, nan]]),
    (pairwise_logistic_loss, [[1.0, 2.0]], [[1, -1]], [nan], [[nan, nan]]),
    (pairwise_logistic_loss, np.zeros((1, 0)), np.zeros((1, 0)), [0], np.zeros((1, 0))),
    # equal scores rank in the order of the list: the ranks of the pair are 1 and 2
    (
        lambda_rank,
        [[0.0, 0.0]],
        [[1, 0]],
        [(1 - 1 / LOG3 * LOG2) * LOG2],
        [[(LOG2 / LOG3 - 1) / 2, (1 - LOG2 / LOG3) / 2]],
    ),
    (lambda_rank, [[0.0, 0.0]], [[0, 0]], [0], [[0, 0]]),
    # one of the four pairs falls short of the margin, by 0.15
    (wmw_auc_loss, [0.8, 0.6, 0.3, 0.55], [1, 1, 0, 0], 0.15**3 / 4, [0, -0.016875, 0, 0.016875]),
    (linear, [0.0, 0.0, 0.0], [1, 0, 0], 0.5, [-1, 0.5, 0.5]),
    (linear, [0.5, 0.0], [1, 0], 0, [0, 0]),
    (linear, [inf, inf, -inf, 0.0], [1, 1, 0, 0], 0, [0, 0, 0, 0]),
    # no pairs
    (wmw_auc_loss, [0.5, 0.0], [1, 1], 0, [0, 0]),
    (wmw_auc_loss, [0.5, 0.0], [0, 0], 0, [0, 0]),
    (wmw_auc_loss, np.zeros(0), np.zeros(0), 0, np.zeros(0)),
    (wmw_auc_loss, [[0.5], [0.5]], [1, 0], 0.008, [[-0.12], [0.12]]),
    # targets in {-1, 1} and missing targets give NaN
    (wmw_auc_loss, [0.5, 0.0], [1, -1], nan, [nan, nan]),
    (wmw_auc_loss, [0.5, 0.0], [1, nan], nan, [nan, nan]),
    # targets in {0, 1} are no signs
    (ranking_from([0.0, 0.0, 0.0]), [1.0, 1.0, 1.0], [1, 0, nan], [0, nan, nan], [0, nan, nan]),
]


def test_values_and_gradients():
    """One compiled function for all rows, with symbolic predictions."""
    inputs, outputs, arrays = [], [], []
    for loss, predictions, targets, *_ in ROWS:
        array = np.asarray(predictions)
        # a column is recognized by its static shape
        p = pt.tensor(shape=(None,) * (array.ndim - 1) + (array.shape[-1],), dtype="float64")
        value = loss(p, np.asarray(targets))
        inputs.append(p)
        arrays.append(array)
        outputs += [value, pytensor.grad(value.sum(), p)]
    results = iter(pytensor.function(inputs, outputs)(*arrays))
    for loss, predictions, targets, value, gradient in ROWS:
        row = f"{loss.__name__}({predictions}, {targets})"
        np.testing.assert_allclose(next(results), value, rtol=1e-12, atol=1e-15, err_msg=row)
        np.testing.assert_allclose(next(results), gradient, rtol=1e-12, atol=1e-15, err_msg=row)


@pytest.mark.parametrize("top_k", [None, 2])
def test_lambda_weights_are_what_an_exchange_changes(top_k):
    """By the measures of scikit-learn, of lists in which two entries have exchanged their scores."""
    rng = np.random.default_rng(0)
    s, y = rng.normal(size=5), np.array([3.0, 0, 1, 1, 2])
    for name in ("dcg", "ndcg"):
        measure, total = getattr(sklearn.metrics, f"{name}_score"), 0
        for i, j in [(i, j) for i in range(5) for j in range(5) if y[i] > y[j]]:
            exchanged = s.copy()
            exchanged[[i, j]] = s[[j, i]]
            change = measure([y], [exchanged], k=top_k) - measure([y], [s], k=top_k)
            total += abs(change) * np.logaddexp(0, s[j] - s[i])
        found = pairwise_logistic_loss(s, y, lambda_weights=name, top_k=top_k)
        np.testing.assert_allclose(found.eval(), total, rtol=1e-12)


def test_options_of_lambda_weights():
    s = pt.matrix()
    for options, match in (
        ({"lambda_weights": "map"}, "lambda_weights must be 'dcg' or 'ndcg', not 'map'"),
        ({"lambda_weights": "dcg", "gain": "square"}, "gain must be 'linear' or 'exponential', not 'square'"),
        ({"lambda_weights": "dcg", "top_k": 0}, "top_k must be a whole number of at least 1, not 0"),
        ({"top_k": 5}, "top_k and gain are options of lambda_weights"),
        ({"gain": "exponential"}, "top_k and gain are options of lambda_weights"),
    ):
        with pytest.raises(ValueError, match=match):
            pairwise_logistic_loss(s, s, **options)
    with pytest.raises(TypeError, match="rank mismatch between targets"):
        pairwise_logistic_loss(s, pt.lvector())


def test_masked_entries_change_nothing():
    """The losses are those of the shorter lists, whatever the masked entries hold."""
    rng = np.random.default_rng(0)
    s, y, w = rng.normal(size=(2, 4)), rng.uniform(size=(2, 4)), rng.uniform(size=(2, 4))
    mask = np.array([[True, True, False, True], [False, False, False, False]])
    inputs = [pt.dmatrix(name) for name in "syw"]
    loss = ranking_softmax_loss(inputs[0], inputs[1], weights=inputs[2], mask=mask)
    short = ranking_softmax_loss(s[:1, [0, 1, 3]], y[:1, [0, 1, 3]], weights=w[:1, [0, 1, 3]])
    outputs = [loss, short, *pytensor.grad(loss.sum(), inputs)]
    for gap in (nan, inf, -inf):
        arrays = [np.where(mask, a, gap) for a in (s, y, w)]
        value, expected, *gradients = pytensor.function(inputs, outputs)(*arrays)
        np.testing.assert_allclose(value, [*expected, 0], rtol=1e-12)
        for gradient in gradients:
            assert (gradient[~mask] == 0).all() and (gradient[mask] != 0).all()


def test_lists_along_another_axis():
    rng = np.random.default_rng(1)
    s, y, w = (rng.uniform(size=(2, 4, 3)) for _ in range(3))
    mask = rng.random((2, 4, 3)) < 0.6
    last = [np.moveaxis(a, 1, -1) for a in (s, y, w, mask)]
    losses = [
        ranking_softmax_loss(s, y, weights=w, mask=mask, axis=1),
        ranking_softmax_loss(last[0], last[1], weights=last[2], mask=last[3]),
        ranking_softmax_loss(s, y, weights=2.0, mask=True, axis=1),
        2 * ranking_softmax_loss(s, y, axis=-2),
        ranking_softmax_loss(s, y, mask=mask[:1, :, :1], axis=1),
        ranking_softmax_loss(s, y, mask=np.broadcast_to(mask[:1, :, :1], s.shape), axis=1),
    ]
    results = pytensor.function([], losses)()
    for found, expected in zip(results[::2], results[1::2], strict=True):
        np.testing.assert_allclose(found, expected)
        assert found.shape == (2, 3)


def test_the_minimum_is_where_the_softmax_equals_the_targets():
    s, y = pt.dvector("s"), np.array([0.2, 0.3, 0.5])
    gradient = pytensor.grad(ranking_softmax_loss(s, y), s)
    np.testing.assert_allclose(gradient.eval({s: np.log(y) + 7}), 0, atol=1e-15)


def test_pairs_of_masked_items_do_not_count():
    p, t = pt.dvector("p"), pt.dvector("t")
    mask = np.array([True, True, True, False, False])
    loss = wmw_auc_loss(p, t, mask=mask)
    function = pytensor.function([p, t], [loss, pytensor.grad(loss, p)])
    short = wmw_auc_loss([0.5, 0.4, 0.6], [1, 0, 0]).eval()
    for gap in (nan, inf, 0.5):
        value, gradient = function([0.5, 0.4, 0.6, gap, gap], [1, 0, 0, gap, gap])
        np.testing.assert_allclose(value, short)
        assert (gradient[3:] == 0).all() and (gradient[:3] != 0).all()


def test_wmw_is_a_loss_and_not_a_score():
    """It is 0 if all positives lead, and falls as the area grows; TFLearn's sum over pairs is a recipe."""
    from sklearn import metrics

    rng = np.random.default_rng(2)
    t = rng.integers(0, 2, size=50)
    p, noise = pt.dvector("p"), rng.normal(size=50)
    outputs = [wmw_auc_loss(p, t), wmw_auc_loss(p, t) * pt.sum(t) * pt.sum(1 - t)]
    function = pytensor.function([p], outputs)
    areas, losses = [], []
    for sharpness in (-2.0, 0.0, 2.0, 100.0):
        scores = sharpness * t + noise
        gaps = (scores[t == 1][:, None] - scores[t == 0]).ravel()
        mean, total = function(scores)
        np.testing.assert_allclose(total, ((0.2 - gaps[gaps < 0.2]) ** 3).sum())
        areas.append(metrics.roc_auc_score(t, scores))
        losses.append(mean)
    assert losses[-1] == 0 and areas[-1] == 1
    assert (np.diff(losses) < 0).all() and (np.diff(areas) > 0).all()


def test_powers():
    """Whole and fractional powers, as numbers and as variables."""
    p, power = np.array([0.1, 0.4]), pt.dscalar("power")
    outputs = [wmw_auc_loss(p, [1, 0], power=n) for n in (1, 2, 2.5, 5)] + [wmw_auc_loss(p, [1, 0], power=power)]
    found = pytensor.function([power], outputs)(1.5)
    np.testing.assert_allclose(found, [0.5**n for n in (1, 2, 2.5, 5, 1.5)])


MISUSE = [
    (lambda: margin_ranking_loss(pt.lvector(), pt.vector(), pt.vector()), TypeError, "a must be floating-point"),
    (lambda: margin_ranking_loss(pt.vector(), pt.lvector(), pt.vector()), TypeError, "b must be floating-point"),
    (lambda: margin_ranking_loss(pt.vector(), pt.vector(), pt.matrix()), TypeError, "rank mismatch.*targets"),
    (lambda: margin_ranking_loss(pt.matrix(), pt.vector(), 1), TypeError, "rank mismatch"),
    (lambda: ranking_softmax_loss(pt.matrix(), pt.lvector()), TypeError, "rank mismatch.*relevance"),
    (lambda: ranking_softmax_loss(pt.matrix(), pt.matrix(), mask=pt.vector() > 0), TypeError, "rank mismatch.*mask"),
    (lambda: ranking_softmax_loss(pt.matrix(), pt.matrix(), weights=pt.vector()), TypeError, "rank mismatch.*weights"),
    (lambda: ranking_softmax_loss(pt.matrix(), pt.matrix(), mask=pt.matrix()), TypeError, "mask must be boolean"),
    (lambda: ranking_softmax_loss(pt.special.softmax(pt.matrix()), pt.matrix()), ValueError, "output of a softmax"),
    (lambda: wmw_auc_loss(pt.matrix(), pt.matrix()), TypeError, "vectors or columns"),
    (lambda: wmw_auc_loss(pt.vector(), 1), TypeError, "vectors or columns"),
    (lambda: wmw_auc_loss(pt.vector(), pt.vector(), margin=0), ValueError, "margin must be positive, not 0"),
    (lambda: wmw_auc_loss(pt.vector(), pt.vector(), margin=nan), ValueError, "margin must be positive"),
    (lambda: wmw_auc_loss(pt.vector(), pt.vector(), power=0.5), ValueError, "power must be at least 1"),
    (lambda: wmw_auc_loss(pt.vector(), pt.vector(), margin=pt.vector()), TypeError, "margin .*would enlarge"),
]


@pytest.mark.parametrize("call, error, message", MISUSE, ids=[row[2] for row in MISUSE])
def test_misuse(call, error, message):
    with pytest.raises(error, match=message):
        call()
