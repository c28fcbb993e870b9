"""Tables as few gates: the same table, never more gates than its index takes, far fewer where it is made simply."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.compiler.compile import compile_program
from logdepth.compiler.tables import TableGate, TablePlan, TableWord, plan_table
from logdepth.lang import Position, Symbol, Word, at, choose, interpret, last, program, table, theirs
from tests.gpt2 import hugging_face, logits, margin


def words_of(sizes: tuple[int, ...]) -> tuple[TableWord, ...]:
    words, column = [], 0
    for size in sizes:
        bits = (size - 1).bit_length()
        words.append(TableWord(0, size, tuple((column + b, 1) for b in range(bits))))
        column += bits
    return tuple(words)


def gates(function: Callable[..., int], *sizes: int) -> tuple[int, int]:
    """Of a table by its index, and as it is planned."""
    codes = tuple(int(function(*point)) for point in itertools.product(*map(range, sizes)))
    num_bits = max(codes).bit_length()
    plans = [plan_table(words_of(sizes), codes, num_bits, plain=plain) for plain in (True, False)]
    return len(plans[0].gates), len(plans[1].gates)


@pytest.mark.parametrize(
    ("name", "function", "sizes", "most"),
    [
        ("a sum modulo m", lambda a, b: (a + b) % 60, (60, 60), 40),
        ("a comparison", lambda a, b: a < b, (20, 20), 1),
        ("of some bits only", lambda a: a % 4, (256,), 2),
        ("a parity", lambda *bits: sum(bits) % 2, (2,) * 8, 8),
        ("bit by bit", lambda a, b: a & b, (32, 32), 5),
        ("one word or the other", lambda a, b, c: b if a else c, (2, 9, 9), 8),
        ("one of four words", lambda i, *words: words[i], (4, 4, 4, 4, 4), 8),
        ("two residues", lambda a, b: (3 * a + 5 * b + 2) % 6, (30, 40), 15),
        ("of one word of two", lambda a, b: b // 5, (16, 16), 3),
    ],
)
def test_what_is_simply_made_takes_few_gates(name: str, function: Callable[..., int], sizes: tuple, most: int) -> None:
    index, planned = gates(function, *sizes)
    assert planned <= most < index, name


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[TableWord, ...], tuple[int, ...], int, int | None]:
    """Words that may share columns, be counted down, or leave codes out; values at random, or of a sum."""
    num_columns = draw(st.integers(1, 6))
    words = []
    for _ in range(draw(st.integers(1, 3))):
        chosen = draw(st.lists(st.integers(0, num_columns - 1), min_size=1, max_size=3, unique=True))
        first = draw(st.integers(0, (1 << len(chosen)) - 1))
        size = draw(st.integers(1, (1 << len(chosen)) - first))
        words.append(TableWord(first, size, tuple((column, draw(st.sampled_from([-1, 1]))) for column in chosen)))
    points = list(itertools.product(*(range(word.size) for word in words)))
    if draw(st.booleans()):
        factors, modulus = draw(st.lists(st.integers(-3, 3), min_size=3, max_size=3)), draw(st.integers(1, 9))
        codes = tuple(sum(f * p for f, p in zip(factors, point, strict=False)) % modulus for point in points)
    else:
        codes = tuple(draw(st.lists(st.integers(0, 5), min_size=len(points), max_size=len(points))))
    return tuple(words), codes, max(1, max(codes).bit_length()), draw(st.sampled_from([None, codes[0]]))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(tables())
def test_every_plan_is_the_table(drawn: tuple[tuple[TableWord, ...], tuple[int, ...], int, int | None]) -> None:
    """Point by point, in plain Python; never more gates than the index; shut gates leave the base."""
    words, codes, num_bits, base = drawn
    try:
        plan = plan_table(words, codes, num_bits, base)
    except ValueError:  # no point is possible: words that share a column contradict each other everywhere
        assert not list(reachable(words, codes))
        return
    for columns, code in reachable(words, codes):
        assert at_point(plan, columns) == code
    assert len(plan.gates) <= len(plan_table(words, codes, num_bits, base, plain=True).gates)
    if base is not None:
        assert sum(constant << place for place, (constant, _) in enumerate(plan.bits)) == base


def reachable(words: tuple[TableWord, ...], codes: tuple[int, ...]):
    """(columns, code) of the points at which words agree on the columns that they share."""
    for point, code in zip(itertools.product(*(range(word.size) for word in words)), codes, strict=True):
        columns: dict[int, int] = {}
        agree = True
        for word, place in zip(words, point, strict=True):
            for b, (column, sign) in enumerate(word.bits):
                bit = (word.first + place) >> b & 1
                agree &= columns.setdefault(column, bit if sign > 0 else 1 - bit) == (bit if sign > 0 else 1 - bit)
        if agree:
            yield columns, code


def at_point(plan: TablePlan, columns: dict[int, int]) -> int:
    def holds(gate: TableGate) -> bool:
        return sum(weight * columns.get(c, 0) for c, weight in enumerate(gate.weights)) >= gate.threshold

    found = 0
    for place, (constant, parts) in enumerate(plan.bits):
        found += (constant + sum(sign * holds(plan.gates[gate]) for gate, sign in parts)) << place
    return found


def test_a_wrong_plan_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check is the last line: whatever the search does, another table never gets through."""
    monkeypatch.setattr(TableGate, "__init__", _off_by_one)
    with pytest.raises(AssertionError, match="another table"):
        plan_table(words_of((3, 5)), tuple(range(15)), 4)


