"""Graphs as people have them: readers of the usual files and objects, and a writer of tables.

`read_graph` reads; a `Graph` is edges over dense indices beside the ids of its vertices; `write_table` writes
answers. Algorithms on graphs live elsewhere. The text formats need NumPy and Numba only; the others need
`pip install 'logdepth[graph]'`, and importing this package loads neither.
"""

from logdepth.graphs.graph import Graph, graph_from_edges
from logdepth.graphs.read import read_graph
from logdepth.graphs.tokens import GraphTokens
from logdepth.graphs.write import write_table

__all__ = ["Graph", "GraphTokens", "graph_from_edges", "read_graph", "write_table"]
