"""What a user may get wrong: each is an error that names the argument and the fix, or a documented result."""

import re
from functools import partial
from inspect import Parameter, signature

import numpy as np
import pytensor.tensor as pt
import pytest

import objectives
from objectives import (
    aggregate,
    binary_accuracy,
    binary_crossentropy,
    binary_crossentropy_with_logits,
    binary_hinge_loss,
    categorical_accuracy,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    huber_loss,
    multiclass_hinge_loss,
    squared_error,
)

ELEMENTWISE = [
    binary_crossentropy,
    binary_crossentropy_with_logits,
    squared_error,
    huber_loss,
    partial(binary_hinge_loss, log_odds=True),
    binary_accuracy,
]
CLASSWISE = [
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    multiclass_hinge_loss,
    categorical_accuracy,
]
each_elementwise = pytest.mark.parametrize("function", ELEMENTWISE)
each_classwise = pytest.mark.parametrize("function", CLASSWISE)


def first_arguments(function):
    return tuple(signature(function).parameters)[:2]


@pytest.mark.parametrize("name", objectives.names())
def test_errors_name_the_arguments_of_the_signature(name):
    """A matrix does not go with a vector; the error that says so names what the caller gave."""
    parameters = signature(objectives.get(name)).parameters
    data = [p for p in parameters if parameters[p].default is Parameter.empty and p != "noise"]
    others = {p: 1.0 if p == "data_range" else pt.matrix() for p in data[2:]}
    if "noise" in parameters:
        others["noise"] = pt.tensor3()
    if "log_odds" in parameters:
        others["log_odds"] = True
    # an ensemble has an axis more than its targets
    second = pt.dmatrix() if name in ("crps_ensemble", "ensemble_crps") else pt.dvector()
    with pytest.raises((TypeError, ValueError)) as error:
        objectives.get(name)(pt.dmatrix(), second, **others)
    words = set(re.findall(r"\w+", str(error.value)))
    assert words & set(parameters), error.value
    foreign = {"predictions", "targets", "logits"} - set(parameters)
    assert not words & foreign, error.value


@each_elementwise
def test_ranks_must_agree(function):
    first, second = first_arguments(function)
    with pytest.raises(
        TypeError, match=rf"rank mismatch between {second} \(\?,\) and {first} \(\?, \?\).*{second}\[:, None\]"
    ):
        function(pt.matrix(), pt.vector())
    with pytest.raises(TypeError, match="rank mismatch"):
        function(pt.vector(), pt.col())
    assert function(pt.col(), pt.vector()).type.shape == (None, 1)
    assert function(pt.matrix(), 1).ndim == 2, "a number goes with everything"


@each_elementwise
def test_shapes_must_agree(function):
    first, second = first_arguments(function)
    with pytest.raises(TypeError, match=rf"shape mismatch between {second} \(4,\) and {first} \(3,\)"):
        function(np.zeros(3), np.zeros(4))
    with pytest.raises(TypeError, match="larger than both"):
        function(pt.col(), pt.row())


@each_elementwise
def test_masks_must_fit(function):
    with pytest.raises(TypeError, match=r"mask must be boolean .* not int8.*pt\.neq\(mask, 0\)"):
        function(pt.vector(), pt.vector(), mask=pt.bvector())
    with pytest.raises(TypeError, match=r"rank mismatch between mask \(\?,\)"):
        function(pt.matrix(), pt.matrix(), mask=pt.vector(dtype="bool"))
    with pytest.raises(TypeError, match=r"mask .* would enlarge"):
        function(pt.row(), pt.row(), mask=pt.tensor(shape=(4, None), dtype="bool"))
    with pytest.raises(TypeError, match=rf"mask \(\?,\) would enlarge the {first_arguments(function)[0]} \(\)"):
        function(pt.scalar(), 0, mask=pt.vector(dtype="bool"))
    assert function(pt.matrix(), pt.matrix(), mask=True).ndim == 2
    assert function(pt.matrix(), pt.matrix(), mask=pt.col(dtype="bool")).ndim == 2


@each_classwise
def test_rank_of_class_targets(function):
    for targets in (pt.ltensor3(), pt.lscalar()):
        with pytest.raises(TypeError, match=f"rank mismatch between targets and {first_arguments(function)[0]}"):
            function(pt.matrix(), targets)
    with pytest.raises(TypeError, match="class axis"):
        function(pt.scalar(), 0)


@each_classwise
def test_class_indices_are_integers(function):
    with pytest.raises(TypeError, match=r"class indices must be integers, not float64.*astype\('int64'\)"):
        function(pt.matrix(), pt.vector())


