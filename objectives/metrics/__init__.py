"""Measures for evaluation; most have no useful gradient."""

from objectives.metrics.accuracy import *
from objectives.metrics.confusion import *
from objectives.metrics.ranking import *
from objectives.metrics.retrieval import *
from objectives.metrics.retrieval_cutoff import *
