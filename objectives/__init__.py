"""Loss functions, evaluation measures and their aggregation for PyTensor.

A loss takes predictions and targets, symbolic or arrays, and returns one number for each element or item. `aggregate`
reduces them to one number, for `pytensor.grad`:

    >>> import pytensor
    >>> import pytensor.tensor as pt
    >>> from objectives import aggregate, categorical_crossentropy_with_logits
    >>> logits, labels = pt.matrix("logits"), pt.lvector("labels")
    >>> losses = categorical_crossentropy_with_logits(logits, labels)
    >>> loss = aggregate(losses)
    >>> train = pytensor.function([logits, labels], [loss, pytensor.grad(loss, logits)])

Element-wise losses keep the shape of the predictions (`squared_error`, `binary_crossentropy`). Item-wise losses reduce
the axis of classes or features, by default the last (`categorical_crossentropy`, `cosine_similarity`). Every loss takes
``mask``, a boolean tensor that is True where an entry counts; the rest is exactly 0, in value and gradient, whatever it
holds. Give the same mask to `aggregate`, and weights if needed:

    >>> mask = pt.neq(labels, -1)
    >>> losses = categorical_crossentropy_with_logits(logits, labels, mask=mask)
    >>> loss = aggregate(losses, mask=mask)

Measures such as `categorical_accuracy` and `roc_auc_score` are for evaluation. `compile_validation` computes exact
measures and losses over any number of batches:

    >>> from objectives import compile_validation, f1_score
    >>> measures = {"loss": (losses, mask), "F1": f1_score(logits, labels, num_classes=3, mask=mask)}
    >>> validation = compile_validation([logits, labels], measures)

Where to look
-------------
objectives.losses
    The loss functions.
objectives.metrics
    The evaluation measures.
objectives.plot
    Plots of losses, curves, confusion matrices and training.
objectives.distributed
    Validation on a cluster, with Dask.
objectives.xtensor
    The same for tensors whose dims have names; imported when it is asked for.
log_uniform_candidates, uniform_candidates, unigram_candidates, Candidates
    Random classes for losses of sampled classes.
aggregate, aggregate_parts, labelled, align_targets
    Reducing losses to one number; masks of missing labels.
compile_validation, Validation, BatchError, CompilationError
    Measures over batches.
names, get, facts
    Functions by name, for configuration files, and their facts: ranges, symmetry, convexity, minimizer.
"""

import sys as _sys
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from objectives import distributed, losses, metrics, plot
from objectives import rewriting as _rewriting  # noqa: F401  (imported for its rewrites)
from objectives._foreign import refused_name as _refused_name
from objectives.aggregation import aggregate, aggregate_parts, align_targets, labelled
from objectives.dispatch import c as _c  # noqa: F401  (imported for its rewrites)
from objectives.dispatch import load_kernels_with_backends as _load_kernels_with_backends
from objectives.evaluation import BatchError, CompilationError, Validation, compile_validation
from objectives.lookup import Facts, Range, facts, get, names
from objectives.losses import *
from objectives.metrics import *
from objectives.mistakes import MistakeWarning
from objectives.sampling import Candidates, log_uniform_candidates, uniform_candidates, unigram_candidates
from objectives.version import __version__ as __version__

__all__ = [
    "BatchError",
    "Candidates",
    "CompilationError",
    "Facts",
    "MistakeWarning",
    "Range",
    "Validation",
    "aggregate",
    "aggregate_parts",
    "align_targets",
    "compile_validation",
    "distributed",
    "facts",
    "get",
    "labelled",
    "log_uniform_candidates",
    "losses",
    "metrics",
    "names",
    "plot",
    "uniform_candidates",
    "unigram_candidates",
]
__all__ += losses.__all__
__all__ += metrics.__all__

_load_kernels_with_backends()


if _TYPE_CHECKING:
    from objectives import xtensor as xtensor
else:

    def __getattr__(name):
        """The module of named dims, imported when it is asked for; what to write for names of other libraries."""
        if name == "xtensor":
            return _import_module("objectives.xtensor")
        raise _refused_name(name, _sys._getframe(1))


def __dir__() -> list[str]:
    """The public names, without the modules that define them."""
    return sorted([*__all__, "__version__"])
