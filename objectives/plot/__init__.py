"""Pictures of what was measured, and of losses themselves, with matplotlib: ``pip install 'objectives[plot]'``.

The functions take arrays, such as a validation function returns, draw on ``ax`` or on a new figure, and return the
Axes, on which all of matplotlib goes on.
"""

from objectives.plot.confusion import *
from objectives.plot.curves import *
from objectives.plot.learning import *
from objectives.plot.losses import *
