"""Rows for confusion matrices and agreement."""

import numpy as np
from cases.case import CLASSES, binary, each_item, labels, one_hot, probabilities, reals
from sklearn import metrics as sklearn

from measures.measure import Measure, by_sklearn, of_best, thresholded
from objectives import (
    balanced_accuracy,
    binary_confusion_matrix,
    class_likelihood_ratios,
    cohen_kappa,
    confusion_matrix,
    matthews_corrcoef,
)

EACH = {"labels": np.arange(CLASSES)}
COUNT = {"num_classes": CLASSES}
SQUARE = {"result": (CLASSES, CLASSES), "empty": 0}
ELEMENTS = (each_item(probabilities), each_item(binary))
LABELS = {"result": (CLASSES, 2, 2), "mask_ndim": 2, "empty": 0}

MATRIX = by_sklearn(sklearn.confusion_matrix, **EACH)
PAIR = by_sklearn(sklearn.confusion_matrix, labels=[0, 1])
BALANCED = by_sklearn(sklearn.balanced_accuracy_score)
RATIOS = by_sklearn(sklearn.class_likelihood_ratios)
MULTILABEL = by_sklearn(sklearn.multilabel_confusion_matrix)


def of_classes(function, reference, **options):
    return [
        Measure(function, labels, labels, reference, COUNT | options),
        Measure(function, reals, labels, of_best(reference), COUNT | options),
    ]


MEASURES = [
    Measure(confusion_matrix, labels, labels, MATRIX, COUNT, **SQUARE),
    Measure(confusion_matrix, reals, labels, of_best(MATRIX), COUNT, **SQUARE),
    Measure(
        confusion_matrix,
        reals,
        one_hot,
        lambda p, t, w=None: of_best(MATRIX)(p, t.argmax(-1), w),
        COUNT,
        **SQUARE,
    ),
    Measure(binary_confusion_matrix, *ELEMENTS, thresholded(PAIR), result=(2, 2), empty=0),
    Measure(binary_confusion_matrix, probabilities, binary, thresholded(MULTILABEL), {"label_axis": -1}, **LABELS),
    *(
        Measure(
            confusion_matrix,
            labels,
            labels,
            by_sklearn(sklearn.confusion_matrix, **EACH, normalize=over),
            {"normalize": over, **COUNT},
            **SQUARE,
        )
        for over in ("true", "pred", "all")
    ),
    *(
        Measure(
            binary_confusion_matrix,
            *ELEMENTS,
            thresholded(by_sklearn(sklearn.confusion_matrix, labels=[0, 1], normalize=over)),
            {"normalize": over},
            result=(2, 2),
            empty=0,
        )
        for over in ("true", "pred", "all")
    ),
    Measure(
        binary_confusion_matrix,
        probabilities,
        binary,
        lambda p, t, w=None: (m := thresholded(MULTILABEL)(p, t, w)) / m.sum(axis=-1, keepdims=True),
        {"normalize": "true", "label_axis": -1},
        **LABELS,
    ),
    Measure(class_likelihood_ratios, *ELEMENTS, thresholded(RATIOS), result=(2,)),
    Measure(
        class_likelihood_ratios,
        probabilities,
        binary,
        lambda p, t, w=None: np.transpose([thresholded(RATIOS)(p[:, j], t[:, j], w) for j in range(CLASSES)]),
        {"label_axis": -1},
        result=(2, CLASSES),
        mask_ndim=2,
    ),
    *of_classes(balanced_accuracy, BALANCED),
    *of_classes(balanced_accuracy, by_sklearn(sklearn.balanced_accuracy_score, adjusted=True), adjusted=True),
    *of_classes(matthews_corrcoef, by_sklearn(sklearn.matthews_corrcoef)),
    *of_classes(cohen_kappa, by_sklearn(sklearn.cohen_kappa_score, **EACH)),
    *(
        row
        for weighting in ("linear", "quadratic")
        for row in of_classes(
            cohen_kappa, by_sklearn(sklearn.cohen_kappa_score, weights=weighting, **EACH), weighting=weighting
        )[1:]
    ),
]