@each_classwise
def test_class_targets_of_another_shape(function):
    with pytest.raises(TypeError, match=r"one entry on the class axis.*targets\[\.\.\., 0\]"):
        function(pt.matrix(), pt.lcol())
    with pytest.raises(
        TypeError, match=r"shape mismatch between integer targets \(4,\) and (predictions|logits) \(3, 2\).* axis -1"
    ):
        function(np.zeros((3, 2)), [0, 1, 1, 0])
    with pytest.raises(TypeError, match="shape mismatch between targets"):
        function(np.zeros((3, 2)), np.zeros((3, 4)))


@each_classwise
def test_classes_on_another_axis(function):
    images, labels = np.zeros((4, 3, 8, 8)), np.zeros((4, 8, 8), int)
    with pytest.raises(TypeError, match=r"\(4, 8, 8\) and \w+ \(4, 3, 8, 8\).* axis -1.* give axis=1$"):
        function(images, labels)
    with pytest.raises(TypeError, match=r"without it they must have the same shape$"):
        function(images, np.zeros((4, 9, 9), int))


@pytest.mark.parametrize("function", [objectives.roc_auc_score, objectives.log_auc, objectives.precision_recall_curve])
def test_scores_and_labels_that_are_swapped(function):
    truth, scores = [0, 1, 1], [0.2, 0.7, 0.9]
    for given in (truth, np.array(truth, bool)):
        with pytest.raises(TypeError, match=r"predictions are \w+ and targets float64: are .* swapped\?.*astype"):
            function(given, scores)
    with pytest.raises(
        IndexError, match=r"target 0\.2 at .* is neither 0 nor 1\. Are predictions and targets swapped\?"
    ):
        function(np.array(truth, float), scores).eval()
    with pytest.raises(IndexError, match=r"target -1 at .* is neither 0 nor 1\. Leave"):
        function(scores, [-1, 1, 1]).eval()
    function(truth, truth), function(scores, truth)


def test_axes_that_are_not_there():
    with pytest.raises(np.exceptions.AxisError, match=r"axis=5 is outside the loss \(\?, \?\): give -2 to 1"):
        aggregate(pt.matrix(), axis=5)
    with pytest.raises(np.exceptions.AxisError, match=r"axis=-3 is outside predictions \(\?, \?\): give -2 to 1"):
        categorical_crossentropy(pt.matrix(), pt.lvector(), axis=-3)
    with pytest.raises(TypeError, match="axis must be an integer or a tuple of integers, not 'rows'"):
        aggregate(pt.matrix(), axis="rows")
    with pytest.raises(ValueError, match="repeated axis"):
        aggregate(pt.matrix(), axis=(0, -2))


@each_elementwise
def test_a_column_of_labels(function):
    for targets in (pt.lcol(), pt.tensor(shape=(None, 1), dtype="uint8")):
        with pytest.raises(TypeError, match=r"\w+ \(\?, 1\) are integers.*categorical_crossentropy.*\[\.\.\., 0\]"):
            function(np.zeros((3, 4)), targets)
    assert function(np.zeros((3, 4)), pt.dcol()).type.shape == (3, 4), "float columns go with all"
    assert function(np.zeros((3, 4)), pt.lrow()).type.shape == (3, 4)
    assert function(pt.col(), pt.lcol()).type.shape == (None, 1)
    p, y = pt.dmatrix(), pt.lcol()
    loss = function(p, y)
    np.testing.assert_array_equal(loss.eval({p: [[0.25]], y: [[1]]}), function([[0.25]], [[1]]).eval())
    with pytest.raises(Exception, match=r"[Ss]hape|broadcast"):
        loss.eval({p: [[0.25, 0.5]], y: [[1]]})


@each_classwise
def test_masks_of_items(function):
    for mask in (pt.matrix(dtype="bool"), np.ones((2, 3), bool)):
        with pytest.raises(TypeError, match=r"rank mismatch between mask.*mask\.all\(axis=-1\)"):
            function(np.zeros((2, 3)), [0, 1], mask=mask)


def test_a_mask_of_elements_for_exact_matches():
    p, t, mask = np.eye(2), np.eye(2), np.array([[True, False], [True, True]])
    with pytest.raises(TypeError, match=r"mask\.all\(axis=-1\)"):
        objectives.exact_match(p, t, mask=mask)
    np.testing.assert_array_equal(objectives.exact_match(p, t, mask=mask.all(axis=-1)).eval(), [0, 1])


@pytest.mark.parametrize("function", [*ELEMENTWISE[:2], huber_loss, *CLASSWISE[:3]])
def test_swapped_arguments(function):
    with pytest.raises(TypeError, match=r"floating-point numbers, not int64\. Are the arguments swapped\?"):
        function(pt.lmatrix(), pt.matrix())


