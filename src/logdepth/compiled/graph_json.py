"""A program's graph as plain data: what `logdepth.json` keeps, so that a folder can be verified without running
anybody's code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.lang.graph import Graph, MatchSpec, Node
from logdepth.lang.words import Setting


def graph_to_json(graph: Graph) -> dict[str, Any]:
    """Plain data. `graph_from_json` gives an equal graph back (of a file's place, only its name is kept).

    >>> from logdepth.programs import khop_rank
    >>> graph = khop_rank.trace(length=5, alphabet_size=3, k=2)
    >>> [n.key for n in graph_from_json(graph_to_json(graph)).nodes] == [n.key for n in graph.nodes]
    True
    """
    nodes = []
    for node in graph.nodes:
        entry: dict[str, Any] = {
            "op": node.op,
            "args": list(node.args),
            "lo": node.lo,
            "hi": node.hi,
            "name": node.name,
        }
        entry["origin"] = [Path(node.origin[0]).name, node.origin[1]]
        if node.info is not None:
            entry["info"] = node.info
        if node.match is not None:
            spec = node.match
            entry["match"] = [spec.kind, list(spec.keys), list(spec.queries), spec.by]
        nodes.append(entry)
    setting = graph.setting
    return {
        "nodes": nodes,
        "output": graph.output,
        "length": setting.length,
        "alphabet_size": setting.alphabet_size,
        "header_size": setting.header_size,
        "causal": graph.causal,
        "name": graph.name,
    }


def graph_from_json(data: dict[str, Any]) -> Graph:
    """The graph back. Raises `KeyError`, `TypeError` or `ValueError` for data that is not one."""
    nodes = []
    for entry in data["nodes"]:
        match = None
        if "match" in entry:
            kind, keys, queries, by = entry["match"]
            match = MatchSpec(kind, tuple(keys), tuple(queries), by)
        info = _tuples(entry.get("info"))
        origin = (str(entry["origin"][0]), int(entry["origin"][1]))
        args = tuple(entry["args"])
        nodes.append(Node(entry["op"], args, entry["lo"], entry["hi"], info, match, entry["name"], origin))
    setting = Setting(data["length"], data["alphabet_size"], data["header_size"])
    return Graph(tuple(nodes), data["output"], setting, data["causal"], data["name"])


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
