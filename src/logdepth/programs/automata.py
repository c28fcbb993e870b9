"""Finite automata and regular expressions: whether each prefix is accepted, in ceil(log2 length) + 1 layers.

Each symbol is a function of the states. They are composed by doubling (`composition.py`), and the last layer says
whether the start is taken to an accepting state. Automata are made smallest first; those of over 32 states compile only
if the functions that their symbols make are few (128).
"""

from __future__ import annotations

import re

import numpy as np

from logdepth.errors import InputError
from logdepth.lang import Position, Symbol, Word, program, table
from logdepth.programs.composition import composed, held
from logdepth.programs.finite_automata import Dfa, parse_dfa
from logdepth.programs.regular_expressions import automaton_of, symbols_of
from logdepth.programs.stated import Question, Stated, both

MOST_STATES = 32


def dfa_symbols(dfa: str) -> tuple[str, ...]:
    """The symbols that the automaton names."""
    return parse_dfa(dfa).symbols


@program(alphabet=dfa_symbols)
def automaton(x: Symbol, position: Position, dfa: str):
    """Whether an automaton accepts the symbols up to me."""
    return _accepted(x, position, parse_dfa(dfa), "dfa")


@program(alphabet=symbols_of)
def regex(x: Symbol, position: Position, pattern: str, symbols: str = ""):
    """Whether a regular expression matches all symbols up to me."""
    return _accepted(x, position, automaton_of(pattern, symbols), f"pattern {pattern!r:.60}")


def _accepted(x: Word, position: Word, dfa: Dfa, name: str) -> Word | int:
    size = len(dfa.steps)
    if size == 1:
        return int(0 in dfa.accepting)
    part = held([tuple(dfa.steps[q][a] for q in range(size)) for a in range(len(dfa.symbols))])
    if part.numbered is None and size > MOST_STATES:
        raise InputError(
            f"{name}: the smallest automaton has {size:,} states; the limit is {MOST_STATES}, as functions of n states "
            "take n words. Bound its repeats lower, or split it into several models"
        )
    found = composed(position, x, [part])[0]
    functions = part.numbered
    if functions is None:
        return table(lambda state: state in dfa.accepting, found[0])
    return table(lambda number: functions[number][0] in dfa.accepting, found[0])


def _depth(dfa: Dfa, asked: Question) -> int:
    if len(dfa.steps) == 1:
        return 1
    return max(1, asked.doublings + (asked.doublings > 0))


def _walked(rng: np.random.Generator, dfa: Dfa, length: int) -> list[int]:
    """Symbols that leave hope to be accepted, as long as there are any; now and then any."""
    state, string, hopeful = 0, [], dfa.hopeful
    careless = rng.random() < 0.3
    for _ in range(length):
        good = [a for a, to in enumerate(dfa.steps[state]) if to in hopeful]
        if not good or (careless and rng.random() < 0.05):
            good = list(range(len(dfa.symbols)))
        string.append(int(rng.choice(good)))
        state = dfa.steps[state][string[-1]]
    return string


def _fully(seen: list[int], i: int, asked: Question) -> int:
    """By the standard library's own matcher."""
    symbols = symbols_of(asked["pattern"], asked["symbols"])
    return int(re.fullmatch(asked["pattern"], "".join(symbols[symbol] for symbol in seen[:i])) is not None)


_SOURCE = "transition functions by doubling; Liu et al. 2023"
STATED = (
    Stated(
        "automaton",
        "whether a finite automaton accepts the symbols so far",
        both(automaton),
        lambda seen, i, asked: int(parse_dfa(asked["dfa"]).accepts(seen[:i])),
        lambda asked: _depth(parse_dfa(asked["dfa"]), asked),
        _SOURCE,
        lambda rng, asked: _walked(rng, parse_dfa(asked["dfa"]), asked.length),
        {"dfa": "symbols a b; start 0; accept 2; 0 a 1; 0 b 0; 1 a 2; 1 b 0; 2 a 2; 2 b 1"},
    ),
    Stated(
        "regex",
        "whether a regular expression matches all symbols so far",
        both(regex),
        _fully,
        lambda asked: _depth(automaton_of(asked["pattern"], asked["symbols"]), asked),
        f"Thompson 1968, Rabin and Scott 1959; {_SOURCE}",
        lambda rng, asked: _walked(rng, automaton_of(asked["pattern"], asked["symbols"]), asked.length),
        {"pattern": "(a|b)*abb(c|d)?"},
    ),
)
