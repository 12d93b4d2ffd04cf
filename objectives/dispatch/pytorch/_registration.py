"""How a kernel of ours is registered with PyTensor's PyTorch backend."""

from pytensor.link.pytorch.dispatch.basic import pytorch_funcify


class Kernel:
    """A function of an Op and its inputs, for one Op.

    Not a function within a function, since PyTensor's linker holds it when it is pickled with a compiled function.
    """

    def __init__(self, compute, op):
        self.compute, self.op = compute, op
        self.__name__ = compute.__name__

    def __call__(self, *inputs):
        return self.compute(self.op, *inputs)


def register_kernel(op_type):
    """Register the decorated function of an Op and its inputs as the kernel of such Ops."""

    def register(compute):
        @pytorch_funcify.register(op_type)
        def funcify(op, **kwargs):
            return Kernel(compute, op)

        return compute

    return register
