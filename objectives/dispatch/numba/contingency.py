from numba import objmode
from pytensor.link.numba.dispatch.basic import get_numba_type, numba_njit, register_funcify_and_cache_key

from objectives.ops.contingency import TableNumber


@register_funcify_and_cache_key(TableNumber)
def funcify_table_number(op, node, **kwargs):
    """A call of Python, once for a table. There is no key, since what it calls is no kernel of this folder."""
    number_type, of = get_numba_type(node.outputs[0].type), op.of

    @numba_njit
    def table_number(table):
        with objmode(number=number_type):
            number = of(table)
        return number

    return table_number, None
