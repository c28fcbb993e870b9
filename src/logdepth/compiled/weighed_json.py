"""What a folder's graph may hold of sums and quotients: checked as `graph_json.py` checks the rest."""

from __future__ import annotations

from typing import Any

from logdepth.lang.averages import MAX_SUM
from logdepth.lang.graph import MatchSpec, Node
from logdepth.lang.words import MAX_TABLE


def weighed_range(factors: tuple[int, ...], args: list[Node]) -> tuple[int, int]:
    """The range of a sum of words times their factors."""
    sides = [(factor * arg.lo, factor * arg.hi) for factor, arg in zip(factors, args, strict=False)]
    return sum(min(side) for side in sides), sum(max(side) for side in sides)


def wrong_weights(node: Node, args: list[Node]) -> str:
    """What is wrong with a sum or a quotient, if anything is."""
    factors, parts = (node.info, 1) if node.op == "total" else _pair(node.info)
    divisors = int(node.op == "quotient")
    if not (isinstance(factors, tuple) and all(map(_is_int, factors)) and _is_int(parts) and parts >= 1):
        return f"info is {node.info!r}"
    if len(args) != len(factors) + divisors or not factors:
        return f"{len(factors)} factors of {len(args)} words"
    reach = sum(abs(factor) * max(abs(arg.lo), abs(arg.hi)) for factor, arg in zip(factors, args, strict=False))
    if divisors:
        if args[-1].lo < 0:
            return f"a division by a word in {args[-1].lo}..{args[-1].hi}"
        if node.size > MAX_TABLE:
            return f"a fraction of {node.size:,} values"
        reach += max(abs(node.lo), abs(node.hi)) * parts * args[-1].hi
    return f"sums up to {reach:,}" if reach > MAX_SUM else ""


def sum_over_matches(node: Node, before: list[Node]) -> tuple[int, int] | None:
    """The range of a sum that is one of a word over the matches: of counts of all matches, times its least value, and
    of those that have each of its bits; None for any other.

    Then it is what that many tokens can hold, which is less than the counts could add up to if they were independent.
    """
    if node.op != "total" or len(node.args) != len(node.info):
        return None
    bits = list(zip(node.info, node.args, strict=True))
    every: MatchSpec | None = None
    lo = 0
    first = before[bits[0][1]].match
    if first is not None and (not first.keys or before[first.keys[-1]].op != "bit" or len(bits) == 1):
        every, lo, bits = first, bits[0][0], bits[1:]
    words = set()
    for place, (factor, index) in enumerate(bits):
        match = before[index].match
        if before[index].op != "count" or match is None or not match.keys:
            return None
        bit, one = before[match.keys[-1]], before[match.queries[-1]]
        rest = MatchSpec(match.kind, match.keys[:-1], match.queries[:-1], match.by, relations=match.relations)
        every = every or rest
        same = rest == every and bit.op == "bit" and bit.info == (lo, place, 1) and (one.lo, one.hi) == (1, 1)
        if not same or factor != 1 << place:
            return None
        words.add(bit.args[0])
    if len(words) != 1:
        return None
    word, length = before[words.pop()], before[node.args[0]].hi
    if word.lo != lo or (word.hi - word.lo).bit_length() > len(bits):
        return None
    return length * min(word.lo, 0), length * max(word.hi, 0)


def _pair(info: Any) -> tuple[Any, Any]:
    return info if isinstance(info, tuple) and len(info) == 2 else (None, None)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
