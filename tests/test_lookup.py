"""Finding functions by name, also by the names and keywords of other libraries."""

import inspect
import traceback

import pytensor.tensor as pt
import pytest

import objectives

P, T, Y = pt.matrix("p"), pt.matrix("t"), pt.lvector("y")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", "write aggregate(squared_error(predictions, targets))"),
        ("mae", "write aggregate(absolute_error(predictions, targets))"),
        ("rmse", "write root_mean_squared_error(predictions, targets)"),
        ("l1_loss", "write aggregate(absolute_error(predictions, targets))"),
        ("bce", "write binary_crossentropy(probabilities, binary_targets)"),
        ("f1", "write f1_score(logits, labels, num_classes=5)"),
        ("nn.CrossEntropyLoss", "write categorical_crossentropy_with_logits(logits, labels)"),
        ("keras.losses.MeanSquaredError", "write aggregate(squared_error(predictions, targets))"),
        ("neg_mean_absolute_error", "write aggregate(absolute_error(predictions, targets))"),
        ("hamming_loss", "write 1 - aggregate(binary_accuracy(p, b)) (for sklearn.metrics.hamming_loss("),
        ("soft_margin_loss", "write logistic_loss(z, s, binary=False) (for F.soft_margin_loss("),
        ("smooth_l1", "write smooth_l1_loss(predictions, targets)"),
        ("hubber_loss", "Did you mean 'huber_loss'"),
        ("", "objectives.names() lists all of them"),
    ],
)
def test_a_name_from_elsewhere_is_answered(name, expected):
    with pytest.raises(ValueError) as caught:
        objectives.get(name)
    assert f"no loss or measure named {name!r}" in str(caught.value) and expected in str(caught.value)


@pytest.mark.parametrize(
    ("function", "keyword", "expected"),
    [
        ("categorical_crossentropy", "from_logits", "end in _with_logits"),
        ("squared_error", "reduction", "aggregate(loss, mode='mean')"),
        ("categorical_crossentropy_with_logits", "ignore_index", "mask=pt.neq(targets, -100)"),
        ("categorical_crossentropy_with_logits", "weight", "class_weights="),
        ("squared_error", "sample_weight", "aggregate(loss, weights)"),
        ("f1_score", "sample_weight", "weights of items are weights="),
        ("f1_score", "y_true", "the order is (predictions, targets), by position"),
        ("categorical_accuracy", "k", "it is called top_k here"),
        ("gaussian_nll_loss", "eps", "it is called epsilon here"),
        ("dice_loss", "eps", "its arguments are predictions, targets, smooth"),
        ("aggregate", "reduction", "it is called mode here, mode='none'"),
        ("aggregate_parts", "sample_weight", "weights of items are weights="),
        ("huber_loss", "detla", "its arguments are predictions, targets, delta, mask"),
    ],
)
def test_a_keyword_from_elsewhere_is_answered(function, keyword, expected):
    with pytest.raises(TypeError) as caught:
        getattr(objectives, function)(P, T, **{keyword: "none"})
    assert f"{function} has no argument {keyword!r}" in str(caught.value) and expected in str(caught.value)


@pytest.mark.parametrize("name", ["mse_loss", "mean_squared_error", "CrossEntropyLoss", "F1Score"])
def test_a_name_from_elsewhere_that_is_imported(name):
    """What `get` answers is the last line that Python prints, without a name that is spelled alike."""
    with pytest.raises(ValueError) as answered:
        objectives.get(name)
    answer = str(answered.value).partition(": ")[2]
    for code in (f"from objectives import {name}", f"objectives.{name}"):
        with pytest.raises((ImportError, AttributeError)) as caught:
            exec(code, {"objectives": objectives})
        assert caught.type is (ImportError if code.startswith("from") else AttributeError)
        (printed,) = traceback.format_exception_only(caught.value)
        assert repr(name) in printed and printed.endswith(f": {answer}\n") and "Did you mean" not in printed
    assert not hasattr(objectives, name) and getattr(objectives, name, None) is None


def test_other_names_are_missing_as_in_any_module():
    for name in ("hubber_loss", "__wrapped__", "_f1"):
        assert not hasattr(objectives, name)
        with pytest.raises(ImportError, match=f"cannot import name '{name}'"):
            exec(f"from objectives import {name}")
    from objectives import sampling  # a submodule

    assert inspect.unwrap(objectives) is objectives and inspect.getsource(sampling)
