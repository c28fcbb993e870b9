"""What a compiled model is checked against, drawn with and analysed by is its task's, whichever task that is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

import logdepth
from logdepth.cli.main import main
from logdepth.compiled.attention import plot_folder
from logdepth.compiled.folder import read_folder
from logdepth.compiled.task import task_of
from logdepth.lang import AtLeast, Position, Symbol, at, last, program, select, theirs
from logdepth.programs import BUILT_IN, khop_rank_any
from logdepth.tasks.khop import Khop
from logdepth.tasks.pointer_chasing import PointerChasing
from logdepth.tasks.registry import TASKS

SIZES = {"length": 10, "alphabet": "abc", "k": 2, "vertices": 3}


@program
def chase(x: Symbol, position: Position, k: Annotated[int, AtLeast(0)], vertices: int):
    """f^k of every query, a look-up a hop."""
    listed = (position % 2 == 0) & (position <= 2 * vertices)
    vertex = select(listed, at(position - 1).read(x), vertices)  # whose image I am, if any's
    answer = x
    for _ in range(k):
        answer = last(where=theirs(vertex) == answer).read(x)
    return answer


@pytest.fixture
def chasing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A compiled program of the second task, registered as a built-in one would be."""
    monkeypatch.setitem(BUILT_IN, "chase", chase)
    monkeypatch.setattr(PointerChasing, "programs", {"chase": "hop by hop"})
    return logdepth.compile(chase, **SIZES).save(tmp_path / "chase")


def test_the_second_task_is_verified_against_its_own_solver(chasing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert task_of(read_folder(chasing)) == PointerChasing(10, 3, k=2)
    assert logdepth.verify(chasing, samples=16).ok
    right = PointerChasing.solve
    monkeypatch.setattr(PointerChasing, "solve", lambda task, strings, k: right(task, strings, k + 1))
    with pytest.raises(AssertionError, match="solver of pointer-chasing differ at k = 2"):
        logdepth.verify(chasing, samples=16)


def test_the_second_task_is_drawn_with_its_own_pointer(chasing: Path, tmp_path: Path) -> None:
    for text in ("abbccaabc", "aab"):  # an instance, and a text that is none: names are the program's
        shown = plot_folder(chasing, text, tmp_path / "a.png")
        assert [head["follows"] for head in shown["followed"] if head["follows"]] == ["image", "image^2"]


def test_the_second_task_is_questioned_when_compiled(chasing: Path) -> None:
    from logdepth.train.subject import load_subject

    subject = load_subject(chasing)
    strings = subject.task.strings(20)
    found = subject.predict(strings, 2)[:, subject.task.asked]
    assert subject.construction == "hop by hop"
    assert (found == subject.task.solve(strings, 2)[:, subject.task.asked]).all()


def test_the_second_task_is_compiled_by_its_name(chasing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "compile pointer-chasing --k 2 --length 10 --symbols abc --set vertices=3"
    assert main(line.split()) == 0 and "program      chase" in capsys.readouterr().out
    assert main([*line.split(), "--construction", "rank"]) == 2
    assert "pointer-chasing has: hop by hop" in capsys.readouterr().err
    assert main(line.replace("--k", "--max-k").split()) == 2
    assert "pointer-chasing by hop by hop takes --k" in capsys.readouterr().err
    assert main(["list"]) == 0
    assert "pointer-chasing stands for these: --construction hop by hop" in capsys.readouterr().out


def test_a_folder_that_only_says_so_computes_no_task(chasing: Path, tmp_path: Path) -> None:
    own = logdepth.compile(chase, **{**SIZES, "k": 1}).save(tmp_path / "own")
    for part, value in (("name", "khop_rank_any"), ("built_in", False), ("parameters", {"vertices": 3})):
        description = json.loads((own / "logdepth.json").read_text())
        description["program"][part] = value
        changed = tmp_path / part
        changed.mkdir()
        for file in own.iterdir():
            (changed / file.name).write_bytes(file.read_bytes())
        (changed / "logdepth.json").write_text(json.dumps(description))
        found = task_of(read_folder(changed, changed=True))
        assert found is None or (part, type(found)) == ("name", Khop)


@pytest.mark.parametrize("kind", TASKS.values(), ids=TASKS)
def test_programs_of_tasks_are_registered_ones_with_the_tasks_ids(kind: type, tmp_path: Path) -> None:
    for name in kind.programs:
        given = {"max_k": 2, "header_size": 3} if BUILT_IN[name].takes_header else {"k": 2}
        model = logdepth.compile(BUILT_IN[name], length=9, alphabet=2, **given)
        asks = {"max_k": 2} if "max_k" in given else {"k": 2}
        assert model.vocabulary == kind(9, 2, **asks).vocabulary


def test_of_a_model_for_every_k(tmp_path: Path) -> None:
    folder = logdepth.compile(khop_rank_any, length=9, alphabet=2, max_k=3, header_size=4).save(tmp_path / "m")
    assert task_of(read_folder(folder)) == Khop(9, 2, max_k=3)
    strings = np.array([[0, 1, 0, 0]])
    assert Khop(4, 2, k=1).is_solvable(strings).all() and not Khop(4, 2, k=1).is_instance(strings).any()
