"""Run a program's graph on batches of sequences in near-linear time: look-ups are joins, not N x N."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Int, Integer

from logdepth.errors import AmbiguousError, InputError
from logdepth.joins import combine, join, join_by_address
from logdepth.lang.fixed_points import Leaving
from logdepth.lang.graph import MatchSpec, Node, ProgramGraph
from logdepth.lang.lines import place
from logdepth.lang.local import evaluate_local
from logdepth.related_joins import Related, join_related


def interpret(
    graph: ProgramGraph,
    strings: Integer[np.ndarray, "batch n"],
    *,
    lengths: Integer[np.ndarray, " batch"] | None = None,
    header: Integer[np.ndarray, " batch"] | None = None,
    keep: list[int] | None = None,
) -> Int[np.ndarray, "batch slots"] | list[np.ndarray]:
    """The output word at every slot 0..n (slot 0: the start token), or those of the nodes in `keep`.

    `lengths` gives each row's true length (positions beyond are padding and mean nothing). Raises
    `InputError` for symbols outside the alphabet, what is not whole numbers, or sequences longer than the graph
    was traced for, `AmbiguousError` where several tokens match what `the(..)` says one does at most.

    >>> from logdepth.programs import khop_rank
    >>> graph = khop_rank.trace(length=12, alphabet_size=5, k=2)
    >>> interpret(graph, np.array([[1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]]))[0, -1]
    np.int64(2)
    """
    setting = graph.setting
    strings = _integers(strings, "strings", 2)
    batch, n = strings.shape
    if n > setting.length:
        raise InputError(f"a sequence of {n:,} symbols; the program was traced for {setting.length:,} at most")
    size = setting.alphabet_size
    if strings.size and (strings.min() < 0 or strings.max() >= size):
        row, column = np.argwhere((strings < 0) | (strings >= size))[0]
        raise InputError(
            f"sequence {row + 1}, position {column + 1}: symbol {strings[row, column]} is not in 0..{size - 1}"
        )
    lengths = np.full(batch, n) if lengths is None else _integers(lengths, "lengths", 1)
    first = np.zeros(batch, np.int64) if header is None else _integers(header, "header", 1)
    if len(lengths) != batch or len(first) != batch:
        raise InputError(f"{batch} sequences, {len(lengths)} lengths and {len(first)} headers; give one of each a row")
    if lengths.size and (lengths.min() < 0 or lengths.max() > n):
        raise InputError(f"lengths {lengths.min()}..{lengths.max()} are not in 0..{n}, the width of strings")
    if header is None and setting.header_size > 1:
        raise InputError("the program reads a header; give header")
    if first.size and (first.min() < 0 or first.max() >= max(1, setting.header_size)):
        raise InputError(f"header {first.min()}..{first.max()} is not in 0..{setting.header_size - 1}")

    slots = np.arange(n + 1)
    sources = {
        "symbol": lambda: np.concatenate([np.full((batch, 1), size), strings.astype(np.int64)], 1),
        "position": lambda: np.broadcast_to(slots, (batch, n + 1)),
        "real": lambda: np.broadcast_to((slots > 0).astype(np.int64), (batch, n + 1)),
        "header": lambda: np.where(slots == 0, first[:, None], 0),
    }
    wanted = [graph.output] if keep is None else keep
    leaving, inside = Leaving(graph, wanted), slots[None, :] <= lengths[:, None]
    values: dict[int, np.ndarray] = {}
    found: dict[MatchSpec, np.ndarray] = {}
    for i in leaving.order:
        node = graph.nodes[i]
        if not leaving.needed[i]:
            continue
        if node.op in sources:
            values[i] = sources[node.op]()
        elif node.op == "constant":
            values[i] = np.broadcast_to(np.int64(node.lo), (batch, n + 1))
        elif node.match is not None:
            if node.op == "union":
                values[i] = _looked_up(node.match, values, lengths, n + 1, graph.causal, values[node.args[0]])
            else:
                if node.match not in found:
                    found[node.match] = _looked_up(node.match, values, lengths, n + 1, graph.causal)
                    if node.match.kind == "the":
                        counted = replace(node.match, kind="count")
                        _refuse_two(node, _looked_up(counted, values, lengths, n + 1, graph.causal), lengths)
                slot = found[node.match]
                values[i] = slot if node.op == "count" else np.take_along_axis(values[node.args[0]], slot, 1)
        else:
            values[i] = evaluate_local(node, [values[arg] for arg in node.args])
        leaving.leave(values, i, inside)
        leaving.drop(values, i)
    return values[graph.output] if keep is None else [values[i] for i in keep]


def _integers(values: np.ndarray, name: str, dimensions: int) -> np.ndarray:
    """As int64. Raises `InputError` for other shapes and for what is not whole numbers: nothing is rounded."""
    array = np.asarray(values)
    if array.ndim != dimensions or array.dtype.kind not in ("iu" if array.size else "iuf"):
        shape = "(batch, n)" if dimensions == 2 else "(batch,)"
        raise InputError(f"{name} of shape {array.shape} and type {array.dtype}; whole numbers of shape {shape} needed")
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise InputError(f"{name} holds {array.max()}, which is no 64-bit whole number")
    return array.astype(np.int64)


def _looked_up(
    match: MatchSpec,
    values: dict[int, np.ndarray],
    lengths: np.ndarray,
    slots: int,
    causal: bool,
    united: np.ndarray | None = None,
) -> np.ndarray:
    """The slot found, or how many match; of a union what is read: the bitwise OR of `united` over the matches."""
    if match.kind == "at":
        return join_by_address(values[match.queries[0]], lengths, causal=causal)
    kind = "last" if match.kind == "the" else match.kind
    keys = queries = np.zeros((len(lengths), slots), np.int64)  # without a condition everything matches
    if match.keys:
        keys, queries = combine([values[key] for key in match.keys], [values[q] for q in match.queries])
    order = united if match.by is None else values[match.by]
    if match.relations:
        related = [
            Related(each.kind, [values[i] for i in each.theirs], [values[i] for i in each.mine])
            for each in match.relations
        ]
        return join_related(kind, keys, queries, lengths, related, order=order, causal=causal)
    return join(kind, keys, queries, lengths, order=order, causal=causal)


def _refuse_two(node: Node, count: np.ndarray, lengths: np.ndarray) -> None:
    """Raises `AmbiguousError`, with the line, where several tokens match at a position of a sequence."""
    slots = np.arange(count.shape[1])[None, :]
    wrong = np.argwhere((count > 1) & (slots > 0) & (slots <= lengths[:, None]))
    if len(wrong):
        row, slot = (int(each) for each in wrong[0])
        number = int(count[row, slot])
        raise AmbiguousError(
            f"{place(node.origin)}: sequence {row + 1}, position {slot}: {number} tokens match, where the program says "
            "that one does at most, the(..)",
            row=row,
            position=slot,
            number=number,
        )


def describe_match(nodes: tuple[Node, ...], match: MatchSpec) -> str:
    """A look-up's pattern as text, the other token's word first: `last where before == x`."""
    if match.kind == "at":
        return f"at {nodes[match.queries[0]].name}"
    pairs = zip(match.keys, match.queries, strict=True)
    shown = [f"{nodes[key].name} == {nodes[query].name}" for key, query in pairs]
    for each in match.relations:
        sign = {"hot": "in", "has": "contains"}.get(each.kind, each.kind)
        shown.append(f"{nodes[each.theirs[0]].name} {sign} {nodes[each.mine[0]].name}")
    where = " and ".join(shown)
    by = "" if match.by is None else f" {nodes[match.by].name}"
    return f"{match.kind}{by} where {where or 'anything'}"
