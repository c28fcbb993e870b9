"""Laws of every lesson about graphs, on every set and in both forms; audits; what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from logdepth.analysis.distances import probe_distances
from logdepth.cli.main import main
from logdepth.errors import InputError
from logdepth.models.families import FAMILIES, find_family
from logdepth.tasks.lessons import ConnectivityLesson, CycleLesson, GraphLesson
from logdepth.tasks.lessons.audit import audit, check_audit
from logdepth.tasks.registry import LEARNED, LESSONS, TASKS
from logdepth.tasks.task import IGNORED
from logdepth.train.batches import Batches
from logdepth.train.evaluate import evaluate
from logdepth.train.loop import train
from logdepth.train.near import score_near
from logdepth.train.recipes import GraphTold, fast, plain

SETS = [(kind, graphs, form) for kind in LESSONS.values() for graphs in kind.sets for form in ("pairs", "edges")]
every_set = pytest.mark.parametrize(("kind", "graphs", "form"), SETS)
SHIPPED = [(kind, graphs) for kind in LESSONS.values() for graphs in kind.sets if graphs != "threshold"]
FAMILIES_OF_GRAPHS = [
    name for name in FAMILIES if not find_family(name).last_only and name not in ("paper", "compiled")
]


@every_set
@pytest.mark.parametrize("vertices", [6, 10])
def test_the_solver_is_the_definition(kind: type[GraphLesson], graphs: str, form: str, vertices: int) -> None:
    lesson = kind.of_size(vertices, graphs=graphs, form=form)
    for k in lesson.questions:
        strings = lesson.strings_for(k, 40)
        assert lesson.is_instance(strings).all() and strings.shape == (40, lesson.length)
        truth = np.array([lesson.solve_by_definition(string.tolist(), k) for string in strings])
        assert (lesson.solve(strings, k) == truth).all()
        again = lesson.ids.symbols(
            lesson.ids.edges_of(strings), None if lesson.of_whole else lesson.ids.sources_of(strings)
        )
        assert (again == strings).all()


@every_set
def test_number_i_is_the_same_in_any_batch(kind: type[GraphLesson], graphs: str, form: str) -> None:
    sampler = kind.of_size(10, graphs=graphs, form=form).sampler(seed=3)
    whole, parts = sampler.batch(5, 12), [sampler.batch(5 + i, 3) for i in range(0, 12, 3)]
    for name in ("inputs", "targets", "k"):
        assert (np.concatenate([getattr(part, name) for part in parts]) == getattr(whole, name)).all()
    other = kind.of_size(10, graphs=graphs, form=form).sampler(seed=4).batch(5, 12)
    assert (other.inputs != whole.inputs).any()


@pytest.mark.parametrize("graphs", ["equal", "trees"])
@pytest.mark.parametrize("vertices", [8, 32])
def test_components_have_one_size_and_the_diameter_asked_for(graphs: str, vertices: int) -> None:
    lesson = ConnectivityLesson.of_size(vertices, graphs=graphs)
    for k in lesson.questions:
        strings = lesson.strings_for(k, 30)
        distance = lesson.distances(strings)
        near = distance < vertices
        assert (near.sum(2) == vertices // 2).all()
        eccentric = np.where(near, distance, 0).max(2)
        own = near[np.arange(30), 0]
        for row in range(30):
            assert eccentric[row, own[row]].max() == eccentric[row, ~own[row]].max() == k
        if graphs == "equal" and k == vertices // 4:
            edges = (lesson.ids.edges_of(strings)[:, :, 0] >= 0).sum(1)
            assert edges.min() >= vertices - 2 and edges.max() > vertices - 2


def test_cycles_are_one_or_two_of_half_the_length() -> None:
    lesson = CycleLesson.of_size(16)
    for k in lesson.questions:
        strings = lesson.strings_for(k, 60)
        distance = lesson.distances(strings)
        of = ((distance < 16).sum(2) > 1).sum(1)
        assert (of == 2 * k).all()
        one = lesson.solve(strings, k)[:, -1] == 1
        assert 10 < one.sum() < 50
        assert (np.where(distance < 16, distance, 0).max((1, 2)) == np.where(one, k, k // 2)).all()


def test_distances_are_those_of_floyd_and_warshall() -> None:
    lesson = ConnectivityLesson.of_size(10, graphs="threshold")
    strings = lesson.strings(30)
    for found, edges in zip(lesson.distances(strings), lesson.ids.edges_of(strings), strict=True):
        wanted = np.where(np.eye(10, dtype=bool), 0, 10)
        for u, w in edges[edges[:, 0] >= 0]:
            wanted[u, w] = wanted[w, u] = min(wanted[u, w], 1)
        for via in range(10):
            wanted = np.minimum(wanted, wanted[:, via : via + 1] + wanted[via])
        assert (found == np.minimum(wanted, 10)).all()


@every_set
def test_targets_are_asked_where_the_classes_say(kind: type[GraphLesson], graphs: str, form: str) -> None:
    lesson = kind.of_size(8, graphs=graphs, form=form)
    batch = lesson.sampler().batch(0, 30)
    strings = batch.inputs[:, 1:]
    kinds, of = lesson.classes(strings, lesson.largest)
    asked = np.array([kind.asked for kind in kinds])[of]
    assert ((batch.targets[:, 1:] != IGNORED) == asked).all() and (batch.targets[:, 0] == IGNORED).all()
    assert (batch.targets[:, 1:][asked] == lesson.solve(strings, lesson.largest)[asked]).all()
    if not lesson.of_whole:
        assert (asked.sum(1) == 7).all()  # every vertex but the source


@pytest.mark.parametrize(("kind", "graphs"), SHIPPED)
def test_no_baseline_gives_a_shipped_set_away(kind: type[GraphLesson], graphs: str) -> None:
    """And a set that is meant to fail does, so that the audit can."""
    for found in check_audit(kind.of_size(32, graphs=graphs)):
        assert found.right <= found.chance + 0.02


def test_a_set_that_leaks_is_refused(capsys: Any, tmp_path: Path) -> None:
    leaky = ConnectivityLesson.of_size(32, graphs="threshold")
    assert any(found.leaks for found in audit(leaky, graphs=2000))
    given = ["train", "--task", "connectivity", "--graphs", "threshold", "--vertices", "16", "--layers", "1"]
    given += ["--width", "16", "--steps", "2", "--batch", "2", "--threads", "1", "--out", str(tmp_path / "run")]
    assert main(given) == 2
    message = capsys.readouterr().err
    assert "fail their audit: " in message and "--force" in message and len(message.splitlines()) == 1
    assert not (tmp_path / "run").exists()
    assert main([*given, "--force"]) == 0


@pytest.mark.slow
def test_no_diameter_of_the_default_set_leaks() -> None:
    whole = ConnectivityLesson.of_size(32)
    for k in whole.questions:
        for found in audit(replace(whole, k=k, max_k=None)):
            assert found.right <= found.chance + 0.02, (k, found)


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize("form", ["pairs", "edges"])
def test_every_family_trains_on_every_lesson(name: str, form: str, tmp_path: Path) -> None:
    for family in FAMILIES_OF_GRAPHS:
        config = plain(
            2,
            family=family,
            task=name,
            graph=GraphTold(8, form=form),
            embed_dim=64,
            steps=1,
            batch_size=2,
            evaluate_strings=2,
        )
        subject = train(config, tmp_path / family, threads=1)
        assert len(evaluate(subject.task, subject.predict, subject.task.questions, strings=2)) > 1


@pytest.mark.slow
def test_a_net_learns_who_is_near(tmp_path: Path) -> None:
    """Asked after layer l who is within 2^(l-1); probes read it, too, and score chance for what it cannot know."""
    sizes: dict[str, Any] = {"embed_dim": 64, "batch_size": 32, "steps": 250, "evaluate_strings": 5}
    subject = train(fast(2, task="connectivity", graph=GraphTold(8), **sizes), tmp_path / "run", threads=1)
    rows = {(row["k"], row["layer"]): row["error"] for k in (2, 3) for row in score_near(subject, k, graphs=100)}
    assert rows[3, 1] < 0.02 and rows[2, 2] < 0.1
    rows_of = [row for row in probe_distances(subject, 3, graphs=150) if row["of"] == "set"]
    probes = {(row["layer"], row["within"]): row["accuracy"] for row in rows_of}
    assert all(row["low"] <= row["accuracy"] <= row["high"] for row in rows_of)
    assert probes[1, 1] > 0.95 > probes[0, 1] and probes[2, 2] > 0.85


def test_batches_of_lessons_rise_and_ask_who_is_near() -> None:
    config = fast(2, task="connectivity", graph=GraphTold(12), embed_dim=16, steps=20, batch_size=64, curriculum=10)
    batches, lesson = Batches(config), config.make_task()
    assert isinstance(lesson, GraphLesson)
    for step, most in ((0, 2), (9, 5), (15, 5)):
        ids, _, every = batches[step]
        distance = lesson.distances(ids[:, 1:])
        assert np.where(distance < 12, distance, 0).max() <= most
        assert every is not None and (every[:, lesson.vertex_slots] == distance).all() and every.shape[2] == 12


BAD: list[tuple[dict[str, Any], str]] = [
    ({"graph": GraphTold(7)}, "vertices is 7; connectivity takes an even number, 6 at least"),
    ({"graph": GraphTold(8, diameter=4)}, r"diameter is 4; with 8 vertices it is in 2\.\.3"),
    ({"graph": GraphTold(8, graphs="cliques")}, "has no graphs 'cliques'; there are: equal, trees, threshold"),
    ({"graph": GraphTold(8, form="matrix")}, "a graph is told as 'matrix'; there are: pairs, edges"),
    ({"task": "khop", "graph": GraphTold(8)}, "khop has no graphs; those that do: connectivity, one-vs-two-cycle"),
    ({"task": "connectivty"}, "did you mean connectivity?"),
    ({"planted": True}, "there are no planted ones"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_lessons_that_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fast(2, **{"task": "connectivity", "embed_dim": 16, **change})


def test_what_graphs_have_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a GPT-2 \(paper\) takes strings, no graphs"):
        plain(2, family="paper", task="connectivity")
    with pytest.raises(InputError, match="thinks in a task's pointers; connectivity has none"):
        plain(2, family="cot", task="connectivity")
    lesson = ConnectivityLesson.of_size(8)
    for ask in (lambda: lesson.pointers(lesson.strings(1), 1), lambda: lesson.planted_strings(2, 1)):
        with pytest.raises(InputError, match="no"):
            ask()
    with pytest.raises(InputError, match=r"length is 9; graphs of 8 vertices take"):
        lesson.with_length(9)
    khop = train(fast(1, embed_dim=8, max_k=1, length=8, steps=1, batch_size=2, evaluate_strings=2), tmp_path / "a")
    with pytest.raises(InputError, match="has no graphs to probe"):
        probe_distances(khop, 1)
    with pytest.raises(InputError, match="was not asked who is near"):
        score_near(khop, 1)
    assert set(LEARNED) == {*TASKS, *LESSONS}
