"""Measures for evaluation; most have no useful gradient."""

from objectives.metrics.accuracy import *
from objectives.metrics.areas import *
from objectives.metrics.binned import *
from objectives.metrics.calibration import *
from objectives.metrics.confusion import *
from objectives.metrics.curves import *
from objectives.metrics.operating_points import *
from objectives.metrics.probabilities import *
