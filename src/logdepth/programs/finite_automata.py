"""Deterministic finite automata: from text, from Python, out of sets of states, and the smallest that is equal.

The text has a line for the symbols, one for the start, one for the accepting states, then a line for each step:

    symbols a b
    start even
    accept even
    even a odd
    odd a even
    even b even
    odd b odd

A step that is not listed leads to a state that accepts nothing and never ends. `#` begins a comment; lines may be
joined by `;`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from logdepth.errors import InputError

MOST_SETS = 4096  # states on the way to the smallest automaton
_WORDS = ("symbols", "start", "accept")


@dataclass(frozen=True)
class Dfa:
    """States 0, 1, .., the start first; steps[state][symbol] is the next state.

    >>> even = Dfa.of("ab", "even", {"even"}, {("even", "a"): "odd", ("odd", "a"): "even", ("even", "b"): "even"})
    >>> [even.accepts([0] * n) for n in range(4)], even.accepts([0, 1, 0])
    ([True, False, True, False], False)
    """

    symbols: tuple[str, ...]
    steps: tuple[tuple[int, ...], ...]
    accepting: frozenset[int]

    @staticmethod
    def of(symbols: Iterable[str], start: Any, accepting: Iterable[Any], steps: Mapping[tuple[Any, str], Any]) -> Dfa:
        """From Python: any names of states, a step for each of them and symbol; one that is not there accepts nothing.

        Raises `InputError` for a step on a symbol that there is not.
        """
        symbols = tuple(symbols)
        for _, symbol in steps:
            if symbol not in symbols:
                raise InputError(f"dfa: a step on {symbol!r:.40}, which is none of the symbols {' '.join(symbols)}")
        accepting = set(accepting)
        return from_sets(symbols, start, lambda q, a: steps.get((q, symbols[a])), lambda q: q in accepting)

    def run(self, string: Sequence[int]) -> int:
        """The state that a string of symbols leads to."""
        state = 0
        for symbol in string:
            state = self.steps[state][symbol]
        return state

    def accepts(self, string: Sequence[int]) -> bool:
        return self.run(string) in self.accepting

    @property
    def text(self) -> str:
        """As text that `parse_dfa` reads, for programs that take one."""
        names = range(len(self.steps))
        lines = [f"symbols {' '.join(self.symbols)}", "start 0"]
        lines += [f"accept {' '.join(str(q) for q in sorted(self.accepting))}"] if self.accepting else []
        lines += [f"{q} {symbol} {self.steps[q][a]}" for q in names for a, symbol in enumerate(self.symbols)]
        return "; ".join(lines)

    @property
    def hopeful(self) -> frozenset[int]:
        """The states from which an accepting one can be reached."""
        found = set(self.accepting)
        while more := {q for q, to in enumerate(self.steps) if q not in found and not found.isdisjoint(to)}:
            found |= more
        return frozenset(found)

    def minimised(self) -> Dfa:
        """The smallest equal automaton, by splitting classes of states until they stay (Moore 1956)."""
        classes = [int(q in self.accepting) for q in range(len(self.steps))]
        while True:
            seen: dict[tuple[int, ...], int] = {}
            finer = [
                seen.setdefault((classes[q], *(classes[to] for to in self.steps[q])), len(seen))
                for q in range(len(self.steps))
            ]
            if len(seen) == len(set(classes)):
                break
            classes = finer
        first = {c: q for q, c in reversed(list(enumerate(finer)))}
        steps = tuple(tuple(finer[to] for to in self.steps[first[c]]) for c in range(len(first)))
        return Dfa(self.symbols, steps, frozenset(finer[q] for q in self.accepting))


def from_sets(
    symbols: tuple[str, ...],
    start: Hashable,
    step: Callable[[Any, int], Hashable],
    accepts: Callable[[Any], bool],
    *,
    name: str = "dfa",
) -> Dfa:
    """The smallest automaton of all states that can be reached, whatever they are. Raises `InputError` for too many."""
    number, order, steps = {start: 0}, [start], []
    for state in order:
        row = []
        for symbol in range(len(symbols)):
            to = step(state, symbol)
            if to not in number:
                number[to] = len(order)
                order.append(to)
                if len(order) > MOST_SETS:
                    raise InputError(
                        f"{name}: over {MOST_SETS:,} states on the way to the smallest automaton, which is the limit; "
                        "a choice that is decided many symbols later doubles them with each (.*a.{20}): say it "
                        "backwards, or bound it lower"
                    )
            row.append(number[to])
        steps.append(tuple(row))
    accepting = frozenset(i for i, state in enumerate(order) if state is not None and accepts(state))
    return Dfa(symbols, tuple(steps), accepting).minimised()


@lru_cache(maxsize=64)
def parse_dfa(text: str) -> Dfa:
    """The automaton of a text. Raises `InputError`, naming the line, for what is none."""
    said: dict[str, list[str]] = {}
    steps: dict[tuple[str, str], str] = {}
    for number, line in enumerate(re.split(r"[\n;]", text), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] in _WORDS:
            if words[0] in said:
                raise InputError(f"dfa, line {number}: {words[0]} is given twice")
            said[words[0]] = words[1:]
            continue
        if len(words) != 3:
            raise InputError(
                f"dfa, line {number}: {line.strip()!r:.60} is no step; write STATE SYMBOL STATE, or a line with "
                "symbols, start or accept"
            )
        state, symbol, to = words
        if symbol not in said.get("symbols", [symbol]):
            raise InputError(f"dfa, line {number}: {symbol!r:.40} is none of the symbols {' '.join(said['symbols'])}")
        if steps.setdefault((state, symbol), to) != to:
            raise InputError(f"dfa, line {number}: a second step from {state} on {symbol}, so it is not deterministic")
    for word in ("symbols", "start"):
        if not said.get(word):
            raise InputError(f"dfa: a line says {word} ..; there is none")
    if len(said["start"]) != 1:
        raise InputError(f"dfa: start {' '.join(said['start'])}: one state, not {len(said['start'])}")
    if len(set(said["symbols"])) < len(said["symbols"]):
        raise InputError("dfa: a symbol is listed twice")
    known = {said["start"][0], *(state for state, _ in steps), *steps.values()}
    for state in said.get("accept", []):
        if state not in known:
            raise InputError(f"dfa: accept names the state {state!r:.40}, which no step mentions")
    return Dfa.of(said["symbols"], said["start"][0], said.get("accept", []), steps)
