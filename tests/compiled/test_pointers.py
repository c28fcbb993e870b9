"""The names of pointers come from the program: the same on every text, and none where none is known."""

from __future__ import annotations

from pathlib import Path

import pytest

import logdepth
from logdepth.compiled.attention import plot_folder
from logdepth.compiled.pointers import head_powers, pointer_powers
from logdepth.compiler.normalize import normalize
from logdepth.compiler.schedule import schedule_program
from logdepth.errors import InputError
from logdepth.lang.graph import ProgramGraph
from logdepth.programs import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.tasks.khop import Khop


def task_of_graph(graph: ProgramGraph) -> Khop:
    setting = graph.setting
    return Khop(setting.length, setting.alphabet_size, max_k=16)


def by_layer(graph: ProgramGraph) -> list[list[int]]:
    schedule = schedule_program(normalize(graph))
    powers = head_powers(graph, schedule, task_of_graph(graph))
    return [sorted({powers[head] for head in layer.heads if head in powers}) for layer in schedule.layers]


@pytest.mark.parametrize("k", range(1, 34))
def test_rank_lands_on_powers_of_two(k: int) -> None:
    graph = khop_rank.trace(length=70, alphabet_size=4, k=k)
    digits = k.bit_length()
    assert by_layer(graph)[1:] == [[1 << place] for place in range(digits)]


@pytest.mark.parametrize("k", [1, 2, 3, 8, 13, 16, 33])
def test_doubling_reads_where_its_pointer_is(k: int) -> None:
    graph = khop_doubling.trace(length=70, alphabet_size=4, k=k)
    digits = (k - 1).bit_length()
    assert by_layer(graph)[1:] == [[1], *([1 << place] for place in range(digits))]


@pytest.mark.parametrize("program", [khop_rank_any, khop_doubling_any])
def test_one_model_for_every_k(program) -> None:
    graph = program.trace(length=60, alphabet_size=3, header_size=17, max_k=16)
    assert (
        sorted(set(pointer_powers(graph, task_of_graph(graph)).values())) == [1, 2, 4, 8, 16]
        if program is khop_rank_any
        else [1, 2, 4, 8]
    )


def test_powers_that_no_string_tells_apart_have_no_name() -> None:
    short, single = (khop_rank.trace(length=n, alphabet_size=size, k=16) for n, size in ((10, 4), (40, 1)))
    assert sorted(pointer_powers(short, task_of_graph(short)).values()) == [1, 2, 4, 8]
    assert pointer_powers(single, task_of_graph(single)) == {}


def labels(folder: Path, text: str, out: Path, header: int | None = None) -> list[str]:
    shown = plot_folder(folder, text, out, header=header)
    assert out.read_bytes()[:4] == b"\x89PNG"
    return [head["follows"] for head in shown["followed"] if head["follows"]]


@pytest.mark.parametrize("text", ["ACGTTGCAACGTACGGTCATGCCA", "A"])
def test_labels_do_not_depend_on_the_text(text: str, tmp_path: Path) -> None:
    folder = logdepth.compile(khop_rank, length=100, alphabet="ACGT", k=16).save(tmp_path / "m")
    found = labels(folder, text, tmp_path / "a.png")
    assert found == ["find", "find^2", "find^4", "find^8", "find^16"]


def test_labels_of_a_model_for_every_k(tmp_path: Path) -> None:
    folder = logdepth.compile(khop_rank_any, length=40, alphabet="ACGT", max_k=9, header_size=10).save(tmp_path / "m")
    for k in (0, 9):
        assert set(labels(folder, "ACGTTGCAACGTACGG", tmp_path / "a.png", k)) == {"find", "find^2", "find^4", "find^8"}
    with pytest.raises(InputError, match=r"takes a header; give --header, 0\.\.9"):
        plot_folder(folder, "ACG", tmp_path / "b.png")
    one = logdepth.compile(khop_rank, length=9, alphabet="ACGT", k=1).save(tmp_path / "one")
    with pytest.raises(InputError, match="takes no header"):
        plot_folder(one, "ACG", tmp_path / "b.png", header=1)
