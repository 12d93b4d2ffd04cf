from objectives.dispatch.numba._registration import make_in_numpy, register_kernel_maker
from objectives.ops.thresholds import CountsAbove, PairsInOrder

register_kernel_maker(CountsAbove)(make_in_numpy)
register_kernel_maker(PairsInOrder)(make_in_numpy)
