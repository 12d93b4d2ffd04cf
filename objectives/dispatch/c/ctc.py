from objectives.dispatch.c._registration import Kernel, register_kernel
from objectives.ops.ctc import CTC, CTCGradient
from objectives.ops.elementwise import FLOATS


class AlignmentKernel(Kernel):
    """CTC and its gradient are compiled together."""

    sources = ("exponentials.h", "ctc.h")
    functions = ("ctc_loss", "ctc_gradient")
    __props__ = ("blank",)
    blank: int

    def numbers(self):
        return (self.blank,)


class CTCKernel(AlignmentKernel):
    symbolic, function = CTC, "ctc_loss"


class CTCGradientKernel(AlignmentKernel):
    symbolic, function = CTCGradient, "ctc_gradient"


def supports(node):
    logits, targets, input_lengths, target_lengths, *floats = node.inputs
    integers = {variable.dtype for variable in (targets, input_lengths, target_lengths)}
    given = [variable.dtype for variable in floats]
    return logits.dtype in FLOATS and integers == {"int64"} and given in ([], ["float64", logits.dtype])


register_kernel(CTCKernel, supports)
register_kernel(CTCGradientKernel, supports)
