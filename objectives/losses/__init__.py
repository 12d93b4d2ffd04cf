"""Differentiable losses, one number for each element or item; a few are one number for a whole batch."""

from objectives.losses.binary import *
from objectives.losses.categorical import *
from objectives.losses.contrastive import *
from objectives.losses.counts import *
from objectives.losses.crps import *
from objectives.losses.deviance import *
from objectives.losses.divergence import *
from objectives.losses.embedding import *
from objectives.losses.focal import *
from objectives.losses.gaussian_mixture import *
from objectives.losses.heteroscedastic import *
from objectives.losses.hinge import *
from objectives.losses.likelihood import *
from objectives.losses.multiclass_hinge import *
from objectives.losses.overlap import *
from objectives.losses.percentage import *
from objectives.losses.quantile import *
from objectives.losses.ranking import *
from objectives.losses.regression import *
from objectives.losses.robust import *
from objectives.losses.sequence import *
from objectives.losses.similarity import *
from objectives.losses.sparsemax import *
from objectives.losses.variational import *
