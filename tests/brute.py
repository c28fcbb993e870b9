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
        elif node.op == "union":
            row = [0, *(_or(args[0][j] for j in _matches(graph, value, node.match, i, len(string))) for i in slots[1:])]
        else:
            row = [_local(node, [a[i] for a in args]) for i in slots]
        assert all(node.lo <= v <= node.hi for v in row), (node, row)
        value.append(row)
    return value[graph.output]


def _matches(graph, value, match, i, length):
    last = i if graph.causal else length
    pairs = list(zip(match.keys, match.queries, strict=True))
    found = [j for j in range(1, last + 1) if all(value[key][j] == value[query][i] for key, query in pairs)]
    return [j for j in found if all(_related(value, relation, j, i) for relation in match.relations)]


def _related(value, relation, j, i):
    theirs = [value[node][j] for node in relation.theirs]
    mine = [value[node][i] for node in relation.mine]
    return {
        "<": lambda: theirs[0] < mine[0],
        ">": lambda: theirs[0] > mine[0],
        "!=": lambda: theirs[0] != mine[0],
        "in": lambda: theirs[0] in members(mine),
        "contains": lambda: mine[0] in members(theirs),
    }[relation.kind]()


def members(limbs):
    """A set as Python's, out of words of 32 bits each."""
    return {32 * n + place for n, limb in enumerate(limbs) for place in range(32) if limb & 1 << place}


def _or(words):
    found = 0
    for word in words:
        found |= word
    return found


def _found(graph, value, match, i, length):
    found = _matches(graph, value, match, i, length)
    if not found:
        return 0
    if match.kind == "first":
        return found[0]
    assert match.kind != "the" or len(found) == 1
    if match.kind in ("last", "at", "the"):
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
    if node.op in ("hot", "below"):
        first, width = node.info
        return sum(1 << k for k in range(width) if (first + k == a if node.op == "hot" else first + k < a))
    if node.op == "bit":
        return (a - node.info[0]) // 2 ** node.info[1] % 2 ** node.info[2]
    if node.op == "total":
        return sum(c * v for c, v in zip(node.info, args, strict=True))
    if node.op == "quotient":
        factors, parts = node.info
        above, below = sum(c * v for c, v in zip(factors, args, strict=False)), parts * args[-1]
        reached = [m for m in range(node.lo, node.hi + 1) if below and above >= m * below]
        return (
            max(reached, default=node.lo)
            if below
            else {1: node.hi, 0: min(max(0, node.lo), node.hi), -1: node.lo}[(above > 0) - (above < 0)]
        )
    if node.op == "choose":
        return args[1 + a - node.info]
    return {
        "bit_and": lambda: a & b,
        "bit_or": lambda: a | b,
        "bit_xor": lambda: a ^ b,
        "bit_where": lambda: a if b else 0,
        "flip": lambda: sum(1 << k for k in range(node.info) if not a & 1 << k),
        "holds": lambda: int(a in members(args[1:])),
        "lowest": lambda: min(members(args), default=node.info),
        "highest": lambda: max(members(args), default=node.info),
        "bit_count": lambda: len(members(args)),
        "shift": lambda: a + node.info,
        "not": lambda: 1 - a,
        "cast": lambda: a,
        "add": lambda: a + b,
        "subtract": lambda: a - b,
        "less": lambda: int(a < b),
        "equal": lambda: int(a == b),
        "minimum": lambda: min(a, b),
        "maximum": lambda: max(a, b),
        "select": lambda: args[1] if a else args[2],
    }[node.op]()
