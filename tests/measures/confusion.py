"""Rows of the confusion matrix and what follows from it."""

import numpy as np
from cases.case import CLASSES, labels, reals
from sklearn import metrics as sklearn

from measures.measure import Measure, by_sklearn, of_best
from objectives import confusion_matrix

EACH = {"labels": np.arange(CLASSES)}
COUNT = {"num_classes": CLASSES}
SQUARE = {"result": (CLASSES, CLASSES), "empty": 0}

MATRIX = by_sklearn(sklearn.confusion_matrix, **EACH)

MEASURES = [
    Measure(confusion_matrix, labels, labels, MATRIX, COUNT, **SQUARE),
    Measure(confusion_matrix, reals, labels, of_best(MATRIX), COUNT, **SQUARE),
]
