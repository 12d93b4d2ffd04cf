"""Marks of statistics leave the graph that is compiled."""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import dfs_rewriter, node_rewriter

from objectives.ops.statistics import Statistic, WhereNothing


@node_rewriter([Statistic, WhereNothing])
def local_remove_statistic_mark(fgraph, node):
    return node.inputs


optdb.register(
    "remove_statistic_marks", dfs_rewriter(local_remove_statistic_mark), "fast_run", "fast_compile", position=-0.03
)
