"""Validation says nothing that it does not know: no batch, batches of which nothing counts, and masks of losses."""

import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from sklearn.metrics import f1_score as sklearn_f1_score
from test_evaluation import LABELS, LOGITS, SPLITS, labels, logits, validation_of

from objectives import (
    adjusted_rand_score,
    aggregate,
    aggregate_parts,
    binary_accuracy,
    binary_f1_score,
    brier_score,
    categorical_accuracy,
    categorical_crossentropy_with_logits,
    confusion_matrix,
    exact_match,
    f1_score,
    multiclass_hinge_loss,
    mutual_info_score,
    ndcg_score,
    one_vs_all_hinge_loss,
    r2_score,
    roc_auc_score,
    squared_error,
)

mask = pt.vector("mask", dtype="bool")
INPUTS = logits, labels, mask
MASKS = [np.arange(len(y)) % 2 == 0 for _, y in SPLITS]
MASK = np.concatenate(MASKS)
MASKED = [(*batch, m) for batch, m in zip(SPLITS, MASKS, strict=True)]
NOTHING = [(*batch, np.zeros_like(m)) for batch, m in zip(SPLITS, MASKS, strict=True)]
errors = squared_error(logits[:, 0], 1.0, mask=mask)
indices = pt.argmax(logits, axis=-1)


@pytest.mark.parametrize("batches", [[], iter(())], ids=["list", "generator"])
def test_no_batch_has_no_value(batches):
    validation = validation_of(
        {"mse": squared_error(logits, 0.0), "matrix": confusion_matrix(logits, labels, num_classes=3)}
    )
    for give, hint in (
        (
            lambda: validation.validate(batches, progress=False),
            "the stream had none, and a generator can be used only once",
        ),
        (validation.result, "call update first"),
    ):
        with pytest.raises(ValueError, match=rf"no batch was added, so .* no value of \['mse', 'matrix'\]: {hint}"):
            give()


def test_a_progress_bar_shows_no_value_of_nothing(capsys, monkeypatch):
    monkeypatch.setattr("objectives._progress.REFRESH", 0)
    with pytest.raises(ValueError, match="nothing counts"):
        validation_of({"mse": (squared_error(logits[:, 0], 0.0), mask)}, [logits, mask]).validate(
            [(LOGITS, ~MASK & MASK)]
        )
    assert "mse=nan" in capsys.readouterr().err


ALONE = {
    "masked": aggregate(errors, mask=mask),
    "pair": (errors, mask),
    "weighted": (errors, mask * 2.0),
    "normalized": aggregate(errors, mask.astype("float64"), "normalized_sum"),
    "expression": pt.exp(aggregate(errors, mask=mask)),
    "columns": aggregate(squared_error(logits, 0.0), mask=mask[:, None], axis=0),
    "accuracy": categorical_accuracy(logits, labels, mask=mask),
    "f1": f1_score(logits, labels, num_classes=3, mask=mask),
    "binary": binary_f1_score(logits[:, 0], labels > 0, mask=mask),
    "rand": adjusted_rand_score(indices, labels, num_clusters=3, mask=mask),
    "information": mutual_info_score(indices, labels, num_clusters=3, mask=mask),
}


@pytest.mark.parametrize("name", ALONE)
def test_nothing_that_counts_has_no_value(name):
    used = [v for v in INPUTS if v in set(pytensor.graph.traversal.ancestors(np.ravel(ALONE[name]).tolist()))]
    batches = [[batch[INPUTS.index(v)] for v in used] for batch in NOTHING]
    validation = validation_of({name: ALONE[name]}, used)
    with pytest.raises(ValueError, match=rf"nothing counts in any batch, .* no value of \['{name}'\]"):
        validation.validate(batches, progress=False)
    validation.update([batch[INPUTS.index(v)] for v in used for batch in MASKED[2:3]])
    assert np.isfinite(validation.result()[name]).all()


def test_of_several_measures_those_of_which_nothing_counts_are_nan():
    some = {"loss": squared_error(logits, 0.0), "matrix": confusion_matrix(logits, labels, num_classes=3, mask=mask)}
    known = {"r2": r2_score(logits[:, 0], labels, mask=mask), "auc": roc_auc_score(logits[:, 0], labels > 0, mask=mask)}
    found = validation_of({**ALONE, **known, **some}, INPUTS).validate(NOTHING, progress=False)
    assert found["loss"] == pytest.approx(np.mean(LOGITS**2)) and (found["matrix"] == 0).all()  # a sum of nothing is 0
    for name in {**ALONE, **known}:
        assert np.isnan(found[name]).all(), name
    # what is NaN already is a value
    assert np.isnan(validation_of({"mse": squared_error(logits, np.nan)}, [logits]).validate([[LOGITS]], False)["mse"])


def test_a_column_of_which_nothing_counts_is_nan():
    columns = aggregate(squared_error(logits, 0.0), mask=mask[:, None] & (pt.arange(3) > 0), axis=0)
    found = validation_of({"columns": columns}, [logits, mask]).validate([(LOGITS, MASK)], progress=False)["columns"]
    np.testing.assert_allclose(found, [np.nan, *(LOGITS[MASK, 1:] ** 2).mean(axis=0)])


