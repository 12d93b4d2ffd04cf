"""Rows for precision, recall and other ratios."""

import numpy as np
from cases.case import CLASSES, binary, each_item, labels, probabilities, reals
from sklearn import metrics as sklearn

import objectives
from measures.measure import Measure, by_sklearn, of_best, thresholded

EACH = {"labels": np.arange(CLASSES)}
COUNT = {"num_classes": CLASSES}
AVERAGES = {"precision": ("macro", "micro", "weighted", None)}  # one function averages all scores


def of_the_others(function):
    """Precision or recall of the negatives; for many classes scikit-learn has only their counts."""

    def score(targets, predictions, sample_weight=None, average="binary", **options):
        if average == "binary":
            return function(targets, predictions, pos_label=0, sample_weight=sample_weight)
        counts = sklearn.multilabel_confusion_matrix(targets, predictions, sample_weight=sample_weight, **options)
        (tn, fp), (fn, tp) = counts.sum(axis=0) if average == "micro" else np.moveaxis(counts, 0, -1)
        scores = tn / (tn + (fp if function is sklearn.recall_score else fn))
        shares = {"weighted": tp + fn, "macro": np.ones_like(scores)}
        return np.average(scores, weights=shares[average]) if average in shares else scores

    return score


REFERENCES = {
    "precision": sklearn.precision_score,
    "recall": sklearn.recall_score,
    "specificity": of_the_others(sklearn.recall_score),
    "negative_predictive_value": of_the_others(sklearn.precision_score),
    "fbeta_score": sklearn.fbeta_score,
    "f1_score": sklearn.f1_score,
    "jaccard_score": sklearn.jaccard_score,
}


def of_k_best(reference, k):
    """A reference for several labels of an item, given scores: the k classes of the greatest."""

    def score(scores, targets, weights=None):
        best = np.zeros(scores.shape, int)
        np.put_along_axis(best, np.argsort(-scores, axis=-1, kind="stable")[:, :k], 1, axis=-1)
        return reference(best, np.eye(CLASSES)[targets], weights)

    return score


def rows(name):
    reference, beta = REFERENCES[name], {"beta": 2} if name == "fbeta_score" else {}
    of_classes, of_labels = getattr(objectives, name), getattr(objectives, f"binary_{name}")
    pooled = thresholded(by_sklearn(reference, **beta))
    yield Measure(of_labels, each_item(probabilities), each_item(binary), pooled, beta, empty=0)
    for average in AVERAGES.get(name, ("macro",)):
        result = {"result": () if average else (CLASSES,), "empty": 0}
        options = beta | {"average": average}
        expected = by_sklearn(reference, **options, **EACH)
        yield Measure(of_classes, labels, labels, expected, options | COUNT, **result)
        if average == "macro":
            yield Measure(of_classes, reals, labels, of_best(expected), options | COUNT, **result)
        expected = thresholded(by_sklearn(reference, **options))
        yield Measure(of_labels, probabilities, binary, expected, options | {"label_axis": -1}, mask_ndim=2, **result)


def rows_of_k_best():
    for name, k, average in (("precision", 2, "macro"), ("recall", 3, None), ("fbeta_score", 2, "micro")):
        beta = {"beta": 2} if name == "fbeta_score" else {}
        expected = of_k_best(by_sklearn(REFERENCES[name], average=average, **beta), k)
        options = beta | COUNT | {"top_k": k, "average": average}
        yield Measure(getattr(objectives, name), reals, labels, expected, options, (CLASSES,) * (not average), empty=0)


MEASURES = [*(row for name in REFERENCES for row in rows(name)), *rows_of_k_best()]
