"""Measures for evaluation; most have no useful gradient."""

from objectives.metrics.accuracy import *
from objectives.metrics.agreement import *
from objectives.metrics.areas import *
from objectives.metrics.binary_rates import *
from objectives.metrics.binary_scores import *
from objectives.metrics.binned import *
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
from objectives.metrics.scores import *