def test_training_goes_on_where_nothing_counts():
    loss = aggregate(errors, mask=mask)
    nothing = {logits: LOGITS, mask: np.zeros(50, bool)}
    assert loss.eval(nothing) == 0 and (pytensor.grad(loss, logits).eval(nothing) == 0).all()
    score = f1_score(logits, labels, num_classes=3, mask=mask)
    assert score.eval({**nothing, labels: LABELS}) == 0
    assert sklearn_f1_score(LABELS[MASK], LOGITS[MASK].argmax(axis=1), average="macro") == pytest.approx(
        score.eval({logits: LOGITS, labels: LABELS, mask: MASK})
    )


# Measures that were given a mask, their arrays without it, and whether they are of items


def of_items(measure, *, like=None):
    values = pytensor.function([logits, labels, mask], measure, on_unused_input="ignore")(LOGITS, LABELS, MASK)
    return values[np.broadcast_to(MASK if like is None else like, values.shape)].mean()


crossentropy = categorical_crossentropy_with_logits(logits, labels, mask=mask)
GIVEN_A_MASK = {
    "accuracy": categorical_accuracy(logits, labels, mask=mask),
    "crossentropy": crossentropy,
    "hinge": multiclass_hinge_loss(logits, labels, mask=mask),
    "brier": brier_score(pt.special.softmax(logits, axis=-1), labels, mask=mask),
    "exact": exact_match(logits, pt.gt(logits, 0.3), mask=mask),
    "binary": binary_accuracy(logits[:, 0], labels > 0, mask=mask),
    "float32": errors.astype("float32"),
    "expression": 1 - 2 * crossentropy**2,
    "sum": crossentropy + errors,
    "weighted": (crossentropy, mask),
}


@pytest.mark.parametrize("name", GIVEN_A_MASK)
def test_the_mask_of_a_loss_is_taken(name):
    measure = GIVEN_A_MASK[name]
    expected = of_items(measure[0] if isinstance(measure, tuple) else measure)
    used = [v for v in INPUTS if v in set(pytensor.graph.traversal.ancestors(np.ravel(measure).tolist()))]
    batches = [[batch[INPUTS.index(v)] for v in used] for batch in MASKED]
    found = validation_of({name: measure}, used).validate(batches, progress=False)[name]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_mask_of_elements_and_of_moved_classes_is_taken():
    elements = pt.matrix("elements", dtype="bool")
    chosen = LOGITS > 0
    found = validation_of({"m": squared_error(logits, 1.0, mask=elements)}, [logits, elements])
    np.testing.assert_allclose(found.validate([(LOGITS, chosen)], False)["m"], ((LOGITS - 1) ** 2)[chosen].mean())
    loss = one_vs_all_hinge_loss(logits.T, labels, axis=0, mask=mask)
    found = validation_of({"m": loss}, INPUTS).validate(MASKED, progress=False)["m"]
    np.testing.assert_allclose(found, of_items(loss))


def test_weights_besides_the_mask():
    weights = logits[:, 1] ** 2
    found = validation_of({"m": (crossentropy, weights)}, INPUTS).validate(MASKED, progress=False)["m"]
    losses = pytensor.function([*INPUTS], crossentropy)(LOGITS, LABELS, MASK)[MASK]
    np.testing.assert_allclose(found, np.average(losses, weights=LOGITS[MASK, 1] ** 2))


def test_a_mask_that_cannot_be_taken_is_refused():
    other = pt.vector("other", dtype="bool")
    for measure in (
        crossentropy[1:],
        crossentropy.reshape((-1, 1)),
        errors[:, None] + squared_error(logits, 0.0),
        crossentropy + squared_error(logits[:, 0], 0.0, mask=other),
    ):
        with pytest.raises(TypeError, match=r"'m' .* were given a mask.* \(losses, mask\)"):
            validation_of({"m": measure}, [*INPUTS, other])
    found = validation_of({"m": (crossentropy[1:], mask[1:])}, INPUTS).validate([MASKED[2]], progress=False)["m"]
    assert found > 0


def test_the_mean_over_masked_entries_warns():
    for loss in GIVEN_A_MASK.values():
        if not isinstance(loss, tuple):
            with pytest.warns(
                UserWarning, match=r"mean is taken over all entries.*aggregate\(loss, mask=mask\)"
            ) as caught:
                aggregate(loss)
            assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="mean is taken over all entries") as caught:
        aggregate_parts(crossentropy)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="mean is taken over all entries"):
        aggregate(crossentropy[:, None], axis=-1)


def test_no_warning_where_the_mean_is_meant():
    elements = squared_error(logits, 1.0, mask=mask[:, None])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aggregate(crossentropy, mask=mask)
        aggregate(crossentropy, mode="sum")
        aggregate(crossentropy, mask.astype("float64"), "normalized_sum")
        aggregate(crossentropy, normalizer=mask.sum())
        aggregate(elements.sum(axis=-1))  # one number for each row, all of which count
        aggregate(crossentropy[mask.nonzero()])
        aggregate(ndcg_score(logits, pt.abs(logits), mask=logits > 0))  # entries of lists
        aggregate(aggregate(elements, mask=mask[:, None], axis=-1))
        validation_of({"a": crossentropy, "b": (crossentropy, mask), "c": elements}, INPUTS)
