"""Every operator and builtin on a word: right, or refused at the user's line. Nothing is decided while tracing."""

from __future__ import annotations

import copy
import functools
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from logdepth import lang
from logdepth.errors import ProgramError
from logdepth.lang import Symbol, interpret, program
from tests.brute import brute_force

NAMES = {**vars(lang), "np": np, "math": math, "copy": copy, "functools": functools}


def traced(expression: str, path: Path, alphabet_size: int = 4):
    """The graph of a program that returns an expression of x and position, and the program's file."""
    file = path / "user.py"
    file.write_text(f"def f(x: Symbol, position: Position):\n    return {expression}\n")
    names = dict(NAMES)
    exec(compile(file.read_text(), str(file), "exec"), names)
    return program(names["f"]).trace(length=20, alphabet_size=alphabet_size)


# what Python says of the expression when x is an integer is what the program must say
RIGHT = """np.int64(1) == x; x == np.int64(1); np.int64(1) + x; np.int64(1) - x; np.uint8(5) - x; np.int32(3) * x
-x; +x; abs(x); abs(x - 2); -x + 1; x ** 2; x ** 0; x << 1; x << 0; x >> 1; x * 5; 5 * x; 3 - x; x - 3; x // 2; x % 3
-x // 2; -x % 3; x // -2; x & 1; 5 & x; x & -2; x == True; True + x; 2 == x; 2 < x; 2 >= x; x <= 2; x != 2; 2 != x
sum([x, x]); math.prod([x, x, 2]); (x == 1) ^ 1; (x == 1) | True; (x < 3) & (x > 1); x // 10**30; x % 10**30; x & 10**30
x + 10**12 - 10**12; (x + 10**12) < (x + 10**12 - 1); x - 10**12 < -(10**12) + 2; x * 10**11; ~(x == 1) + 2
x + (2**40 - 4); x - 2**40; (x - 2**40) + 2**40; 2**40 - x; x == 2**40; x == -(2**40); x < 2**40; x > -(2**40)"""


@pytest.mark.parametrize("expression", [e.strip() for line in RIGHT.splitlines() for e in line.split(";")])
def test_an_operator_means_what_python_means(expression: str, tmp_path: Path) -> None:
    graph = traced(expression, tmp_path)
    string = [0, 1, 2, 3]
    found = interpret(graph, np.array([string]))[0].tolist()
    assert found == brute_force(graph, string)
    assert found[1:] == [int(eval(expression.replace("~", "1 - "), {**NAMES, "x": x})) for x in string]


