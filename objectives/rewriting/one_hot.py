"""One-hot rows become a comparison of checked labels with the classes, which is part of the loops that read it.

Where labels are checked by a node of their own, that is: on Numba and on C.
"""

import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import copy_stack_trace, node_rewriter

from objectives.ops.labels import IsClass, known_target

ZERO, ONE = pt.constant(0, dtype="int32"), pt.constant(1, dtype="int32")  # the same for all, which are then merged


def compare_with_classes(fgraph, node):
    labels, like = node.inputs
    classes = pt.arange(ZERO, like.shape[-1], ONE, dtype="int32")
    result = pt.eq(known_target(labels, classes).astype("int32")[..., None], classes)
    result = node.outputs[0].type.filter_variable(result, allow_convert=True)
    copy_stack_trace(node.outputs, result)
    return [result]


# In "specialize", which finds the number of classes in an input's shape. A rewriter for each set of tags: what a mode
# excludes by one tag it excludes by all.
for name, tags in (("one_hot", ("numba",)), ("one_hot_on_c", ("fast_run", "cxx_only"))):
    optdb["specialize"].register(f"local_compare_{name}", node_rewriter([IsClass])(compare_with_classes), *tags)
