"""Tasks about graphs: random graphs, solvers, and the tasks they make. Their ids: `logdepth.graphs.tokens`."""

from logdepth.tasks.graphs.bipartiteness import Bipartiteness
from logdepth.tasks.graphs.connectivity import Connectivity
from logdepth.tasks.graphs.cycles import OneVersusTwoCycle
from logdepth.tasks.graphs.forests import MinimumSpanningForest, SpanningForest
from logdepth.tasks.graphs.promise import PromisedTask
from logdepth.tasks.graphs.reachability import Reachability
from logdepth.tasks.graphs.task import GraphTask

__all__ = [
    "Bipartiteness",
    "Connectivity",
    "GraphTask",
    "MinimumSpanningForest",
    "OneVersusTwoCycle",
    "PromisedTask",
    "Reachability",
    "SpanningForest",
]
