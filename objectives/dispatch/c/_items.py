"""Kernels of losses of items: scores (..., C) and their targets, see `objectives.ops.itemwise`."""

from objectives.dispatch.c._registration import Kernel, register_inplace, register_kernel
from objectives.ops.elementwise import FLOATS


class ItemKernel(Kernel):
    """Subclasses name the C++ ``function`` and its inputs after scores and targets, by the names of the options."""

    __props__: tuple[str, ...] = ("options",)
    options: tuple[str, ...]
    fields: tuple[str, ...]
    weights: tuple[str, ...] = ()
    produces: tuple[str, ...] = ("loss",)
    inplace = False

    def arranged(self, inputs, outputs):
        given = dict(zip(["scores", "targets", *self.weights, *self.options], inputs, strict=True))
        results = dict(zip(self.produces, outputs, strict=True))
        return (
            [given.get(name) for name in ("scores", "targets", *self.fields)],
            [results.get(name) for name in ("loss", "gradient")],
        )

    def numbers(self):
        return (int(self.inplace),)


class ItemGradientKernel(ItemKernel):
    __props__ = ("options", "with_loss", "inplace")
    with_loss: bool

    def __init__(self, **props):
        super().__init__(**props)
        self.produces = ("loss", "gradient") if self.with_loss else ("gradient",)
        if self.inplace:
            self.destroy_map = {int(self.with_loss): [0]}


def register_item_kernels(loss: type[ItemKernel], gradient: type[ItemGradientKernel], supports):
    """Use a kernel for the loss and one for its gradient."""
    register_kernel(loss, supports)
    register_kernel(gradient, supports)
    register_inplace(gradient)


def are_floats(scores, variables):
    """Whether the variables that are not masks have the dtype of the scores, one that kernels know."""
    return scores.dtype in FLOATS and all(variable.dtype in ("bool", scores.dtype) for variable in variables)
