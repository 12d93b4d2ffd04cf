"""What is no number is refused as an argument, by its name; numbers of Python are taken."""

import numpy as np
import pytensor.tensor as pt
import pytest

import objectives
from objectives import (
    binary_crossentropy,
    categorical_accuracy,
    categorical_crossentropy,
    huber_loss,
    squared_error,
)


def test_text_is_no_number():
    with pytest.raises(TypeError, match="delta must be a tensor, an array or a number, not '1'"):
        huber_loss(pt.matrix(), pt.matrix(), delta="1")
    with pytest.raises(TypeError, match="weights must be a tensor, an array or a number, not 'linear'"):
        objectives.cohen_kappa(pt.lvector(), pt.lvector(), num_classes=3, weights="linear")


@pytest.mark.parametrize(
    "function", [huber_loss, categorical_crossentropy, objectives.roc_auc_score, objectives.r2_score]
)
def test_what_is_no_number(function):
    x = np.ones((2, 2)) if function is categorical_crossentropy else np.ones(2)
    for wrong, reason in (
        (None, "None"),
        ({"a": 1.0}, "a dict: give one of its values"),
        (["cat", "dog"], r"text such as 'cat': encode .* numpy.unique\({}, return_inverse=True\)\[1\]"),
        (np.array(["cat", "dog"]), "text such as 'cat': encode labels as integers"),
        (("1", "2"), r"text such as '1': convert them, numpy.asarray\({}\)"),
    ):
        for name, given in (("predictions", (wrong, x)), ("targets", (x, wrong))):
            with pytest.raises(TypeError, match=f"^{name} must .* not {reason.format(name)}"):
                function(*given)


def test_complex_numbers():
    for arguments in ((pt.zmatrix(), pt.matrix()), (pt.matrix(), pt.zmatrix())):
        with pytest.raises(TypeError, match="complex"):
            squared_error(*arguments)


def test_python_scalars():
    assert squared_error(3, 1).eval() == 4
    assert huber_loss(3.0, 1).eval() == 1.5
    np.testing.assert_allclose(binary_crossentropy(0.25, 1).eval(), np.log(4))
    assert categorical_accuracy([0.1, 0.9], 1).eval() == 1
    assert squared_error(0.5, pt.vector(dtype="float64")).dtype == "float64"


def test_objects_in_an_array():
    with pytest.raises(TypeError, match=r"predictions must hold numbers, not object: convert the array, predictions"):
        huber_loss(np.array([1, 2], object), [1, 2])
    with pytest.raises(TypeError, match=r"targets must hold numbers, not object: .*targets\.astype\('int64'\)"):
        categorical_crossentropy(np.ones((2, 2)), np.array([0, 1], object))
    with pytest.raises(TypeError, match=r"text such as 'cat': encode labels"):
        categorical_crossentropy(np.ones((2, 2)), np.array([0, "cat"], object))


@pytest.mark.parametrize("values", [[1.0, None], [[None, 1.0]], (2, None)])
def test_none_in_a_list(values):
    with pytest.raises(TypeError, match=r"targets must not hold None: .* mask=objectives\.labelled\(targets\)"):
        huber_loss(np.ones(2), values)


def test_class_weights_by_class():
    with pytest.raises(TypeError, match=r"class_weights must be .*, not a dict: give one number for each class"):
        categorical_crossentropy(np.ones((2, 2)), [0, 1], class_weights={0: 1.0, 1: 9.0})
    with pytest.raises(TypeError, match=r"class_weights must be .*, not 'balanced'"):
        categorical_crossentropy(np.ones((2, 2)), [0, 1], class_weights="balanced")
