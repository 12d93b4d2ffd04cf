"""compile_validation: what it takes and refuses, batches that fail, states, interruptions and progress."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives import (
    BatchError,
    aggregate,
    aggregate_parts,
    categorical_crossentropy_with_logits,
    compile_validation,
    confusion_matrix,
    labelled,
    squared_error,
)
from objectives.ops.statistics import Rule, joined, statistic

RNG = np.random.default_rng(0)
LOGITS, LABELS = RNG.normal(size=(50, 3)), RNG.integers(0, 3, size=50)
SPLITS = [(LOGITS[part], LABELS[part]) for part in np.split(np.arange(50), [1, 2, 30, 30, 41])]
logits, labels = pt.matrix("logits"), pt.lvector("labels")


def validation_of(measures, inputs=(logits, labels)):
    return compile_validation(inputs, measures)


def of_all(expression):
    """An expression of the inputs, over one batch of everything."""
    return pytensor.function([logits, labels], expression, on_unused_input="ignore")(LOGITS, LABELS)


def check(measures, expected):
    found = validation_of(measures).validate(SPLITS, progress=False)
    assert list(found) == list(measures)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], of_all(value), rtol=1e-13, err_msg=name)


def test_items_pairs_and_expressions():
    losses = categorical_crossentropy_with_logits(logits, labels)
    weights, known = logits[:, 0] ** 2, labelled(labels, 2)
    mean, weighted = aggregate(losses), aggregate(losses, weights, "normalized_sum")
    numerator, denominator = aggregate_parts(losses, mask=known)
    check(
        {
            "items": losses,
            "elements": squared_error(logits, 1.0),
            "weighted": (losses, weights),
            "chosen": (losses, known),
            "aggregated": mean,
            "masked": aggregate(losses, mask=known),
            "sum": aggregate(losses, mode="sum"),
            "perplexity": pt.exp(mean),
            "difference": mean - weighted,
            "parts": numerator / denominator,
            "rows": aggregate(squared_error(logits, 0.0), axis=-1),
            "matrix": confusion_matrix(logits, labels, num_classes=3),
        },
        {
            "items": losses.mean(),
            "elements": squared_error(logits, 1.0).mean(),
            "weighted": weighted,
            "chosen": aggregate(losses, mask=known),
            "aggregated": losses.mean(),
            "masked": aggregate(losses, mask=known),
            "sum": losses.sum(),
            "perplexity": pt.exp(losses.mean()),
            "difference": losses.mean() - weighted,
            "parts": aggregate(losses, mask=known),
            "rows": (logits**2).mean(),
            "matrix": confusion_matrix(logits, labels, num_classes=3),
        },
    )


def test_float32_is_accumulated_in_floatX():
    x = pt.fvector("x")
    validation = validation_of({"mean": x}, [x])
    found = validation.validate([np.full(1000, 0.1, "float32")] * 50, progress=False)["mean"]
    assert found.dtype == "float64"
    np.testing.assert_allclose(found, np.float32(0.1), rtol=1e-15)


def test_measures_that_are_refused():
    losses = categorical_crossentropy_with_logits(logits, labels)
    mean = aggregate(losses)
    for measure, message in (
        (losses.mean(), "'m' is already one number per batch"),
        (pt.constant(1.0), "already one number per batch"),
        (mean + logits.sum(), "depends on the input logits of a batch directly"),
        (aggregate(losses / mean), "depends on another aggregate of the same batch"),
        ((losses, losses, losses), r"a pair \(loss, weights\)"),
        ([losses, losses], r"a pair \(loss, weights\)"),
    ):
        with pytest.raises(TypeError, match=message):
            validation_of({"m": measure})
    step = pytensor.scan(lambda i: aggregate(losses) + i, sequences=pt.arange(2), return_updates=False)
    with pytest.raises(TypeError, match="aggregates inside a loop"):
        validation_of({"m": step})
    for measures, inputs, message in (
        ({"m": losses}, [logits], "'m' depends on labels, which is not among the inputs"),
        ({"m": mean * pt.scalar("other")}, [logits, labels], "depends on other"),
        ({}, [logits, labels], "at least one measure"),
        (losses, [logits, labels], "a dict of at least one measure"),
        ({"m": losses}, [logits, labels, labels], "given twice"),
    ):
        with pytest.raises(ValueError, match=message):
            validation_of(measures, inputs)
    with pytest.raises(TypeError, match="inputs must be a sequence of symbolic variables, not of str"):
        validation_of({"m": losses}, ["logits", labels])
    with pytest.raises(TypeError, match=r"a sequence of symbolic variables: \[logits\], not logits"):
        validation_of({"m": squared_error(logits, 0.0)}, logits)


def test_columns_are_aggregated_over_the_items_of_all_batches():
    errors = squared_error(logits, labels[:, None].astype(logits.dtype))
    known = logits > 0
    means, masked = aggregate(errors, axis=0), aggregate(errors, mask=known, axis=0)
    numerator, denominator = aggregate_parts(errors, errors, "normalized_sum", axis=(0,))
    measures = {
        "means": means,
        "masked": masked,
        "weighted": numerator / denominator,
        "sums": aggregate(errors, mode="sum", axis=0),
        "rows": aggregate(errors, axis=-1),
    }
    check(measures, {**measures, "rows": aggregate(errors)})
    with pytest.raises(TypeError, match="depends on another aggregate of the same batch"):
        validation_of({"m": aggregate(means)})


def test_batches_as_dicts_lists_and_single_arrays():
    measures = {"loss": categorical_crossentropy_with_logits(logits, labels)}
    expected = validation_of(measures).validate(SPLITS, progress=False)
    named = ({"labels": y, "logits": z} for z, y in SPLITS)
    assert validation_of(measures).validate(named, progress=False) == expected
    assert validation_of(measures).validate([(z.tolist(), y.tolist()) for z, y in SPLITS if len(y)], False) == expected
    x = pt.vector("x")
    single = validation_of({"mean": x}, [x])
    assert single.validate([np.ones(3), np.zeros(1)], progress=False) == {"mean": 0.75}
    assert single.validate([[np.ones(3)], {"x": np.zeros(1)}], progress=False) == {"mean": 0.75}


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((LOGITS, LABELS + 1), r"class label 3 at position \(?\d+"),
        ((LOGITS, LABELS[:3]), "shapes"),
        (
            (LOGITS[0], LABELS),
            r"logits must have 2 dimensions, not 1, shape \(3,\): make it a column, logits\[:, None\], or a row",
        ),
        ((LOGITS, LABELS.astype(float)), "labels must be int64, not float64"),
        ((LOGITS,), r"a batch must have 2 arrays, for the inputs \['logits', 'labels'\], but has 1"),
        (
            {"logits": LOGITS, "targets": LABELS},
            r"must have values for the inputs .* not for \['logits', 'targets'\]: give",
        ),
        (None, "a batch must be a sequence or a dict of arrays, not NoneType"),
    ],
)
def test_a_batch_that_fails_leaves_everything_as_it_was(batch, message):
    scores = joined(logits[:, 0])
    measures = {
        "loss": categorical_crossentropy_with_logits(logits, labels),
        "matrix": confusion_matrix(logits, labels, num_classes=3),
        "greatest": statistic(logits.max(), Rule.MAXIMUM),
        "median": pt.sort(scores)[scores.shape[0] // 2],
    }
    validation = validation_of(measures)
    validation.update(SPLITS[2])
    validation.update(SPLITS[4])
    before = validation.state
    with pytest.raises(
        BatchError, match=rf"batch 2 was rejected; the accumulated state is unchanged: .*{message}"
    ) as raised:
        validation.update(batch)
    assert raised.value.batch == 2 and raised.value.__cause__ is not None
    assert validation.batches == 2
    for name, array in validation.state.items():
        np.testing.assert_array_equal(array, before[name])
    with pytest.raises(BatchError, match="batch 1 "):
        validation.validate([SPLITS[2], batch, SPLITS[4]], progress=False)
    validation.update(SPLITS[4])
    assert validation.batches == 2 and np.isfinite(validation.result()["loss"])


def test_columns_may_not_change():
    columns = statistic(logits.max(axis=0), Rule.MAXIMUM)
    validation = validation_of({"greatest": columns}, [logits])
    validation.update(LOGITS[:, :1])
    with pytest.raises(BatchError, match="same number of columns"):
        validation.update(LOGITS)
    assert validation.result()["greatest"].shape == (1,)
    validation.reset()
    validation.update(LOGITS)
    for wrong in (LOGITS[:, :2], LOGITS[:, :1]):
        with pytest.raises(BatchError, match="same number of columns"):
            validation.update(wrong)
    other = validation_of({"greatest": columns}, [logits])
    other.update(LOGITS[:, :1])
    with pytest.raises(ValueError, match="shape"):
        validation.merge(other.state)


def test_parameters_are_those_at_the_time():
    """A model that goes on learning is validated as it is, not as it was when compiled."""
    w = pytensor.shared(1.0)
    x = pt.vector("x")
    validation = validation_of({"mean": w * x}, [x])
    assert validation.validate([np.array([1.0, 3.0])], progress=False)["mean"] == 2
    w.set_value(10.0)
    assert validation.validate([np.array([1.0, 3.0])], progress=False)["mean"] == 20