REFUSED = {
    "set or dict": """
        x in {1, 2}; {0: 5}.get(x); {0: 5}[x]; x in {}; hash(x); functools.cache(lambda v: 1)(x)
    """,
    "no truth value": """
        x in (1, 2); x in [1]; [1, 2].index(x); (1, 2).count(x); bool(x); min(x, 1); max(x, position);
        sorted([x, position]); 0 < x < 3; x and x; not x; any([x]); np.array([x]) == 1;
        np.max([x, position])
    """,
    "no one value": """
        int(x); float(x); complex(x); range(x); [1, 2][x]; math.floor(x); math.ceil(x); round(x)
    """,
    "not a sequence": """
        len(x); iter(x); [*x]; x[0]; 1 in x; reversed(x)
    """,
    "any function of words is a table": """
        2 ** x; 1 << x; 8 >> x; 1 // x; 7 % x; divmod(x, 2); divmod(7, x); x @ x
    """,
    "words are integers": """
        x / 2; 2 / x
    """,
    "neither a word nor an integer": """
        np.array([1, 2]) == x; x + np.array([1]); np.float64(1) + x; 1.0 == x; x == None; None == x;
        "a" == x; x != "a"; x * 1.5; x & 1.5; select(at(1).found, 1, 0); select(None, 1, 0); 1j + x
    """,
    "right side of": """
        x // 2.0; x % 2.0; x >> -1; x << 99; x ** -1; x ** position; x ** 10**9
    """,
    "a division by a word in": """
        x // position; x // (x - 9); ratio(x, position) >= 1
    """,
    "a mean is a fraction, not a word": """
        mean(x) + 1; select(mean(x), 1, 0); table(abs, mean(x)); minimum(mean(x), 1)
    """,
    "two fractions cannot be compared exactly": """
        mean(x) < mean(position)
    """,
    "write the fraction: Fraction": """
        mean(x) < 0.1
    """,
    "a real is not a word": """
        mean(x).rounded(5) * 2; mean(x).rounded(5) < 1; select(mean(x).rounded(5), 1, 0)
    """,
    "round both to one grid": """
        mean(x).rounded(5) + mean(x).rounded(6)
    """,
    "the denominator must be at least 1": """
        mean(x).rounded(0); mean(x).rounded(x)
    """,
    "the limits are": """
        mean(x).rounded(10**5); (mean(x, where=theirs(x) == x).rounded(10**12))
    """,
    "TypeError": """
        f"{x:d}"; x(); np.add(x, 1); np.equal(x, 1); table(5, x)
    """,
    "needs a Boolean": """
        select(2, 1, 0); x ^ 1; x | 4; ~x; x & position
    """,
    "over 40 bits": """
        x + 10**30; x * 10**30; x - 2**62; x == 2**63; x + 2**40; x - 2**40 - 1;
        table(lambda v: 10**30, x); 10**5000 + x; x == 10**5000; minimum(x, 2**41); at(10**20).read(x);
        (x - 2**40) * 2; x + 2**40 - 2**40
    """,
    "a look-up is not a word": """
        at(1) == at(1); at(1) + 1; bool(at(1)); x + at(1); hash(at(1)); at(at(1)); not at(1)
    """,
    "marks the other token's word in where=": """
        theirs(x) + 1; 1 + theirs(x); ~theirs(x); bool(theirs(x)); hash(theirs(x)); theirs(theirs(x));
        last().read(theirs(x)); at(theirs(x)); select(theirs(x), 1, 0); minimum(theirs(x), 1);
        table(lambda v: v, theirs(x)); count(where=x in theirs(x));
        theirs(x) & (theirs(x) == 1); np.int64(1) + theirs(x)
    """,
    "belongs in where=": """
        (theirs(x) == x) & (theirs(x) == 1); ~(theirs(x) == 1); select(theirs(x) == 1, 1, 0);
        count(where=theirs(x) == 1 == x); count(where=not theirs(x) == 1); (theirs(x) == 1) == 1;
        1 + (theirs(x) == x); hash(theirs(x) == 1); theirs(theirs(x) == 1);
        count(where=theirs(x) == (theirs(x) == 1)); count(where=1 < theirs(x) < 2); (theirs(x) < x) & 1
    """,
    "both sides are the other token's": """
        count(where=theirs(x) == theirs(position)); count(where=theirs(x) < theirs(position));
        count(where=theirs(one_hot(x)).contains(theirs(x)))
    """,
    "a set is not one word": """
        one_hot(x) + 1; x & one_hot(x); bool(one_hot(x)); hash(one_hot(x)); x in one_hot(x); select(one_hot(x), 1, 0);
        at(one_hot(x)); one_hot(one_hot(x)); one_hot(x).contains(one_hot(x)); one_hot(x) < x;
        highest(by=one_hot(x)).read(x); [*one_hot(x)]; theirs(x) == one_hot(x); table(lambda v: v, one_hot(x))
    """,
    "combines two sets": """
        one_hot(x) & 1; one_hot(x) | x; one_hot(x) - 1; one_hot(x) ^ None; one_hot(x) == 1; x == one_hot(x)
    """,
    "give both one size": """
        one_hot(x) | one_hot(x, 3); Bits.empty(2) & Bits.empty(3); one_hot(x) == Bits.empty(9)
    """,
    "is no bit vector": """
        Bits.of(x - 1); Bits.of(position * 2**33)
    """,
    "the limit is 4,096 members": """
        one_hot(x, 5000); one_hot(x, 0); Bits.empty(-1); Bits.below(position * 2000)
    """,
    "the limit is 4,096. Use a narrower word": """
        count(where=theirs(x * 5000) < position * 5000); last(where=x * 5000 != theirs(position * 5000)).read(x)
    """,
    "may be negative; shift it first": """
        union().read(x - 1)
    """,
    "marks the other token's set": """
        theirs(one_hot(x)) == x; count(where=theirs(one_hot(x))); one_hot(x).contains(theirs(one_hot(x)));
        theirs(theirs(one_hot(x)))
    """,
    r"where=theirs\(x\) == 1$": """
        count(where=x == 1); count(where=1 == x); exists(where=(theirs(x) == 1, x == 1))
    """,
    r"where=theirs\(x\) == position, or where=x == theirs\(position\)": """
        last(where=x == position).read(x); highest(by=x, where=x == position).read(x)
    """,
    "must mark the other token's word": """
        count(where=x); count(where=1 - (x == position)); count(where=minimum(x == 1, 1));
        count(where=maximum(x == position, 0)); count(where=x != 1);
        count(where=(x == 1) & (x == position)); count(where=select(x == 1, 1, 0));
        count(where=table(lambda a, b: a == b, x, position)); count(where=x < position)
    """,
    "alone needs a Boolean": """
        count(where=theirs(x)); count(where=(theirs(position), theirs(x) == 1))
    """,
    "where= takes comparisons": """
        count(where=None); count(where=True); count(where=1); count(where="x");
        count(where=(theirs(x) == 1, ())); count(where=(c for c in ())); count(where={1})
    """,
    "by= is the other token's word already": """
        highest(by=theirs(x)).read(x); lowest(by=theirs(x), where=()).read(x);
        highest(by=theirs(one_hot(x))).read(x)
    """,
}


