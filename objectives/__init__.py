"""Loss functions, evaluation measures and their aggregation for PyTensor."""

from objectives import distributed as distributed
from objectives import plot as plot
from objectives import rewriting as rewriting
from objectives.aggregation import *
from objectives.dispatch import c as _c  # noqa: F401  (imported for its rewrites)
from objectives.dispatch import load_kernels_with_backends as _load_kernels_with_backends
from objectives.evaluation import *
from objectives.lookup import *
from objectives.losses import *
from objectives.metrics import *
from objectives.version import __version__ as __version__

_load_kernels_with_backends()
