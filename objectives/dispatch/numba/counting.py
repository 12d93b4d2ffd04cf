import numpy as np
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key

from objectives.dispatch.numba._registration import hashed
from objectives.dispatch.numba._views import shaped
from objectives.ops.counting import EntryCount


@register_funcify_and_cache_key(EntryCount)
def funcify_entry_count(op, node, **kwargs):
    """Part of the graph that needs it: there is nothing to gain from compiling it apart."""
    axes, dtype = op.axis, np.dtype(node.outputs[0].dtype)

    @numba_njit
    def entry_count(x):
        number = 1  # an integer until the end, so that a float is rounded once
        for axis in axes:
            number *= x.shape[axis]
        count = np.empty(1, dtype)
        count[0] = number
        return shaped(count, ())

    return entry_count, hashed("entry count", axes, dtype)
