"""Sums, means and fractions: exact, or refused; answers that are no whole numbers are off as little as they say."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import logdepth
from logdepth.compiler.compile import compile_program
from logdepth.errors import CertificateError, ProgramError
from logdepth.lang import Position, Symbol, at, interpret, mean, program, ratio, theirs, total
from tests.gpt2 import hugging_face, logits, margin

STRINGS = np.array(list(itertools.product(range(3), repeat=6)))


@program
def sums(x: Symbol):
    return total(3 * x - 2, where=theirs(x) <= x)


@program
def means(x: Symbol):
    return mean(3 * x - 2, where=theirs(x) != x).rounded(7)


@program
def above(x: Symbol):
    return (mean(x) > Fraction(2, 3)) + 2 * (mean(x) >= Fraction(2, 3)) + 4 * (mean(x) == 1) + 8 * (mean(x) < 0.5)


def matching(string, i, holds):
    return [3 * y - 2 for y in string[: i + 1] if holds(int(y), int(string[i]))]


def test_sums_and_means_of_every_string_by_their_definition() -> None:
    found = {each.name: compile_program(each, length=6, alphabet_size=3) for each in (sums, means, above)}
    off = Fraction(0)
    for name, compilation in found.items():
        words = interpret(compilation.graph, STRINGS)
        assert isinstance(words, np.ndarray)
        for string, row in zip(STRINGS[::5], words[::5], strict=True):
            for i in range(6):
                said = int(row[i + 1])
                if name == "sums":
                    assert said == sum(matching(string, i, lambda y, x: y <= x))
                    continue
                of = matching(string, i, lambda y, x: y != x)
                exact = Fraction(sum(of), max(1, len(of)))
                if name == "means":
                    off = max(off, abs(Fraction(said, 7) - exact))
                    continue
                share = Fraction(int(string[: i + 1].sum()), i + 1)
                assert said == (
                    (share > Fraction(2, 3)) + 2 * (share >= Fraction(2, 3)) + 4 * (share == 1) + 8 * (2 * share < 1)
                )
        want, tokens = compilation.graph.vocabulary.answer_ids(words), compilation.graph.vocabulary.encode(STRINGS)
        scores = logits(hugging_face(compilation), tokens)
        assert margin(scores, want) >= compilation.certificate.margin > 1.9
    graph = found["means"].graph
    assert graph.error == Fraction(1, 14) and graph.grid == 7
    assert off == graph.error  # no less would do: 1/2 is off by just that much


def test_errors_add_up() -> None:
    @program
    def added(x: Symbol):
        return 2 - mean(x).rounded(10) + mean(x == 1).rounded(10)

    graph = added.trace(4, 3)
    assert (graph.grid, graph.error) == (10, Fraction(1, 10))
    assert added.run("bbba") == [2.0, 2.0, 2.0, 2.0]


def test_answers_about_graphs_are_classes() -> None:
    @program(causal=False, graph=True)
    def share(x: Symbol, vertices: int, edges: int):
        return mean(x == 0).rounded(4)

    with pytest.raises(ProgramError, match=r"whose answers are classes, and returned a real; return its \.word"):
        share.trace(7, 5, vertices=3, edges=2)


def test_depth_is_a_sum_a_step_after_the_counts() -> None:
    for each in (sums, means):
        assert compile_program(each, length=20, alphabet_size=20).schedule.depth == 2


def test_division_by_a_word() -> None:
    @program
    def divided(x: Symbol, position: Position):
        return (5 * x - 7) // (at(position - 1).read(x) + 1) + 100 * ratio(x, position + 1).ceil()

    found = compile_program(divided, length=4, alphabet_size=3)
    strings = np.array(list(itertools.product(range(3), repeat=4)))
    said = found.graph.vocabulary.answers(found.transformer.run(found.graph.vocabulary.encode(strings), "soft"))
    for string, row in zip(strings.tolist(), said.tolist(), strict=True):
        before = [3, *string]
        want = [
            (5 * x - 7) // (y + 1) + 100 * -(-x // (i + 2))
            for i, (x, y) in enumerate(zip(string, before, strict=False))
        ]
        assert row[1:] == want


def test_what_the_format_cannot_hold() -> None:
    @program
    def wide(x: Symbol, position: Position):
        return total(at(position - 1).read(x) * 9999) > 5

    with pytest.raises(CertificateError, match=r"float32 holds up to length \d+.* use float64 or --length \d+"):
        compile_program(wide, length=600, alphabet_size=6)

    @program
    def too_wide(x: Symbol, position: Position):
        return total(position * 2**15)

    with pytest.raises(ProgramError, match="is over 40 bits"):
        too_wide.trace(2**14, 3)


def test_a_folder_of_real_answers(tmp_path: Path) -> None:
    @program
    def share(x: Symbol):
        return mean(x == 0).rounded(8)

    folder = logdepth.compile(share, length=12, alphabet="ab").save(tmp_path / "share")
    assert logdepth.verify(folder, samples=8).ok
    answer = logdepth.predict(folder, ["abab"])[0]
    assert (
        answer.as_dict()["answers"] == share.run("abab") == [1.0, 0.5, 0.625, 0.5] and answer.text == "1 0.5 0.625 0.5"
    )
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "(0 + c)/8, exactly the one that the program rounds to: off by 1/16 at most" in card
    file = folder / "logdepth.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"1/16"', '"1/32"'))
    assert any("1/32" in difference for difference in logdepth.verify(folder, samples=1).differences)
