"""Differentiable losses, one number for each element or item; a few are one number for a whole batch."""

from objectives.losses import (
    adaptive,
    angular,
    binary,
    categorical,
    contrastive,
    counts,
    crps,
    deviance,
    divergence,
    embedding,
    focal,
    gaussian_mixture,
    heteroscedastic,
    hinge,
    likelihood,
    linear,
    lovasz,
    multiclass_hinge,
    multivariate,
    noisy_labels,
    overlap,
    percentage,
    quantile,
    ranking,
    regression,
    sampled,
    sequence,
    similarity,
    sparsemax,
    variational,
)
from objectives.losses.adaptive import *
from objectives.losses.angular import *
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
from objectives.losses.linear import *
from objectives.losses.lovasz import *
from objectives.losses.multiclass_hinge import *
from objectives.losses.multivariate import *
from objectives.losses.noisy_labels import *
from objectives.losses.overlap import *
from objectives.losses.percentage import *
from objectives.losses.quantile import *
from objectives.losses.ranking import *
from objectives.losses.regression import *
from objectives.losses.sampled import *
from objectives.losses.sequence import *
from objectives.losses.similarity import *
from objectives.losses.sparsemax import *
from objectives.losses.variational import *

__all__: list[str] = []
__all__ += adaptive.__all__
__all__ += angular.__all__
__all__ += binary.__all__
__all__ += categorical.__all__
__all__ += contrastive.__all__
__all__ += counts.__all__
__all__ += crps.__all__
__all__ += deviance.__all__
__all__ += divergence.__all__
__all__ += embedding.__all__
__all__ += focal.__all__
__all__ += gaussian_mixture.__all__
__all__ += heteroscedastic.__all__
__all__ += hinge.__all__
__all__ += likelihood.__all__
__all__ += linear.__all__
__all__ += lovasz.__all__
__all__ += multiclass_hinge.__all__
__all__ += multivariate.__all__
__all__ += noisy_labels.__all__
__all__ += overlap.__all__
__all__ += percentage.__all__
__all__ += quantile.__all__
__all__ += ranking.__all__
__all__ += regression.__all__
__all__ += sampled.__all__
__all__ += sequence.__all__
__all__ += similarity.__all__
__all__ += sparsemax.__all__
__all__ += variational.__all__


def __dir__():
    """What is public; not the modules in which it is defined."""
    return sorted(__all__)
