"""Measures for evaluation. Those that count, sort or compare with thresholds have no gradient."""

from objectives.metrics import (
    accuracy,
    agreement,
    areas,
    binary_rates,
    binary_scores,
    calibration,
    clustering,
    confusion,
    correlation,
    curves,
    d2,
    distances,
    medians,
    mutual_information,
    operating_points,
    probabilities,
    ranking,
    rates,
    regression,
    retrieval,
    retrieval_cutoff,
    root_mean_squared_errors,
    scores,
    v_measure,
)
from objectives.metrics.accuracy import *
from objectives.metrics.agreement import *
from objectives.metrics.areas import *
from objectives.metrics.binary_rates import *
from objectives.metrics.binary_scores import *
from objectives.metrics.calibration import *
from objectives.metrics.clustering import *
from objectives.metrics.confusion import *
from objectives.metrics.correlation import *
from objectives.metrics.curves import *
from objectives.metrics.d2 import *
from objectives.metrics.distances import *
from objectives.metrics.medians import *
from objectives.metrics.mutual_information import *
from objectives.metrics.operating_points import *
from objectives.metrics.probabilities import *
from objectives.metrics.ranking import *
from objectives.metrics.rates import *
from objectives.metrics.regression import *
from objectives.metrics.retrieval import *
from objectives.metrics.retrieval_cutoff import *
from objectives.metrics.root_mean_squared_errors import *
from objectives.metrics.scores import *
from objectives.metrics.v_measure import *

__all__: list[str] = []
__all__ += accuracy.__all__
__all__ += agreement.__all__
__all__ += areas.__all__
__all__ += binary_rates.__all__
__all__ += binary_scores.__all__
__all__ += calibration.__all__
__all__ += clustering.__all__
__all__ += confusion.__all__
__all__ += correlation.__all__
__all__ += curves.__all__
__all__ += d2.__all__
__all__ += distances.__all__
__all__ += medians.__all__
__all__ += mutual_information.__all__
__all__ += operating_points.__all__
__all__ += probabilities.__all__
__all__ += ranking.__all__
__all__ += rates.__all__
__all__ += regression.__all__
__all__ += retrieval.__all__
__all__ += retrieval_cutoff.__all__
__all__ += root_mean_squared_errors.__all__
__all__ += scores.__all__
__all__ += v_measure.__all__


def __dir__():
    """What is public; not the modules in which it is defined."""
    return sorted(__all__)
