from numba import objmode, types
from pytensor.link.numba.dispatch.basic import get_numba_type, numba_njit, register_funcify_and_cache_key

from objectives.ops.linear import LinearCrossentropy, LinearCrossentropyGradient


def register(op_type):
    @register_funcify_and_cache_key(op_type)
    def funcify(op, node, **kwargs):
        """A call of Python: there are few blocks, and BLAS takes most of the time. What it calls has no key."""
        results = types.Tuple([get_numba_type(output.type) for output in node.outputs])

        def compute(inputs):
            storage = [[None] for _ in node.outputs]
            op.perform(node, inputs, storage)
            return tuple(cell[0] for cell in storage)

        @numba_njit
        def linear(*inputs):
            with objmode(outputs=results):
                outputs = compute(inputs)
            return outputs

        @numba_njit
        def single(*inputs):
            return linear(*inputs)[0]

        return (linear if len(node.outputs) > 1 else single), None


register(LinearCrossentropy)
register(LinearCrossentropyGradient)
