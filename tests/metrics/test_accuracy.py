"""Accuracies of what is probably a mistake."""

import warnings

import numpy as np
import pytest

import objectives
from objectives import MistakeWarning, categorical_accuracy


@pytest.mark.parametrize("shape", [(4,), (2, 4)])
def test_class_indices_as_predictions(shape):
    with pytest.raises(TypeError, match=r"of class indices pt\.eq\(predictions, targets\)"):
        categorical_accuracy(np.ones(shape, int), np.ones(shape, int))


def test_vectors_of_scores_and_labels():
    """They are one item, which is seldom meant where the targets are integers."""
    with pytest.warns(MistakeWarning, match=r"predictions \(4,\) and targets of integers are vectors, .* a row"):
        assert categorical_accuracy([0.2, 0.9, 0.1, 0.3], [0, 1, 0, 0]).eval() == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert categorical_accuracy([0.2, 0.9, 0.1, 0.3], [0.0, 1.0, 0.0, 0.0]).eval() == 1


@pytest.mark.parametrize(
    "name",
    [
        "brier_score",
        "categorical_crossentropy",
        "categorical_crossentropy_with_logits",
        "categorical_focal_crossentropy",
        "categorical_focal_crossentropy_with_logits",
        "nll_loss",
    ],
)
def test_losses_of_vectors_of_scores_and_labels(name):
    with pytest.warns(MistakeWarning, match=r"\(4,\) and targets of integers are vectors"):
        getattr(objectives, name)([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 0])
