"""Measures for evaluation; most have no useful gradient."""

from objectives.metrics.accuracy import *
from objectives.metrics.confusion import *
