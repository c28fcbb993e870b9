"""What a program's parameters may be is checked by the program, whatever door it is called through."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest

import logdepth
from logdepth.errors import InputError, ProgramError
from logdepth.lang import AtLeast, AtMost, Header, Position, Program, Symbol, Word, at, program
from logdepth.programs import BUILT_IN, khop_doubling, khop_rank, khop_rank_any
from tests.brute import brute_force

SIZES = {"length": 9, "alphabet_size": 3}


@pytest.mark.parametrize("name", ["khop_rank", "khop_doubling"])
@pytest.mark.parametrize(
    ("k", "message"),
    [
        (-1, "k is -1; it must be at least 0"),
        (np.int64(-2), "k is -2; it must be at least 0"),
        (True, "k is True; it must be a whole number"),
        (1.0, r"k is 1\.0; it must be a whole number"),
        ("3", "k is '3'; it must be a whole number"),
        (None, "k is None; it must be a whole number"),
        (np.float64(2), "it must be a whole number"),
        (np.True_, "it must be a whole number"),
        ("x\n" * 4000, "it must be a whole number"),
    ],
)
def test_hops_are_whole_numbers_from_0(name: str, k: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        BUILT_IN[name].trace(**SIZES, k=k)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    with pytest.raises(InputError, match=message):
        logdepth.compile(BUILT_IN[name], length=9, alphabet=3, k=k)


@pytest.mark.parametrize("name", ["khop_rank_any", "khop_doubling_any"])
def test_a_model_for_every_k_takes_no_header_beyond_its_largest(name: str) -> None:
    message = r"9 headers .* with max_k = 3 serves 0\.\.3; give 4, or max_k = 8"
    with pytest.raises(InputError, match=message):
        BUILT_IN[name].trace(**SIZES, header_size=9, max_k=3)
    with pytest.raises(InputError, match=message):
        logdepth.compile(BUILT_IN[name], length=9, alphabet=3, header_size=9, max_k=3)
    with pytest.raises(InputError, match="max_k is -1"):
        BUILT_IN[name].trace(**SIZES, header_size=1, max_k=-1)
    for headers in range(1, 5):  # fewer are fine: every one of them is right
        graph = BUILT_IN[name].trace(**SIZES, header_size=headers, max_k=3)
        for header in range(headers):
            single = (khop_rank if "rank" in name else khop_doubling).trace(**SIZES, k=header)
            string = [0, 1, 0, 1, 2, 0, 1, 1, 0]
            assert brute_force(graph, string, header)[1:] == brute_force(single, string)[1:]


def test_numpy_whole_numbers_are_whole_numbers() -> None:
    assert khop_rank.trace(np.int64(9), np.int32(3), k=np.int64(2)).setting.length == 9
    model = logdepth.compile(khop_rank, length=9, alphabet=3, k=np.int64(2))
    assert type(model.compilation.parameters["k"]) is int


@pytest.mark.parametrize("size", [True, 9.0, "9", None, 10**30])
def test_sizes_are_whole_numbers(size: object) -> None:
    with pytest.raises(InputError, match=r"length is .*; it must be"):
        khop_rank.trace(size, 3, k=1)
    with pytest.raises(InputError, match=r"alphabet is .*; it must be"):
        khop_rank.trace(9, size, k=1)
    with pytest.raises(InputError, match=r"header_size is .*; it must be"):
        khop_rank_any.trace(9, 3, size, max_k=1)


@program
def many(
    x: Symbol,
    h: Annotated[Header, AtMost(4)],
    back: Annotated[int, AtLeast(1), AtMost(3)] = 1,
    name: str = "a",
    way: Literal["up", "down"] = "up",
    far: int | None = None,
    flag: bool = False,
    loose=None,
    most: Annotated[int, AtMost("back")] = 0,
    maybe: Annotated[int, AtLeast(2)] | None = None,
    ratio: float = 0.5,
):
    return x


@program
def misnamed(x: Symbol, h: Annotated[Header, AtMost("larges")], largest: int):
    return x


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"back": 0}, "back is 0; it must be at least 1"),
        ({"back": 4}, "back is 4; it must be at most 3"),
        ({"name": 3}, "name is 3; it must be text"),
        ({"way": "left"}, "way is 'left'"),
        ({"far": "x"}, "far is 'x'; it must be a whole number or None"),
        ({"flag": 1}, "flag is 1; it must be true or false"),
        ({"most": 2, "back": 1}, "most is 2; it must be at most back, which is 1"),
        ({"maybe": 1}, "maybe is 1; it must be at least 2 or None"),
        ({"ratio": "x"}, "ratio is 'x'; it must be a number"),
        ({"header_size": 6}, r"6 headers .* program many serves 0\.\.4; give 5"),
    ],
)
def test_annotations_are_limits(parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        many.trace(**SIZES, **{"header_size": 5, **parameters})


def test_a_limit_that_names_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"h is limited by AtMost\(most='larges'\), which is no parameter"):
        misnamed.trace(**SIZES, header_size=1, largest=1)


def test_a_plain_function_is_not_compiled() -> None:
    with pytest.raises(InputError, match="is not a program; mark it with @program"):
        logdepth.compile(adds_one, length=5, alphabet=2)


def test_what_annotations_allow() -> None:
    allowed = {
        "maybe": 2,
        "most": 3,
        "ratio": 2,
        "back": 3,
        "name": "b",
        "way": "down",
        "far": None,
        "flag": True,
        "loose": [1],
    }
    assert many.trace(**SIZES, header_size=5, **allowed).output_is_symbol


def refused_marks():
    class Thing:
        pass

    async def waits(x: Symbol):
        return x

    def yields(x: Symbol):
        yield x

    def method(self, x: Symbol):
        return x

    def packs(x: Symbol, *rest):
        return x

    def swallows(x: Symbol, **rest):
        return x

    def unnamed(x: Symbol, k: int, /):
        return x

    yield from [
        (Thing, "Thing is a class"),
        (lambda x: x, "is a lambda"),
        (waits, "waits is async"),
        (yields, "yields is a generator"),
        (method, "method is a method"),
        (packs, r"packs takes \*rest"),
        (swallows, r"swallows takes \*\*rest"),
        (unnamed, "unnamed takes "),
        (len, "len is a builtin_function_or_method"),
        (Thing().__init__, "__init__ is a method-wrapper"),
        (staticmethod(method), "is a staticmethod"),
        (program(with_a_name), "with_a_name is marked @program already"),
        ("text", "'text' is a str"),
    ]


def with_a_name(x: Symbol):
    return x


@pytest.mark.parametrize(("function", "message"), list(refused_marks()))
def test_only_plain_functions_are_programs(function: object, message: str) -> None:
    with pytest.raises(ProgramError, match=message) as caught:
        program(function)
    assert f"{__file__}:" in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(ProgramError, match=message):
        program(causal=False)(function)


def failing(message: str, error: type[BaseException] = AssertionError):
    @program
    def fails(x: Symbol):
        raise error(message)  # BAD

    return fails


@pytest.mark.parametrize("error", [AssertionError, SystemExit, KeyError, RecursionError, MemoryError, ExceptionGroup])
def test_whatever_a_program_raises_is_one_line(error: type[BaseException]) -> None:
    marked = failing("first\n  second" * 200, error) if error is not ExceptionGroup else failing("x")
    with pytest.raises(ProgramError) as caught:
        marked.trace(**SIZES)
    line = next(i for i, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "# BAD" in text)
    assert str(caught.value).startswith(f"{__file__}:{line}: ")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_an_assert_of_the_users_states_a_limit() -> None:
    @program
    def evens(x: Symbol, k: int):
        assert k % 2 == 0, f"k is {k}; it must be even"
        return x + k

    assert evens.trace(**SIZES, k=2).output
    with pytest.raises(ProgramError, match=r"test_parameters.py:.*AssertionError: k is 3; it must be even"):
        evens.trace(**SIZES, k=3)


def test_our_own_broken_invariants_are_not_the_users(monkeypatch) -> None:
    from logdepth.lang import words

    def broken(*args, **kwargs):
        assert False  # noqa: B011, PT015

    broken.__code__ = broken.__code__.replace(co_filename=words.__file__)
    monkeypatch.setattr(words, "_shifted", broken)
    with pytest.raises(AssertionError):
        program(adds_one).trace(**SIZES)


def adds_one(x: Symbol):
    return x + 1


def test_run_answers_like_predict() -> None:
    @program
    def previous(x: Symbol, position: Position):
        return at(position - 1).read(x)

    assert previous.run("banana") == "_banan"
    assert previous.run("banana", symbols="xbanz") == "_banan"
    assert khop_rank_any.run("baebcabebdea", header=2, max_k=3)[-1] == "c"
    assert isinstance(previous, Program) and Word
    with pytest.raises(InputError, match="column 3: 'n' is not in the alphabet ab"):
        previous.run("banana", symbols="ab")
