"""Regular expressions as automata: what Python's `re` parses, if it is regular.

The parse tree is the standard library's. It becomes an automaton with choices (Thompson 1968), that one of sets of its
states (Rabin and Scott 1959), and that the smallest. What is not regular, or hangs on how the matcher searches, is
refused by its name and column: backreferences, lookaround, conditional groups, atomic groups and possessive repeats,
word boundaries, `^` and `$` for single lines.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from logdepth.errors import InputError
from logdepth.programs.finite_automata import Dfa, from_sets

MOST_NODES = 20_000
MOST_SYMBOLS = 128
_REFUSED = {  # what the parse tree says: what it is, how it is written, a way out
    codes.GROUPREF: ("a backreference", r"\\[1-9]|\(\?P=", "no automaton can compare what two groups matched"),
    codes.GROUPREF_EXISTS: ("a conditional group", r"\(\?\(", "write both cases with |"),
    codes.ASSERT: ("a lookaround", r"\(\?<?=", "say the same without looking ahead or behind"),
    codes.ASSERT_NOT: ("a lookaround", r"\(\?<?!", "say the same without looking ahead or behind"),
    codes.ATOMIC_GROUP: ("an atomic group", r"\(\?>", "it cuts the search, not the language: write a plain group"),
    codes.POSSESSIVE_REPEAT: (
        "a possessive repeat",
        r"[*+?}]\+",
        "it cuts the search, not the language: leave out the +",
    ),
    codes.AT: ("a boundary", r"\\[bB]|[\^$]", "only ^, \\A, $ and \\Z are known, and no (?m)"),
}
_ENDS = (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING, codes.AT_END, codes.AT_END_STRING)
_START, _END = "start", "end"


@lru_cache(maxsize=64)
def symbols_of(pattern: str, symbols: str = "") -> tuple[str, ...]:
    """The alphabet: what is given, or the characters that the pattern names. Raises `InputError` if it names none."""
    tree = _parsed(pattern)
    for op, value in _walk(tree):
        if op in _REFUSED and (op is not codes.AT or value not in _ENDS):
            raise InputError(_refusal(pattern, op))
    if symbols:
        return tuple(symbols)
    found: set[str] = set()
    for op, value in _walk(tree):
        if op in (codes.LITERAL, codes.NOT_LITERAL):
            found.add(chr(value))
        elif op is codes.RANGE:
            found |= {chr(code) for code in range(value[0], min(value[1], value[0] + MOST_SYMBOLS) + 1)}
        elif op is codes.CATEGORY:
            found |= {chr(code) for code in range(33, 127) if _in_category(value, chr(code), 0)} - {"<", ">"}
    if not found or len(found) > MOST_SYMBOLS:
        raise InputError(
            f"pattern {pattern!r:.60} names {len(found) or 'no'} characters; give symbols, the alphabet "
            f"({MOST_SYMBOLS} at most)"
        )
    return tuple(sorted(found))


@lru_cache(maxsize=64)
def automaton_of(pattern: str, symbols: str = "") -> Dfa:
    """The smallest automaton that accepts what `re.fullmatch(pattern, ..)` matches, over an alphabet.

    Raises `InputError` for what is no regular expression, is not regular (naming the construct and its column), or
    makes too many states.

    >>> automaton_of("(ab)*").accepts([0, 1, 0, 1]), automaton_of("(ab)*").accepts([0, 1, 0])
    (True, False)
    """
    alphabet = symbols_of(pattern, symbols)
    nfa = _Nfa(pattern, alphabet)
    end = nfa.add(_parsed(pattern), 0, _flags(pattern))
    # a state: what can be reached, and whether nothing was read so far, where more may be reached on nothing
    start = (nfa.closure({0}, _START), (_START,))
    return from_sets(
        alphabet,
        start,
        lambda at, symbol: (nfa.closure(nfa.after(at[0], symbol)), ()),
        lambda at: end in nfa.closure(at[0], *at[1], _END),
        name=f"pattern {pattern!r:.60}",
    )


def _parsed(pattern: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
            return parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        place = f" (column {error.pos + 1})" if isinstance(error, re.error) and error.pos is not None else ""
        raise InputError(f"pattern {pattern!r:.60} is no regular expression: {error}{place}") from None


def _flags(pattern: str) -> int:
    return re.compile(pattern).flags


def _walk(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every operation of a parse tree."""
    for op, value in tree:
        yield op, value
        if op is codes.IN:
            yield from _walk(value)
        elif op is codes.BRANCH:
            for branch in value[1]:
                yield from _walk(branch)
        elif op is codes.SUBPATTERN:
            yield from _walk(value[3])
        elif op in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            yield from _walk(value[2])


def _in_category(category: Any, character: str, flags: int) -> bool:
    name = str(category).lower().removeprefix("category_")
    letter = {"digit": "d", "space": "s", "word": "w"}[name.removeprefix("not_")]
    written = "\\" + (letter.upper() if name.startswith("not_") else letter)
    return re.fullmatch(written, character, flags & re.ASCII) is not None


