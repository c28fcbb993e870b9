"""What `show` and `solve` do for a task about graphs: no model, any graph file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from logdepth.cli.shared import print_json
from logdepth.errors import InputError

if TYPE_CHECKING:
    from logdepth.graphs import Graph


def is_graph_task(name: str) -> bool:
    """Whether a task is about graphs."""
    from logdepth.tasks.registry import GRAPH_TASKS, SHORT

    return name in (*GRAPH_TASKS, *SHORT)


def show(args: argparse.Namespace) -> int:
    """The graph's tokens and answers, line by line."""
    from logdepth.tasks.graphs.show import show_graph

    if args.json:
        return solve(args)
    kind, graph = _asked(args)
    print(_told(args, show_graph, kind, graph))
    return 0


def solve(args: argparse.Namespace) -> int:
    """The right answers, in the names of the file."""
    from logdepth.cli.compiling import print_columns
    from logdepth.tasks.graphs.show import solve_graph

    columns = _told(args, solve_graph, *_asked(args))
    if args.json:
        print_json({name: values.tolist() for name, values in columns.items()})
    else:
        print_columns(columns)
    return 0


def _asked(args: argparse.Namespace) -> tuple[Any, Graph]:
    from logdepth.graphs import read_graph
    from logdepth.tasks.registry import graph_task

    if args.graph is None:
        raise InputError(f"{args.task} is about graphs; give --graph FILE")
    for option in ("text", "k"):
        if getattr(args, option, None) is not None:
            raise InputError(f"{args.task} is about graphs; it takes no --{option}")
    kind = graph_task(args.task)
    return kind, read_graph(args.graph, format=args.format, weighted=kind.weighted)


def _told(args: argparse.Namespace, function: Any, kind: Any, graph: Graph) -> Any:
    try:
        return function(kind, graph)
    except InputError as error:
        raise InputError(f"{args.graph}: {error}") from None
