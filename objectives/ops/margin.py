"""The multi-class hinge loss of Crammer and Singer."""

import numpy as np

from objectives.ops.itemwise import ItemGradient, ItemLoss
from objectives.ops.labels import is_class, pick_class
from objectives.ops.ranking import even_max
from objectives.ops.selection import relu, select, where


class MulticlassHinge(ItemLoss):
    r"""Hinge loss of scores z: :math:`\max(0, \max_{j \ne y_i} z_{ij} - z_{i, y_i} + \delta_i)`.

    The targets :math:`y` are class indices, the margin is the option ``delta`` (...) or (). Items outside ``mask``
    (...) are 0, whatever stands there.
    """

    @staticmethod
    def expression(scores, labels, *, delta, mask=None):
        if mask is not None:
            scores, labels = where(mask[..., None], scores, 0), where(mask, labels, 0)
        best_other = even_max(where(is_class(labels, scores), -np.inf, scores))
        return select(mask, relu(best_other - pick_class(scores, labels) + delta))


class MulticlassHingeGradient(ItemGradient):
    """Gradient of `MulticlassHinge` by the scores; equal best scores of other classes share it evenly."""

    loss_type = MulticlassHinge


MulticlassHinge.gradient_type = MulticlassHingeGradient