def _off_by_one(self: TableGate, weights: tuple[int, ...], threshold: int) -> None:
    object.__setattr__(self, "weights", weights)
    object.__setattr__(self, "threshold", threshold + 1)


@program
def many_tables(x: Symbol, position: Position):
    before = at(position - 1).read(x)
    total = table(lambda a, b: (a + b) % 7, x + 0, before)
    flag = table(lambda a, b: a * b % 3 == 1, before, total)
    seen = last(where=(theirs(total) == x, theirs(flag))).read(total)  # keys: shut at the start token
    return table(lambda a, b, c: a if c else b, seen, total, flag)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_compiled_with_its_tables(dtype: str) -> None:
    found = compile_program(many_tables, length=12, alphabet_size=7, dtype=dtype)
    strings = np.random.default_rng(0).integers(0, 7, (64, 12))
    want = found.graph.vocabulary.answer_ids(interpret(found.graph, strings))
    tokens = found.graph.vocabulary.encode(strings)
    assert margin(logits(hugging_face(found), tokens), want) >= found.certificate.margin > 0


PERMUTATIONS = list(itertools.permutations(range(5)))
NUMBER = {permutation: number for number, permutation in enumerate(PERMUTATIONS)}


@program
def products(x: Symbol, position: Position, k: int):
    """x_1 x_2 .. of permutations of five points, the last k of them: five small words, composed by `choose`."""
    images: list[Word] = [table(lambda v, i=i: PERMUTATIONS[v][i] if v < 120 else i, x) for i in range(5)]
    for step in range((k - 1).bit_length()):
        earlier = at(position - (1 << step)).read(*images)
        images = [choose(image, earlier) for image in images]
    return table(lambda *p: NUMBER.get((*p, 10 - sum(p)), 0), *images[:4])


def test_the_word_problem_of_five_points() -> None:
    """k = 64: ceil(log2 64) + 1 blocks, and under 2 million parameters, where a table of products has 14,400 gates."""
    found = compile_program(products, length=64, alphabet_size=120, k=64)
    assert found.schedule.depth == 7 and found.export().num_parameters < 1_200_000
    strings = np.random.default_rng(1).integers(0, 120, (8, 64))
    want = np.zeros((8, 65), np.int64)
    for row, string in enumerate(strings.tolist()):
        product = tuple(range(5))
        for slot, symbol in enumerate(string, 1):
            product = tuple(product[PERMUTATIONS[symbol][i]] for i in range(5))
            want[row, slot] = NUMBER[product]
    assert (interpret(found.graph, strings) == want).all()
    scores = logits(hugging_face(found), found.graph.vocabulary.encode(strings))
    assert margin(scores, found.graph.vocabulary.output_ids(want)) >= found.certificate.margin > 1.9
