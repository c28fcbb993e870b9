"""A program's graph as plain data: what `logdepth.json` keeps, so that a folder can be verified without running
anybody's code. Reading it back checks what it means, node by node: nothing else in the library has to."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

from logdepth.compiled.weighed_json import sum_over_matches, weighed_range, wrong_weights
from logdepth.lang.bit_words import BIT_OPERATIONS, LIMB
from logdepth.lang.bits import MAX_SIZE
from logdepth.lang.graph import MatchSpec, Node, ProgramGraph, Relation
from logdepth.lang.words import Setting

_LARGEST = 1 << 62  # either end of a range: sums of two stay within 64 bits
_LARGEST_SIZE = 1 << 40
_LARGEST_TABLE = 1 << 16
_ARGUMENTS = {
    **dict.fromkeys(("symbol", "position", "real", "header", "constant", "count"), 0),
    **dict.fromkeys(("shift", "not", "cast", "bit", "read", "union", "hot", "below", "flip"), 1),
    **dict.fromkeys(
        ("add", "subtract", "less", "equal", "minimum", "maximum", "bit_and", "bit_or", "bit_xor", "bit_where"), 2
    ),
    "select": 3,
}
_OF_ANY_NUMBER = ("table", "choose", "holds", "lowest", "highest", "bit_count", "total", "quotient")
_KINDS = ("at", "last", "first", "the", "highest", "lowest", "count", "union")
_RELATIONS = ("<", ">", "!=", "in", "contains")


def graph_to_json(graph: ProgramGraph) -> dict[str, Any]:
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
            if spec.relations:
                entry["match"].append([[r.kind, list(r.theirs), list(r.mine), r.size] for r in spec.relations])
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
        **({} if graph.grid is None else {"grid": graph.grid, "error": list(graph.error.as_integer_ratio())}),
        **({"loops": [[list(state) for state in loop] for loop in graph.loops]} if graph.loops else {}),
        **({} if setting.num_edges is None else {"num_edges": setting.num_edges}),
        **({} if setting.num_letters is None else {"num_letters": setting.num_letters}),
    }


def graph_from_json(data: dict[str, Any]) -> ProgramGraph:
    """The graph back, out of data of the right types (`schema.py`).

    Raises `ValueError`, naming the field, for an operation that is not known, an index that is not an earlier
    node's, a range that does not hold the operation's values, a look-up or a table that is not one.
    """
    sizes = (data["length"], data["alphabet_size"], data["header_size"])
    setting = Setting(*sizes, data.get("num_edges"), data.get("num_letters"))
    for name, value, least in (("length", setting.length, 1), ("alphabet_size", setting.alphabet_size, 1)):
        _need(value >= least, f"{name} is {value}")
    _need(setting.header_size >= 0, f"header_size is {setting.header_size}")
    if setting.num_edges is not None:
        wanted = setting.length - 2 * setting.num_edges + 2
        _need(setting.num_edges >= 0 and wanted > 2, f"num_edges is {setting.num_edges}")
        _need(setting.alphabet_size == wanted, f"alphabet_size is {setting.alphabet_size}, should be {wanted}")
    if setting.num_letters is not None:
        text = setting.alphabet_size - setting.num_letters
        _need(setting.num_letters > 0 < text and setting.length >= text + 2, f"num_letters is {setting.num_letters}")
        _need(setting.num_edges is None and data["causal"], "num_letters: a chain of thought is causal, of a text")
    nodes: list[Node] = []
    for i, entry in enumerate(data["nodes"]):
        where = f"nodes.{i}"
        match = None
        if entry.get("match") is not None:
            match = _match(entry["match"], nodes, f"{where}.match")
        origin = entry["origin"]
        _need(isinstance(origin[0], str) and _is_int(origin[1]), f"{where}.origin is {origin}")
        node = Node(
            entry["op"],
            tuple(entry["args"]),
            entry["lo"],
            entry["hi"],
            _tuples(entry.get("info")),
            match,
            entry["name"],
            (origin[0], origin[1]),
        )
        _check_node(node, nodes, setting, where)
        nodes.append(node)
    _need(0 <= data["output"] < len(nodes), f"output is {data['output']}, not one of {len(nodes)} nodes")
    if setting.num_letters is not None:
        said = nodes[data["output"]]
        _need(said.lo >= 0 and said.hi <= setting.alphabet_size, f"output is in {said.lo}..{said.hi}: no token")
    grid, (off, parts) = data.get("grid"), data.get("error") or (0, 1)
    _need(grid is None or 1 <= grid <= _LARGEST, f"grid is {grid}")
    _need(0 <= off <= _LARGEST and 1 <= parts <= _LARGEST, f"error is {off}/{parts}")
    name, error = data["name"], Fraction(off, parts)
    loops = _loops(data.get("loops") or [], nodes)
    return ProgramGraph(tuple(nodes), data["output"], setting, data["causal"], name, grid, error, loops)


def _loops(found: list[list[list[int | None]]], nodes: list[Node]) -> tuple[tuple[tuple[int | None, ...], ...], ...]:
    """The states of loops; whether they are states of anything is found out by who leaves a loop early."""
    for number, states in enumerate(found):
        _need(len(states) > 2 and len(set(map(len, states))) == 1, f"loops.{number}: states of different sizes")
        for state in states:
            _check_indices([index for index in state if index is not None], nodes, f"loops.{number}")
    return _tuples(found)


def _need(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(f"graph.{message}"[:200])


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_indices(found: Any, before: list[Node], where: str) -> None:
    _need(isinstance(found, list | tuple) and all(map(_is_int, found)), f"{where} is {found!r}, not indices of nodes")
    for index in found:
        _need(0 <= index < len(before), f"{where}: {index} is not an earlier node")


def _match(entry: list[Any], before: list[Node], where: str) -> MatchSpec:
    kind, keys, queries, by, *more = entry
    _need(kind in _KINDS, f"{where}: {kind!r} is no kind of look-up")
    _check_indices(keys, before, f"{where}.1")
    _check_indices(queries, before, f"{where}.2")
    _need(len(keys) == len(queries), f"{where}: {len(keys)} keys and {len(queries)} queries")
    _need((by is not None) == (kind in ("highest", "lowest")), f"{where}: {kind} by {by!r}")
    if by is not None:
        _check_indices([by], before, f"{where}.3")
    if kind == "at":
        _need(len(keys) == 1 and before[keys[0]].op == "position", f"{where}: the key of `at` is not the position")
    relations = tuple(_relation(each, before, f"{where}.4") for each in (more[0] if more else ()))
    _need(not (more and (not relations or kind == "at")), f"{where}.4: no relations")
    return MatchSpec(kind, tuple(keys), tuple(queries), by, relations=relations)


def _relation(entry: Any, before: list[Node], where: str) -> Relation:
    _need(isinstance(entry, list | tuple) and len(entry) == 4, f"{where}: {entry!r} is no relation")
    kind, theirs, mine, size = entry
    _need(kind in _RELATIONS, f"{where}: {kind!r} is no relation")
    for side in (theirs, mine):
        _check_indices(side, before, where)
    members = {"in": mine, "contains": theirs}.get(kind)
    for side in (theirs, mine):
        if side is not members:
            _need(len(side) == 1, f"{where}: {kind} of {len(side)} words")
    _need(_is_int(size) and (0 < size <= MAX_SIZE if members is not None else size == 0), f"{where}: of size {size}")
    if members is not None:
        _check_limbs([before[i] for i in members], size, where)
    else:
        least = min(before[theirs[0]].size, before[mine[0]].size)
        _need(least <= MAX_SIZE, f"{where}: words of at least {least:,} values are compared")
    return Relation(kind, tuple(theirs), tuple(mine), size)


def _check_limbs(words: list[Node], size: int, where: str) -> None:
    """A set's words: one for each 32 members, without a bit more."""
    _need(len(words) == -(-size // LIMB), f"{where}: {len(words)} words for {size} members")
    for number, word in enumerate(words):
        most = (1 << min(LIMB, size - number * LIMB)) - 1
        _need(word.lo >= 0 and word.hi <= most, f"{where}: a set's word in {word.lo}..{word.hi}")


def _check_node(node: Node, before: list[Node], setting: Setting, where: str) -> None:
    op, lo, hi, info = node.op, node.lo, node.hi, node.info
    _need(op in _ARGUMENTS or op in _OF_ANY_NUMBER, f"{where}.op: {op!r} is no operation")
    _check_indices(node.args, before, f"{where}.args")
    args = [before[arg] for arg in node.args]
    if op not in _OF_ANY_NUMBER:
        _need(len(args) == _ARGUMENTS[op], f"{where}.args: {op} takes {_ARGUMENTS[op]}, not {len(args)}")
    _need(-_LARGEST <= lo <= hi <= _LARGEST and hi - lo < _LARGEST_SIZE, f"{where}: a word in {lo}..{hi}")
    _need(op != "constant" or lo == hi, f"{where}: a constant in {lo}..{hi}")
    found = None if node.match is None else node.match.kind if node.match.kind in ("count", "union") else "read"
    _need((op if op in ("count", "read", "union") else None) == found, f"{where}: {op} with the look-up {node.match}")
    if op in ("not", "select"):
        _need(args[0].lo >= 0 and args[0].hi <= 1, f"{where}: {op} of a word in {args[0].lo}..{args[0].hi}")
    if op == "cast":
        _need(lo >= 0 and hi <= setting.alphabet_size, f"{where}: a symbol in {lo}..{hi}")
    if op == "table":
        _check_table(info, args, where)
    elif op == "choose":
        _need(_is_int(info) and len(args) > 1, f"{where}: a choice by {info!r} among {len(args) - 1} words")
        within = info <= args[0].lo and args[0].hi < info + len(args) - 1
        _need(within, f"{where}: a choice by a word in {args[0].lo}..{args[0].hi} among {len(args) - 1} from {info}")
    elif op == "bit":
        whole = isinstance(info, tuple) and len(info) == 3 and all(map(_is_int, info))
        _need(whole and info[0] <= args[0].lo and 0 <= info[1] < 62 and 0 < info[2] < 62, f"{where}.info is {info!r}")
    elif op in ("total", "quotient"):
        wrong = wrong_weights(node, args)
        _need(not wrong, f"{where}: {wrong}")
    elif op in BIT_OPERATIONS or op == "union":
        _check_bits(node, args, where)
    else:
        _need(_is_int(info) if op == "shift" else info is None, f"{where}.info is {info!r}")
    least, most = sum_over_matches(node, before) or _range(node, args, setting)
    _need(lo <= least and most <= hi, f"{where}: a word in {lo}..{hi}; {op} gives {least}..{most}")


def _check_bits(node: Node, args: list[Node], where: str) -> None:
    op, info = node.op, node.info
    if op in ("hot", "below"):
        whole = isinstance(info, tuple) and len(info) == 2 and all(map(_is_int, info))
        _need(whole and abs(info[0]) <= _LARGEST and 0 < info[1] <= LIMB, f"{where}.info is {info!r}")
        return
    if op == "flip":
        _need(_is_int(info) and 0 < info <= LIMB, f"{where}.info is {info!r}")
    else:
        _need(_is_int(info) if op in ("lowest", "highest") else info is None, f"{where}.info is {info!r}")
    members = args[1:] if op == "holds" else args[:1] if op == "bit_where" else args
    _need(op != "bit_where" or (args[1].lo >= 0 and args[1].hi <= 1), f"{where}: where {args[-1].name}")
    _need(bool(members), f"{where}.args: {op} of no set")
    if op == "union":
        _need(args[0].lo >= 0, f"{where}: bits of a word in {args[0].lo}..{args[0].hi}")
        return
    _check_limbs(members, LIMB * len(members), f"{where}.args")
    if op == "flip":
        _need(args[0].hi < 1 << info, f"{where}: {info} bits of a word in {args[0].lo}..{args[0].hi}")


def _check_table(info: Any, args: list[Node], where: str) -> None:
    _need(isinstance(info, tuple) and len(info) == 2, f"{where}.info is no table")
    axes, values = info
    _need(isinstance(axes, tuple) and len(axes) == len(args) > 0, f"{where}.info: axes for {len(args)} words")
    for axis, arg in zip(axes, args, strict=True):
        _need(axis == (arg.lo, arg.size) and all(map(_is_int, axis)), f"{where}.info: axis {axis} of {arg.name}")
    size = math.prod(arg.size for arg in args)
    _need(size <= _LARGEST_TABLE, f"{where}.info: a table of {size:,}")
    _need(isinstance(values, tuple) and len(values) == size, f"{where}.info: not {size:,} values")
    _need(all(map(_is_int, values)), f"{where}.info: values that are not integers")


def _range(node: Node, args: list[Node], setting: Setting) -> tuple[int, int]:
    """The exact range of what a node computes, out of its arguments'."""
    match node.op:
        case "symbol":
            return 0, setting.alphabet_size
        case "position" | "count":
            return 0, setting.length
        case "header":
            return 0, max(0, setting.header_size - 1)
        case "constant":
            return node.lo, node.hi
        case "shift":
            return args[0].lo + node.info, args[0].hi + node.info
        case "read" | "cast":
            return args[0].lo, args[0].hi
        case "add":
            return args[0].lo + args[1].lo, args[0].hi + args[1].hi
        case "subtract":
            return args[0].lo - args[1].hi, args[0].hi - args[1].lo
        case "minimum":
            return min(a.lo for a in args), min(a.hi for a in args)
        case "maximum":
            return max(a.lo for a in args), max(a.hi for a in args)
        case "select" | "choose":
            return min(a.lo for a in args[1:]), max(a.hi for a in args[1:])
        case "table":
            return min(node.info[1]), max(node.info[1])
        case "hot" | "below":
            return 0, (1 << node.info[1]) - 1
        case "flip":
            return 0, (1 << node.info) - 1
        case "bit_where":
            return 0, args[0].hi
        case "bit_and" | "bit_or" | "bit_xor" | "union":
            return 0, max((1 << arg.hi.bit_length()) - 1 for arg in args)
        case "bit_count":
            return 0, sum(arg.hi.bit_length() for arg in args)
        case "lowest" | "highest":
            last = LIMB * (len(args) - 1) + max(1, args[-1].hi.bit_length()) - 1
            return min(0, node.info), max(last, node.info)
        case "bit":
            base, place, width = node.info
            return 0, min((1 << width) - 1, (1 << ((args[0].hi - base) >> place).bit_length()) - 1)
        case "total":
            return weighed_range(node.info, args)
        case "quotient":
            return node.lo, node.hi  # it is clamped to that
    return 0, 1  # real, not, less, equal


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
