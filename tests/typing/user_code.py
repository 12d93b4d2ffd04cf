"""User code for a type checker: correct calls, and mistakes marked with the kind of error that it must find."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

import objectives
from objectives import aggregate, aggregate_parts, compile_validation, labelled
from objectives.losses import categorical_crossentropy_with_logits, huber_loss
from objectives.metrics import f1_score, r2_score, roc_auc_score
from objectives.plot import plot_confusion_matrix

Tensor = TensorVariable[Any, Any]
logits, targets = pt.matrix("logits"), pt.vector("targets")
loss: Tensor = pt.vector("loss")

# Correct
mean: Tensor = aggregate(loss)
total: Tensor = aggregate([1.0, 2.0], mode="sum")
weighted: Tensor = aggregate(loss, np.ones(3), "normalized_sum", mask=labelled(targets), axis=-1)
numerator, denominator = aggregate_parts(loss, mask=labelled(targets, -1))
quotient = numerator / denominator
validation = compile_validation([logits, targets], {"loss": (loss, None), "mean": mean}, mode="JAX")
result: dict[str, object] = validation.validate([(np.ones((2, 3)), np.ones(2))], progress=False)
losses: Tensor = categorical_crossentropy_with_logits(logits, [0, 1], class_weights=np.ones(3), axis=1)
errors: Tensor = huber_loss(targets, 0.5, 2.0, mask=labelled(targets))
per_class: Tensor = f1_score(logits, [0, 1], num_classes=3, average=None, weights=[1.0, 2.0])
direction: str | None = objectives.facts("huber_loss").best

# Mistakes
aggregate(loss, mode="average")  # E: arg-type
aggregate(loss, "sum")  # E: arg-type
aggregate(loss, wights=loss)  # E: call-arg
aggregate_parts(loss, mode="sum")  # E: arg-type
labelled(targets, "nan")  # E: arg-type
compile_validation([logits], {1: loss})  # E: dict-item
validation.validate([], progres=False)  # E: call-arg
objectives.facts(1)  # E: arg-type
least = objectives.facts("huber_loss").minimiser  # E: attr-defined
plot_confusion_matrix([[1, 0], [0, 1]], normalize="rows")  # E: arg-type
categorical_crossentropy_with_logits(logits, targets, label_smooting=0.1)  # E: call-arg
huber_loss(logits)  # E: call-arg
f1_score(logits, targets, average="mean")  # E: arg-type
f1_score(logits, targets, zero_division="warn")  # E: arg-type
r2_score(logits, targets, multioutput="average")  # E: arg-type
roc_auc_score(targets, targets, mask="all")  # E: arg-type
