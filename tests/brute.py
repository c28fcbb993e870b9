"""The meaning of a program by its definition: one sequence, one slot at a time, nothing shared with the library."""

from __future__ import annotations

from logdepth.lang import ProgramGraph


def brute_force(graph: ProgramGraph, string: list[int], header: int = 0) -> list[int]:
    """The output word at slots 0..n, from the traced nodes alone."""
    slots = range(len(string) + 1)
    value: list[list[int]] = []
    for node in graph.nodes:
        args = [value[a] for a in node.args]
        if node.op == "symbol":
            row = [graph.setting.alphabet_size, *string]
        elif node.op == "position":
            row = list(slots)
        elif node.op == "real":
            row = [int(i > 0) for i in slots]
        elif node.op == "header":
            row = [header if i == 0 else 0 for i in slots]
        elif node.op == "constant":
            row = [node.lo for _ in slots]
        elif node.op == "count":
            row = [len(_matches(graph, value, node.match, i, len(string))) for i in slots]
        elif node.op == "read":
            row = [args[0][_found(graph, value, node.match, i, len(string))] for i in slots]
        else:
            row = [_local(node, [a[i] for a in args]) for i in slots]
        assert all(node.lo <= v <= node.hi for v in row), (node, row)
        value.append(row)
    return value[graph.output]


def _matches(graph, value, match, i, length):
    last = i if graph.causal else length
    pairs = list(zip(match.keys, match.queries, strict=True))
    return [j for j in range(1, last + 1) if all(value[key][j] == value[query][i] for key, query in pairs)]


def _found(graph, value, match, i, length):
    found = _matches(graph, value, match, i, length)
    if not found:
        return 0
    if match.kind == "first":
        return found[0]
    if match.kind in ("last", "at"):
        return found[-1]
    sign = 1 if match.kind == "highest" else -1
    best = found[0]
    for j in found:
        if sign * value[match.by][j] >= sign * value[match.by][best]:
            best = j
    return best


def _local(node, args):
    a = args[0]
    b = args[1] if len(args) > 1 else None
    if node.op == "table":
        axes, values = node.info
        index = 0
        for arg, (low, size) in zip(args, axes, strict=True):
            index = index * size + arg - low
        return values[index]
    if node.op == "choose":
        return args[1 + a - node.info]
    return {
        "shift": lambda: a + node.info,
        "not": lambda: 1 - a,
        "add": lambda: a + b,
        "subtract": lambda: a - b,
        "less": lambda: int(a < b),
        "equal": lambda: int(a == b),
        "minimum": lambda: min(a, b),
        "maximum": lambda: max(a, b),
        "select": lambda: args[1] if a else args[2],
    }[node.op]()
