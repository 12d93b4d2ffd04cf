"""Plots of confusion matrices, curves, calibration, learning curves and losses, with matplotlib.

Install it with ``pip install 'pytensor-objectives[plot]'``. The functions take arrays, such as the results of a
validation, draw on ``ax`` or a new figure, and return the matplotlib Axes.
"""

from objectives.plot.confusion import *
from objectives.plot.curves import *
from objectives.plot.learning import *
from objectives.plot.losses import *
