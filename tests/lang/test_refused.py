"""What the language refuses: one line, naming the user's line, saying what to do instead."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from logdepth.errors import InputError, ProgramError
from logdepth.lang import (
    Header,
    Position,
    Program,
    Symbol,
    Word,
    at,
    count,
    last,
    maximum,
    program,
    select,
    table,
    theirs,
)

REFUSED: list[tuple[Callable, str]] = []


def refused(message: str) -> Callable[[Callable], Callable]:
    def mark(body: Callable) -> Callable:
        REFUSED.append((body, message))
        return body

    return mark


@refused("no truth value")
def python_if(x: Symbol, position: Position):
    return x if x == 1 else position  # BAD


@refused("no truth value")
def tuple_comparison(x: Symbol, position: Position):
    return last(where=(x, position) == (position, x)).read(x)  # BAD


@refused(r"several: where=\(theirs\(a\) == b, theirs\(c\) == d\)")
def comparison_of_a_tuple_with_itself(x: Symbol, position: Position):
    return last(where=(x, position) == (x, position)).read(x)  # BAD


@refused("one comparison each and must mark")
def matching_on_less(x: Symbol, position: Position):
    return last(where=x < x).read(x)  # BAD


@refused("one comparison each and must mark")
def matching_on_not_equal(x: Symbol, position: Position):
    return last(where=x != position).read(x)  # BAD


@refused("one comparison each and must mark")
def conjunction_of_comparisons(x: Symbol, position: Position):
    return last(where=(x == position) & (position == x)).read(x)  # BAD


@refused("one comparison each and must mark")
def matching_on_a_number(x: Symbol, position: Position):
    return last(where=position).read(x)  # BAD


@refused("where= takes comparisons")
def matching_on_python_bool(x: Symbol, position: Position):
    return last(where=True).read(x)  # BAD


@refused("neither a word nor an integer")
def adding_text(x: Symbol, position: Position):
    return x + "a"  # BAD


@refused("neither a word nor an integer")
def adding_a_float(x: Symbol, position: Position):
    return x + 0.5  # BAD


@refused("needs a Boolean")
def selecting_by_a_number(x: Symbol, position: Position):
    return select(position, x, 0)  # BAD


@refused("needs a Boolean")
def inverting_a_number(x: Symbol, position: Position):
    return ~position  # BAD


@refused("combinations")
def large_table(x: Symbol, position: Position):
    return table(lambda *values: 0, position, position, position, position)  # BAD


@refused("it must give integers")
def table_of_floats(x: Symbol, position: Position):
    return table(lambda a: a / 2, x)  # BAD


@refused("needs a word")
def table_of_nothing(x: Symbol, position: Position):
    return table(lambda: 1)  # BAD


@refused("division by zero")
def dividing_by_zero(x: Symbol, position: Position):
    return x // 0  # BAD


@refused("which may be below 1; divide by maximum")
def dividing_by_a_word(x: Symbol, position: Position):
    return x // position  # BAD


@refused("over 40 bits")
def growing_without_end(x: Symbol, position: Position):
    for _ in range(60):
        x = x + x + 1  # BAD
    return x


@refused("read what?")
def reading_nothing(x: Symbol, position: Position):
    return at(position - 1).read()  # BAD


@refused("NameError")
def misspelt(x: Symbol, position: Position):
    return maximum(x, postion)  # noqa: F821  # BAD


@pytest.mark.parametrize(("body", "message"), REFUSED, ids=[body.__name__ for body, _ in REFUSED])
def test_refused_with_the_line(body: Callable, message: str) -> None:
    lines, first = inspect.getsourcelines(body)
    line = first + next(i for i, text in enumerate(lines) if "# BAD" in text)
    with pytest.raises(ProgramError, match=message) as caught:
        program(body).trace(length=20, alphabet_size=4)
    assert str(caught.value).startswith(f"{__file__}:{line}:"), caught.value
    assert "\n" not in str(caught.value)


def test_a_program_must_return_a_word() -> None:
    @program
    def nothing(x: Symbol):
        pass

    with pytest.raises(ProgramError, match="returned None; it must return one word"):
        nothing.trace(length=3, alphabet_size=2)


def test_look_ups_belong_inside_a_program() -> None:
    word = Word("symbol", (), 0, 3)
    for look_up in (lambda: at(word), lambda: count(where=theirs(word) == word)):
        with pytest.raises(ProgramError, match="inside a function marked @program"):
            look_up()


def with_k(x: Symbol, k: int, *, far: bool = False):
    return x + k


def with_header(x: Symbol, h: Header):
    return x


@pytest.mark.parametrize(
    ("marked", "sizes", "message"),
    [
        (program(with_k), {"length": 0, "alphabet_size": 2, "k": 1}, "length is 0; it must be at least 1"),
        (program(with_k), {"length": 2, "alphabet_size": -1, "k": 1}, "alphabet is -1"),
        (program(with_k), {"length": 2, "alphabet_size": 2}, "needs the parameter k"),
        (program(with_k), {"length": 2, "alphabet_size": 2, "k": 1, "farr": 1}, "no parameter farr; did you mean far"),
        (program(with_k), {"length": 2, "alphabet_size": 2, "k": 1, "header_size": 2}, "reads no header"),
        (program(with_header), {"length": 2, "alphabet_size": 2}, "reads a header"),
    ],
)
def test_wrong_sizes(marked: Program, sizes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        marked.trace(**sizes)


def test_key_and_query_keep_their_sides() -> None:
    """`theirs(a)` is the other token's, whichever side it stands on and whatever kind of word each is."""

    @program
    def sides(x: Symbol, position: Position):
        before = at(position - 1).read(x)
        return last(where=theirs(before) == x).read(position) + 100 * last(where=before == theirs(x)).read(position)

    graph = sides.trace(length=5, alphabet_size=3)
    found = [node.match for node in graph.nodes if node.op == "read" and node.match and node.match.kind == "last"]
    sides_of = {(graph.nodes[m.keys[0]].op, graph.nodes[m.queries[0]].op) for m in found}
    assert sides_of == {("read", "symbol"), ("symbol", "read")}
    for word in graph.nodes:
        assert type(word.lo) is int
    assert all(type(value) is Word for value in (Word("symbol", (), 0, 3), Word("symbol", (), 0, 3) + 1))
