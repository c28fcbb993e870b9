"""Automata and regular expressions: equal to Python's matcher; what is not regular, or too large, is refused."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.lang import interpret
from logdepth.programs import BUILT_IN
from logdepth.programs.composition import after, held
from logdepth.programs.finite_automata import Dfa, parse_dfa
from logdepth.programs.regular_expressions import automaton_of, symbols_of

EVEN = """
symbols a b      # an even number of a's
start even
accept even
even a odd
odd a even
even b even
odd b odd
"""


def words(size: int, most: int):
    return (list(word) for n in range(most + 1) for word in itertools.product(range(size), repeat=n))


def test_from_text_and_from_python() -> None:
    steps = {("even", "a"): "odd", ("odd", "a"): "even", ("even", "b"): "even", ("odd", "b"): "odd"}
    dfa = Dfa.of("ab", "even", {"even"}, steps)
    assert parse_dfa(EVEN) == dfa == parse_dfa(dfa.text) == parse_dfa(EVEN.replace("\n", ";"))
    assert all(dfa.accepts(word) == (word.count(0) % 2 == 0) for word in words(2, 6))


def test_a_step_that_is_not_there_accepts_nothing() -> None:
    dfa = parse_dfa("symbols a b; start 0; accept 1; 0 a 1")
    assert [dfa.accepts(word) for word in ([], [0], [1], [0, 0], [0, 1])] == [False, True, False, False, False]
    assert len(dfa.steps) == 3


@given(
    st.integers(1, 7),
    st.lists(st.lists(st.integers(0, 6), min_size=2, max_size=2), min_size=7, max_size=7),
    st.sets(st.integers(0, 6)),
)
@settings(max_examples=80, deadline=None)
def test_the_smallest_is_equal_and_smallest(size: int, steps: list[list[int]], accepting: set[int]) -> None:
    table = {(q, "ab"[a]): steps[q][a] % size for q in range(size) for a in range(2)}
    accepting = {q for q in accepting if q < size}
    found = Dfa.of("ab", 0, accepting, table)
    reached = set()
    for word in words(2, 6):
        state = 0
        for symbol in word:
            state = table[state, "ab"[symbol]]
        reached.add(state)
        assert found.accepts(word) == (state in accepting)
    futures = {  # two states are one iff no word tells them apart; words as long as there are states are enough
        q: tuple(_accepted(table, accepting, q, word) for word in words(2, 6)) for q in reached
    }
    assert len(found.steps) == len(set(futures.values()))
    assert found.minimised() == found


def _accepted(table: dict, accepting: set[int], state: int, word: list[int]) -> bool:
    for symbol in word:
        state = table[state, "ab"[symbol]]
    return state in accepting


def test_functions_are_held_the_cheaper_way() -> None:
    turn = (*range(1, 12), 0)
    assert held([turn]).numbered is not None and len(held([turn]).numbered or ()) == 12
    assert held([(1, 0, 2, 3, 4), (1, 2, 3, 4, 0)]).numbered is None  # S5: 120 functions, or five words
    assert after((1, 2, 0), (0, 2, 1)) == (2, 1, 0)


PATTERNS = [
    "a*", "(a|b)*abb", "a+b?c{2,3}", "[ab]*c", "[^a]b*", "(ab|ba)+", "((a|b)(c|))*", "a{0}b", "(a*)*b", "a|",
    "(?:ab){1,2}",
    "^ab$", "(^a|b)+", "a$|b", r"\Aab*\Z", "a^b", "a$b", "(a|b$)*", "(?i:A)b", "a.c", "[a-c]{3}", "(?i)[A-B]c*",
    "a*?b+?",
    "(?P<name>a)b", "(?#note)a", r"[^\d]a", "(a$)*b*", "(?:^)*a", "(?i:[^A])b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_match_as_in_python(pattern: str) -> None:
    dfa = automaton_of(pattern, "abc")
    for word in words(3, 6):
        text = "".join("abc"[symbol] for symbol in word)
        assert dfa.accepts(word) == (re.fullmatch(pattern, text) is not None), text
    graph = BUILT_IN["regex"].trace(6, 3, pattern=pattern, symbols="abc")
    strings = np.array(list(itertools.product(range(3), repeat=6)))
    found = interpret(graph, strings)
    assert isinstance(found, np.ndarray)
    for string, answers in zip(strings.tolist(), found.tolist(), strict=True):
        assert answers[1:] == [int(dfa.accepts(string[:i])) for i in range(1, 7)]


LETTERS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", r"\w", r"\d"])
EXPRESSIONS = st.recursive(
    LETTERS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda each: f"({each}|)"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, st.lists(st.lists(st.integers(0, 2), max_size=9), min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_pattern_matches_as_in_python(pattern: str, strings: list[list[int]]) -> None:
    dfa = automaton_of(pattern, "abc")
    for word in strings:
        text = "".join("abc"[symbol] for symbol in word)
        assert dfa.accepts(word) == (re.fullmatch(pattern, text) is not None), (pattern, text)


def test_the_alphabet_is_what_the_pattern_names() -> None:
    assert symbols_of("(a|b)*abb") == ("a", "b") and symbols_of("[x-z]?a") == ("a", "x", "y", "z")
    assert symbols_of(r"\d+") == tuple("0123456789") and symbols_of("a", "ba") == ("b", "a")


REFUSED = [
    (r"(a*)b\1", "a backreference (column 6) is not regular here"),
    (r"(?P<x>a)(?P=x)", "a backreference (column 9)"),
    (r"ab(?=c)", "a lookaround (column 3)"),
    (r"[(?=]a(?!b)c", "a lookaround (column 7)"),
    (r"a(?<=a)b", "a lookaround (column 2)"),
    (r"\(?(?<!a)b", "a lookaround (column 4)"),
    (r"(a)?(?(1)b|c)", "a conditional group (column 5)"),
    (r"(?>a*)a", "an atomic group (column 1)"),
    (r"a*+a", "a possessive repeat (column 2)"),
    (r"a\bb", "a boundary (column 2)"),
    (r"(?m)^a", "a boundary (column 5)"),
    ("a(", "is no regular expression: missing ), unterminated subpattern at position 1 (column 2)"),
    ("[b-a]", "is no regular expression: bad character range b-a"),
    ("a{2,1}", "is no regular expression: min repeat greater than max repeat"),
    (".*", "names no characters; give symbols"),
    ("(a|b)*a(a|b){20}", "over 4,096 states on the way to the smallest automaton"),
    ("a{30000}", "over 20,000 states before they are put together"),
    ("(a|b)*a(a|b){6}", "the smallest automaton has 128 states; the limit is 32"),
]


@pytest.mark.parametrize(("pattern", "message"), REFUSED, ids=[pattern for pattern, _ in REFUSED])
def test_what_is_not_regular(pattern: str, message: str) -> None:
    with pytest.raises(InputError, match="pattern") as error:
        BUILT_IN["regex"].trace(9, len(symbols_of(pattern)), pattern=pattern)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_many_states_compile_where_their_functions_are_few() -> None:
    pattern = "(" + "a" * 60 + ")*"
    assert len(automaton_of(pattern).steps) == 60
    assert BUILT_IN["regex"].run("a" * 121, pattern=pattern) == [int(n % 60 == 0) for n in range(1, 122)]


BAD = [
    ("start p", "dfa: a line says symbols ..; there is none"),
    ("symbols a; start p q", "start p q: one state, not 2"),
    ("symbols a a; start p", "a symbol is listed twice"),
    ("symbols a; symbols b; start p", "dfa, line 2: symbols is given twice"),
    ("symbols a; start p; p a", "dfa, line 3: 'p a' is no step; write STATE SYMBOL STATE"),
    ("symbols a; start p; p b p", "dfa, line 3: 'b' is none of the symbols a"),
    ("symbols a; start p; p a p\np a q", "dfa, line 4: a second step from p on a, so it is not deterministic"),
    ("symbols a; start p; accept r; p a p", "accept names the state 'r', which no step mentions"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=range(len(BAD)))
def test_what_is_no_automaton(text: str, message: str) -> None:
    with pytest.raises(InputError, match="dfa") as error:
        parse_dfa(text)
    assert message in str(error.value)


def test_steps_on_unknown_symbols() -> None:
    with pytest.raises(InputError, match="a step on 'c', which is none of the symbols a b"):
        Dfa.of("ab", 0, {0}, {(0, "c"): 0})
