"""Differentiable losses, element-wise or item-wise, never reduced further."""

from objectives.losses.binary import *
from objectives.losses.categorical import *
from objectives.losses.hinge import *
from objectives.losses.regression import *