class _Nfa:
    """States with steps on sets of symbols, and steps on nothing, which may hold at the start or the end alone."""

    def __init__(self, pattern: str, alphabet: Sequence[str]) -> None:
        self.pattern, self.alphabet = pattern, alphabet
        self.on: list[list[tuple[frozenset[int], int]]] = [[]]
        self.free: list[list[tuple[str, int]]] = [[]]

    def state(self) -> int:
        if len(self.on) >= MOST_NODES:
            raise InputError(
                f"pattern {self.pattern!r:.60}: over {MOST_NODES:,} states before they are put together, which is the "
                "limit; repeat fewer times"
            )
        self.on.append([])
        self.free.append([])
        return len(self.on) - 1

    def closure(self, states: Any, *holding: str) -> frozenset[int]:
        """What can be reached on nothing."""
        found, new = set(states), list(states)
        while new:
            for when, to in self.free[new.pop()]:
                if to not in found and (not when or when in holding):
                    found.add(to)
                    new.append(to)
        return frozenset(found)

    def after(self, states: frozenset[int], symbol: int) -> set[int]:
        return {to for state in states for symbols, to in self.on[state] if symbol in symbols}

    def add(self, tree: Any, start: int, flags: int) -> int:
        """What a parse tree matches, from a state on; the state where it ends."""
        for op, value in tree:
            start = self._add(op, value, start, flags)
        return start

    def _add(self, op: Any, value: Any, start: int, flags: int) -> int:
        if op in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            end = self.state()
            members = (i for i, each in enumerate(self.alphabet) if _matches(op, value, each, flags))
            self.on[start].append((frozenset(members), end))
            return end
        if op is codes.SUBPATTERN:
            return self.add(value[3], start, (flags | value[1]) & ~value[2])
        if op is codes.BRANCH:
            ends, end = [self.add(branch, self._fork(start), flags) for branch in value[1]], self.state()
            for each in ends:
                self.free[each].append(("", end))
            return end
        if op in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            least, most, inner = value
            return self._repeat(least, most, inner, start, flags)
        if op is codes.AT:
            line = value in (codes.AT_BEGINNING, codes.AT_END) and flags & re.MULTILINE
            if not line:
                end = self.state()
                at_start = value in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING)
                self.free[start].append((_START if at_start else _END, end))
                return end
        raise InputError(_refusal(self.pattern, op))

    def _fork(self, start: int) -> int:
        end = self.state()
        self.free[start].append(("", end))
        return end

    def _repeat(self, least: int, most: Any, tree: Any, start: int, flags: int) -> int:
        for _ in range(least):
            start = self.add(tree, start, flags)
        if most is codes.MAXREPEAT:
            around = self._fork(start)
            self.free[self.add(tree, around, flags)].append(("", around))
            return self._fork(around)
        leaves = [start]
        for _ in range(most - least):
            leaves.append(self.add(tree, self._fork(leaves[-1]), flags))
        end = self.state()
        for each in leaves:
            self.free[each].append(("", end))
        return end


def _matches(op: Any, value: Any, character: str, flags: int) -> bool:
    """Whether one character matches a literal, a class or the dot."""
    if op is codes.ANY:
        return bool(flags & re.DOTALL) or character != "\n"
    if op is codes.NOT_LITERAL:
        return not _matches(codes.LITERAL, value, character, flags)
    if op is codes.IN:
        negated = value[0][0] is codes.NEGATE
        return negated != any(_matches(kind, each, character, flags) for kind, each in value[negated:])
    if op is codes.CATEGORY:
        return _in_category(value, character, flags)
    ends = (value, value) if op is codes.LITERAL else value
    ranged = "[" + "-".join(re.escape(chr(code)) for code in ends) + "]"
    return re.fullmatch(ranged, character, flags & re.IGNORECASE) is not None


def _refusal(pattern: str, op: Any) -> str:
    """What is not regular, where it stands, and what to do."""
    what, written, way_out = _REFUSED.get(op, (str(op).lower(), "", "write it otherwise"))
    column = next((at for at, rest in _pieces(pattern) if written and re.match(written, rest)), None)
    where = f" (column {column})" if column is not None else ""
    return f"pattern {pattern!r:.60}: {what}{where} is not regular here: {way_out}"


def _pieces(pattern: str) -> Iterator[tuple[int, str]]:
    """Columns, and what stands from there on, leaving out what is inside classes and behind backslashes."""
    at, inside = 0, False
    while at < len(pattern):
        if not inside:
            yield at + 1, pattern[at:]
        if pattern[at] == "\\":
            at += 2
        else:
            if pattern[at] == "[" and not inside:
                inside = True
                at += pattern[at + 1 : at + 2] == "^"
                at += pattern[at + 1 : at + 2] == "]"
            elif pattern[at] == "]":
                inside = False
            at += 1