def test_swapped_indices_and_scores():
    with pytest.raises(TypeError, match="rank mismatch"):
        categorical_accuracy(pt.lvector(), pt.matrix())


def test_other_remedies():
    images = pt.tensor4()
    with pytest.raises(TypeError, match=r"pos_weight \(3, 1, 1\) must be .* pos_weight\[None\]"):
        binary_crossentropy_with_logits(images, images, pos_weight=np.ones((3, 1, 1)))
    assert binary_crossentropy_with_logits(images, images, pos_weight=np.ones((3, 1, 1))[None]).ndim == 4
    for wrong in (None, "nan", [1, 2], True):
        with pytest.raises(TypeError, match="missing_value must be one number, such as NaN or -9999, not"):
            objectives.labelled(pt.vector(), wrong)


def test_hyperparameters():
    with pytest.raises(ValueError, match="delta must be positive"):
        huber_loss(pt.vector(), pt.vector(), delta=0)
    for delta in (np.float32(-1), np.array(0), pt.constant(-3.0)):
        with pytest.raises(ValueError, match="delta must be positive"):
            huber_loss(pt.vector(), pt.vector(), delta=delta)
    for smoothing in (-0.1, 1.5):
        with pytest.raises(ValueError, match="label_smoothing must be between 0 and 1"):
            categorical_crossentropy_with_logits(pt.matrix(), pt.lvector(), label_smoothing=smoothing)
        with pytest.raises(ValueError, match="label_smoothing must be between 0 and 1"):
            binary_crossentropy(pt.matrix(), pt.matrix(), label_smoothing=smoothing)
    with pytest.raises(TypeError, match="class_weights must be a vector"):
        categorical_crossentropy(pt.matrix(), pt.lvector(), class_weights=pt.matrix())
    with pytest.raises(TypeError, match=r"class_weights \(3,\) and classes \(2,\)"):
        categorical_crossentropy(np.eye(2), [0, 1], class_weights=[1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="rank mismatch between pos_weight"):
        binary_crossentropy(pt.vector(), pt.vector(), pos_weight=pt.matrix())
    for wrong in (np.float32(2), np.array(1.5), pt.constant(3.0)):
        with pytest.raises(ValueError, match="label_smoothing must be between 0 and 1"):
            categorical_crossentropy_with_logits(pt.matrix(), pt.lvector(), label_smoothing=wrong)
    with pytest.raises(TypeError, match="one number for all"):
        categorical_crossentropy_with_logits(pt.matrix(), pt.lvector(), label_smoothing=np.array([0.1, 0.9]))
    assert categorical_accuracy(np.eye(3), [0, 1, 2], top_k=np.int64(2)).eval().all()
    for top_k in (0, 1.5, True):
        with pytest.raises(ValueError, match=f"top_k must be a whole number of at least 1, not {top_k}"):
            categorical_accuracy(np.eye(3), [0, 1, 2], top_k=top_k)
    with pytest.raises(ValueError, match="top_k must be at most the number of classes, 3, not 4"):
        categorical_accuracy(np.eye(3), [0, 1, 2], top_k=4)
    with pytest.raises(TypeError, match="axis must be an integer, not None"):
        categorical_crossentropy(pt.matrix(), pt.lvector(), axis=None)
    with pytest.raises(ValueError, match="axis=2 is outside"):
        categorical_crossentropy(pt.matrix(), pt.lvector(), axis=2)


@pytest.mark.parametrize("margin", [-1, np.float32(-0.5), np.nan, pt.constant(-2.0)])
def test_margins_are_not_negative(margin):
    """A hinge that opens beyond what is right would call wrong predictions perfect."""
    p, t, y = np.full((2, 3), 0.5), np.ones((2, 3)), [0, 2]
    for build in (
        lambda: binary_hinge_loss(p, t, delta=margin, log_odds=True),
        lambda: multiclass_hinge_loss(p, y, delta=margin),
    ):
        with pytest.raises(ValueError, match=r"delta must be at least 0, not (-[12]\.0|-0\.5|nan)"):
            build()
    for build in (
        lambda: objectives.squared_hinge_loss(p, t, margin=margin),
        lambda: objectives.one_vs_all_hinge_loss(p, y, margin=margin),
        lambda: objectives.multi_margin_loss(p, y, margin=margin),
        lambda: objectives.contrastive_loss(p, t, margin=margin),
        lambda: objectives.hinge_embedding_loss(p, t, margin=margin),
        lambda: objectives.triplet_loss(p, t, t, margin=margin),
        lambda: objectives.triplet_margin_loss(p, t, t, margin=margin),
        lambda: objectives.margin_ranking_loss(p, t, t, margin=margin),
    ):
        with pytest.raises(ValueError, match=r"margin must be at least 0, not (-[12]\.0|-0\.5|nan)"):
            build()


def test_hyperparameters_do_not_enlarge_the_loss():
    column, targets, three = pt.dcol(), pt.dvector(), np.array([1.0, 2.0, 3.0])
    for build in (
        lambda: binary_crossentropy_with_logits(column, targets, pos_weight=three),
        lambda: huber_loss(column, targets, delta=three[:, None].T),
        lambda: binary_accuracy(column, targets, threshold=three[None]),
        lambda: multiclass_hinge_loss(pt.matrix(), pt.lvector(), delta=three[:, None]),
        lambda: binary_hinge_loss(pt.matrix(), pt.matrix(), delta=three, log_odds=True),
    ):
        with pytest.raises(TypeError, match=r"would enlarge the result|larger than both|rank mismatch between delta"):
            build()
    assert huber_loss(pt.matrix(), pt.matrix(), delta=pt.row()).ndim == 2


def test_a_length_that_must_be_1_is_checked_at_run_time():
    """The mask of targets (?, ?) goes with a column of predictions, whose width is known to be 1."""
    p, t = pt.dcol("p"), pt.dmatrix("t")
    loss = squared_error(p, t[:, :1], mask=objectives.labelled(t))
    np.testing.assert_array_equal(loss.eval({p: [[1], [2]], t: [[0], [np.nan]]}), [[1], [0]])
    with pytest.raises(Exception, match=r"[Ss]hape|broadcast"):
        loss.eval({p: [[1], [2]], t: [[0, 1], [np.nan, 1]]})


@pytest.mark.parametrize("weights", [[1.0, 2.0], [1.0, 2.0, 3.0, 4.0]])
def test_class_weights_of_another_length_are_an_error_at_run_time(weights):
    logits, labels, w = pt.matrix(), pt.lvector(), pt.vector()
    loss = categorical_crossentropy_with_logits(logits, labels, class_weights=w)
    with pytest.raises(Exception, match=r"[Bb]roadcast|shape"):
        loss.eval({logits: np.eye(3), labels: [0, 1, 2], w: weights})


def test_hinge_without_log_odds_warns_and_goes_on():
    with pytest.warns(FutureWarning, match="give log_odds=True") as warned:
        loss = binary_hinge_loss(np.array([2.0, 0.5]), [1, 1])
    assert warned[0].filename == __file__
    np.testing.assert_array_equal(loss.eval(), [0, 0.5])


def test_no_remedy_indexes_the_items():
    with pytest.raises(TypeError, match=r"make a vector a column$"):
        categorical_crossentropy_with_logits(pt.tensor3(), pt.lmatrix(), mask=pt.vector(dtype="bool"))
    with pytest.raises(TypeError, match=r"or predictions\[:, 0\] to make a column a vector$"):
        huber_loss(pt.matrix(), pt.vector())


def test_empty_batches_give_0():
    empty = pt.matrix()
    labels = pt.lvector()
    for loss in (
        categorical_crossentropy_with_logits(empty, labels),
        multiclass_hinge_loss(empty, labels),
        categorical_accuracy(empty, labels),
    ):
        assert aggregate(loss).eval({empty: np.zeros((0, 3)), labels: np.zeros(0, "int64")}) == 0


def test_the_names_of_lasagne_are_all_there():
    names = """binary_crossentropy categorical_crossentropy squared_error aggregate binary_hinge_loss
    multiclass_hinge_loss huber_loss binary_accuracy categorical_accuracy align_targets"""
    assert set(names.split()) <= set(dir(objectives))


FLAGS = [
    (name, option.name)
    for name in objectives.names()
    for option in signature(objectives.get(name)).parameters.values()
    if isinstance(option.default, bool)
]


@pytest.mark.parametrize(("name", "option"), FLAGS)
@pytest.mark.parametrize("value", ["no", 1, None])
def test_booleans_are_true_or_false(name, option, value):
    parameters = signature(objectives.get(name)).parameters.values()
    data = {p.name: pt.matrix() for p in parameters if p.default is Parameter.empty}
    with pytest.raises(TypeError, match=rf"^{option} must be True or False, not {value!r}$"):
        objectives.get(name)(**data, **{option: value})


def test_booleans_by_position_and_of_numpy():
    with pytest.raises(TypeError, match=r"^binary must be True or False, not 'no'$"):
        binary_hinge_loss(pt.vector(), pt.vector(), 1, True, "no")
    binary_hinge_loss(pt.vector(), pt.vector(), log_odds=True, binary=np.bool_(False))
    with pytest.raises(TypeError, match=r"^unique must be True or False, not 'no'$"):
        objectives.uniform_candidates(
            pt.lvector(), num_classes=9, num_samples=2, rng=pt.random.type.RandomGeneratorType()(), unique="no"
        )
