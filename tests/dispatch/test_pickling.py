"""Compiled functions of our Ops are pickled and copied, on every backend, and so are validations."""

import copy
import pickle
from importlib.util import find_spec

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import ALL, mode, uncompiled
from pytensor.compile.mode import Mode, get_mode

from objectives import compile_validation, roc_auc_score
from objectives.ops.confusion import ConfusionCounts
from objectives.ops.contingency import best_assignment
from objectives.ops.counting import EntryCount
from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient
from objectives.ops.ctc import CTC
from objectives.ops.labels import best_class, binary_target, is_class, named_class, pick_class, place_class
from objectives.ops.margin import MulticlassHinge, MulticlassHingeGradient
from objectives.ops.projection import simplex_threshold
from objectives.ops.ranking import even_max, label_rank
from objectives.ops.sorting import WeightedQuantile, pair_order, weighted_rank
from objectives.ops.thresholds import CountsAbove, PairsInOrder
from objectives.ops.triangular import triangular_solve

X, V, W = np.eye(3, dtype="float32"), np.array([0.3, 0.1, 0.2], "float32"), np.ones(3, "float32")
Y = np.array([0, 1, 2])
BITS = np.array([0, 1, 1])
OPS = {
    "best_assignment": (best_assignment, [X]),
    "best_class": (best_class, [X]),
    "binary_target": (binary_target, [BITS]),
    "confusion_counts": (ConfusionCounts(num_rows=3, num_columns=3), [Y, Y, W]),
    "counts_above": (CountsAbove(num_classes=2), [V, BITS, W]),
    "crossentropy": (SoftmaxCrossentropy(), [X, Y]),
    "crossentropy_gradient": (SoftmaxCrossentropyGradient(), [X, Y, W, W]),
    "ctc": (lambda *inputs: CTC(blank=0)(*inputs)[0], [X[None], Y[None, 1:], Y[:1] + 3, Y[:1] + 2]),
    "entry_count": (EntryCount(axis=(0,)), [X]),
    "even_max": (even_max, [X]),
    "hinge": (lambda *inputs: MulticlassHinge(options=("delta",))(*inputs), [X, Y, W]),
    "hinge_gradient": (lambda *inputs: MulticlassHingeGradient(options=("delta",))(*inputs), [X, Y, W, W]),
    "is_class": (is_class, [Y, X]),
    "label_rank": (label_rank, [X, Y]),
    "named_class": (named_class, [X]),
    "pair_order": (pair_order, [V, V, W]),
    "pairs_in_order": (PairsInOrder(num_classes=3, by_class=False), [X, Y, W]),
    "pick_class": (pick_class, [X, Y]),
    "place_class": (place_class, [W, Y, X]),
    "simplex_threshold": (simplex_threshold, [X]),
    "triangular_solve": (triangular_solve, [X, V]),
    "weighted_quantile": (WeightedQuantile(q=0.5), [V[:, None], W[:, None]]),
    "weighted_rank": (weighted_rank, [V, W]),
}
COPIES = {
    "pickle": lambda f: pickle.loads(pickle.dumps(f)),
    "deepcopy": copy.deepcopy,
    "copy": lambda f: f.copy(),
}
if find_spec("cloudpickle"):
    import cloudpickle

    COPIES["cloudpickle"] = lambda f: pickle.loads(cloudpickle.dumps(f))


def check(name, chosen):
    op, arrays = OPS[name]
    inputs = [pt.tensor(dtype=a.dtype, shape=(None,) * a.ndim) for a in arrays]
    function = pytensor.function(inputs, op(*inputs), mode=chosen, on_unused_input="ignore")
    expected = np.asarray(function(*arrays))
    for how, made in COPIES.items():
        np.testing.assert_array_equal(np.asarray(made(function)(*arrays)), expected, err_msg=how)


@pytest.mark.needs("torch")
@pytest.mark.parametrize("name", OPS)
def test_pytorch(name):
    """With a linker of its own, since PyTensor's holds the local functions of all that it has compiled (3.0.7)."""
    from pytensor.link.pytorch.linker import PytorchLinker

    with uncompiled("PYTORCH"):
        check(name, Mode(PytorchLinker(), get_mode("PYTORCH").provided_optimizer))


@pytest.mark.backends
@pytest.mark.parametrize("backend", ALL)
def test_others(backend):
    with uncompiled(backend):
        check("pick_class", mode(backend))


@pytest.mark.needs("torch")
def test_a_validation_is_known_by_the_name_of_its_mode():
    x = pt.vector("x")
    with uncompiled("PYTORCH"):
        validation = compile_validation([x], {"auc": roc_auc_score(x, x > 0.5)}, mode=get_mode("PYTORCH"))
        validation.update([np.array([0.2, 0.7])])
        assert pickle.loads(pickle.dumps(validation)).result() == {"auc": 1}