@pytest.mark.parametrize(
    ("message", "expression"), [(m, e.strip()) for m, each in REFUSED.items() for e in each.split(";")]
)
def test_refused_at_the_line(message: str, expression: str, tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=message) as caught:
        traced(expression, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'user.py'}:2: "), caught.value
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "literal",
    ["x is 1", "1 is x", "(x == 1) is True", "x is not False", "x is 'a'", "x is 1000", "x is x", "x is position"],
)
def test_identity_is_refused(literal: str, tmp_path: Path) -> None:
    message = r"user.py:2: `is` asks whether two objects are one"
    # Python's own warning comes for some of these
    with warnings.catch_warnings(action="ignore"), pytest.raises(ProgramError, match=message):
        traced(f"3 if {literal} else x", tmp_path)


def test_identity_with_none_is_pythons_own(tmp_path: Path) -> None:
    assert traced("x if x is not None else 3", tmp_path).output_is_symbol


def helper(word: Any) -> int:
    return 1 if (word == 1) is True else 0


def test_identity_in_a_function_that_a_program_names_is_refused() -> None:
    with pytest.raises(ProgramError, match=r"test_operators.py:\d+: `is` asks whether two objects are one"):

        @program
        def asks(x: Symbol):
            return helper(x)


SAME = [
    ("count(where=theirs(x) == 1)", "count(where=1 == theirs(x))"),
    ("count(where=theirs(x) == 1)", "count(where=theirs(x == 1))"),
    ("count(where=theirs(x) == 1)", "count(where=np.int64(1) == theirs(x))"),
    ("last(where=theirs(x) == position).read(x)", "last(where=position == theirs(x)).read(x)"),
    ("last(where=theirs(position) == x).read(x)", "last(where=x == theirs(position)).read(x)"),
    ("exists(where=[theirs(x) == 1, x == theirs(x)])", "exists(where=(1 == theirs(x), theirs(x) == x))"),
    ("count(where=theirs(1) == x)", "count(where=x == theirs(1))"),
    ("count(where=theirs(x) < x)", "count(where=x > theirs(x))"),
    ("count(where=theirs(x) <= position)", "count(where=position >= theirs(x))"),
    ("count(where=theirs(x) >= x)", "count(where=(theirs(x) > x - 1))"),
    ("count(where=theirs(x) != x)", "count(where=(~one_hot(x)).contains(theirs(x)))"),
    ("count(where=theirs(x) < x)", "count(where=Bits.below(x, 5).contains(theirs(x)))"),
    ("count(where=theirs(x) < x)", "count(where=theirs(~Bits.below(x + 1, 5)).contains(x))"),
    ("count(where=theirs(x) < 3)", "count(where=theirs(x < 3))"),
    ("count(where=1 < theirs(x))", "count(where=theirs(x > 1))"),
    ("count(where=theirs(2) < x)", "count(where=x > theirs(2))"),
    ("union(where=theirs(x) == x).read(position)", "union(where=x == theirs(x)).read(Bits.of(position)).words[0]"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_order_of_a_comparison_does_not_matter(one: str, other: str, tmp_path: Path) -> None:
    strings = np.random.default_rng(0).integers(0, 4, (20, 20))
    graphs = [traced(expression, tmp_path) for expression in (one, other)]
    answers = [interpret(graph, strings) for graph in graphs]
    assert (answers[0] == answers[1]).all() and answers[0].any()
    for row in range(3):
        assert answers[0][row].tolist() == brute_force(graphs[0], strings[row].tolist())


def test_a_word_of_another_trace_is_refused() -> None:
    kept = []

    def keeps(x: Symbol):
        kept.append(x)
        return kept[0]

    program(keeps).trace(length=5, alphabet_size=2)
    with pytest.raises(ProgramError, match="was made in another trace"):
        program(keeps).trace(length=5, alphabet_size=3)


def test_copies_are_words(tmp_path: Path) -> None:
    assert traced("copy.copy(x)", tmp_path).output_is_symbol
