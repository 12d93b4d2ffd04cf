"""Ops that turn scores (..., C) and targets into one loss for each item.

Such a loss is a pair of Ops: `ItemLoss` and its gradient by the scores, an `ItemGradient`, which a rewrite lets
compute the loss as well where a graph needs both. Each states its mathematics as an expression; kernels make it fast.
"""

from typing import Any

import pytensor

from objectives.ops._symbolic import DifferentiableOp, has_gradient
from objectives.ops.marking import loss
from objectives.ops.shapes import own_shapes


class ItemLoss(DifferentiableOp):
    """(scores (..., C), targets, *options) to losses (...).

    Subclasses give the `expression` of the loss and `gradient_type`.
    """

    gradient_type: type["ItemGradient"]

    def build_inner_graph(self, scores, targets, *options):
        return [loss(self.expression(scores, targets, **self.named(options)))]

    @staticmethod
    def expression(*inputs: Any, **options: Any):
        raise NotImplementedError

    def output_shape(self, scores, *others):
        return scores[:-1]

    def pullback(self, inputs, outputs, output_grads):
        scores, targets, *options = inputs
        gradients = self.derivatives(inputs, output_grads, skip=(0,))
        if has_gradient(scores):
            weights = output_grads * self.gradient_type.num_weights
            gradients[0] = self.gradient_type(options=self.options)(scores, targets, *weights, *options)
        return gradients


class ItemGradient(DifferentiableOp):
    """(scores (..., C), targets, *weights (...), *options) to the gradient by the scores (..., C).

    ``with_loss`` prepends the losses to the outputs, ``inplace`` writes the gradient over the scores; both are for
    rewrites. Subclasses give `loss_type` and, where they have their own `expression`, the number of its weights.
    """

    __props__ = ("options", "with_loss", "inplace")
    with_loss = False
    inplace = False
    loss_type: type[ItemLoss]
    num_data, num_weights = 2, 1

    def __init__(self, input_types=None, **kwargs):
        if kwargs.get("inplace"):
            kwargs["destroy_map"] = {int(kwargs.get("with_loss", False)): [0]}
        super().__init__(input_types, **kwargs)

    def build_inner_graph(self, scores, targets, *weights_and_options):
        weights = weights_and_options[: self.num_weights]
        options = self.named(weights_and_options)
        gradient = loss(self.expression(scores, targets, *weights, **options))
        return [loss(self.loss_type.expression(scores, targets, **options)), gradient] if self.with_loss else [gradient]

    @classmethod
    def expression(cls, scores, targets, *weights: Any, **options: Any):
        """The derivatives of the loss's expression."""
        losses, (weight,) = cls.loss_type.expression(scores, targets, **options), weights
        return pytensor.grad(None, scores, known_grads={losses: weight})

    def infer_shape(self, *arguments):
        scores = own_shapes(arguments)[0]
        return [scores[:-1], scores] if self.with_loss else [scores]

    def pullback(self, inputs, outputs, output_grads):
        return self.derivatives(inputs, output_grads)
