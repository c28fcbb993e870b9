"""What `analyze` says of nets that learned graphs, held to nets that do by construction what it looks for."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from logdepth.analysis.distances import probe_distances
from logdepth.analysis.graph_answers import say
from logdepth.analysis.graph_heads import attention_rows, places_from_edges, places_from_vertices
from logdepth.analysis.graph_patching import patching_rows, swap_edges
from logdepth.analysis.graph_verdict import SENTENCES, judge_distances, judge_held
from logdepth.analysis.report import analyze
from logdepth.errors import InputError
from logdepth.graphs.lessons import BEFORE
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.models.family import TrainableModel
from logdepth.tasks.lessons import ConnectivityLesson, CycleLesson, GraphLesson
from logdepth.train.recipes import GraphTold, fast, plain
from logdepth.train.subject import Subject, run_subject

VERTICES = 32


class ReachLayer(nn.Module):
    """Of every vertex's row the first V numbers say who is near, the next V who its neighbours are (itself too)."""

    def __init__(self, lesson: GraphLesson, how: str, first: bool) -> None:
        super().__init__()
        self.lesson, self.how, self.first = lesson, how, first

    def forward(self, x: Tensor) -> Tensor:
        size, slots = self.lesson.alphabet_size, self.lesson.vertex_slots
        if self.first:
            told = x[:, BEFORE : slots.start, :size]
            near = ((told.transpose(1, 2) @ told) + torch.eye(size)) > 0
            beside = near
        else:
            near, beside = x[:, slots, :size] > 0, x[:, slots, size:] > 0
            with_whom = near if self.how == "squaring" else beside
            near = (near.float() @ with_whom.float()) > 0
        out = x.clone()
        out[:, slots] = torch.cat([near, beside], 2).float()
        return out


class ReachNet(TrainableModel):
    """Who is connected with the source, exactly: by squaring, or by breadth-first search."""

    def __init__(self, lesson: GraphLesson, how: str, depth: int, config: ModelConfig) -> None:
        super().__init__()
        self.config, self.lesson, self.kept = config, lesson, nn.Parameter(torch.zeros(1))
        self.blocks = nn.ModuleList(ReachLayer(lesson, how, place == 0) for place in range(depth))

    @property
    def layers(self) -> list[Any]:
        return list(self.blocks)

    def forward(self, ids: Tensor) -> Tensor:
        lesson, size = self.lesson, self.lesson.alphabet_size
        kind, one, other = lesson.ids.parts(ids)
        x = torch.zeros(*ids.shape, 2 * size)
        for end in (one, other):
            x[..., :size] += nn.functional.one_hot(end, size + 1)[..., :size] * (kind < 2)[..., None]
        for block in self.blocks:
            x = block(x)
        sources = torch.from_numpy(lesson.ids.sources_of(ids[:, 1:].numpy()))
        yes = torch.zeros(ids.shape)
        yes[:, lesson.vertex_slots] = x[torch.arange(len(ids)), lesson.vertex_slots.start + sources, :size]
        return torch.stack([0.5 - yes, yes - 0.5], 2)


def exact(how: str, depth: int = 5) -> Subject:
    lesson = ConnectivityLesson.of_size(VERTICES)
    config = plain(depth, family="lstm", task="connectivity", graph=GraphTold(VERTICES), embed_dim=64)
    return run_subject(how, ReachNet(lesson, how, depth, config.model), config, 0)


@pytest.fixture(scope="module")
def squaring() -> Subject:
    return exact("squaring")


def test_exact_nets_are_called_what_they_are(squaring: Subject) -> None:
    """And a probe tells exactly the distances that a layer holds; two nets that differ leave it undecided."""
    rows = {
        how: probe_distances(subject, 15, graphs=60, radii=range(1, 15))
        for how, subject in (("squaring", squaring), ("breadth-first", exact("breadth-first")))
    }
    for how, found in rows.items():
        verdict = judge_distances([found])
        assert verdict.verdict == how and verdict.sentence == SENTENCES[how]
        wanted = [1, 2, 4, 8] if how == "squaring" else [1, 2, 3, 4]
        assert [verdict.reached[layer] for layer in (1, 2, 3, 4)] == wanted
    assert judge_distances(list(rows.values())).verdict == "undecided"
    at_chance = [row["accuracy"] for row in rows["squaring"] if row["layer"] == 0 and row["of"] == "set"]
    assert max(at_chance) < 0.6


def test_verdicts_need_every_cutoff() -> None:
    assert judge_held({1: 1, 2: 2, 3: 4, 4: 15}, {3: 4}, 14) == "squaring"  # the last is not judged
    assert judge_held({1: 1, 2: 2, 3: 6, 4: 15}, {}, 14) == "beyond squaring"
    rows = [
        {"layer": layer, "within": r, "of": "set", "boundary": a, "boundary_low": a - 0.01, "boundary_high": a}
        for layer in range(5)
        for r in range(1, 15)
        for a in [0.999 if r <= min(layer, 3) else 0.88 if layer == 3 and r == 4 else 0.6]
    ]
    found = judge_distances([rows])
    assert found.verdict == "undecided" and "squaring at 0.75 to 0.85" in found.sentence


def test_answers_follow_swapped_edges_where_they_are_held(squaring: Subject) -> None:
    """After its first layer the net holds an edge at its ends alone; after the last, everything at the vertices."""
    rows = {(row["layer"], row["group"]): row["followed"] for row in patching_rows(squaring, 8, graphs=10)}
    assert rows[1, "the two edges"] == rows[1, "all but vertices"] == 0
    assert rows[1, "their ends"] == rows[1, "all vertices"] == rows[5, "all vertices"] == 1
    assert rows[3, "their ends"] < 1 and rows[5, "all but vertices"] == 0


LESSONS = [ConnectivityLesson.of_size(16), CycleLesson.of_size(12), ConnectivityLesson.of_size(16, form="edges")]


@pytest.mark.parametrize("lesson", LESSONS)
def test_swapped_edges_change_answers_and_no_sizes(lesson: GraphLesson) -> None:
    found = swap_edges(lesson, 5, 6)
    assert lesson.is_instance(found.strings).all() and lesson.is_instance(found.others).all()
    edges = [lesson.ids.edges_of(strings) for strings in (found.strings, found.others)]
    for row, (one, other) in enumerate(zip(*edges, strict=True)):
        assert set(np.flatnonzero((one != other).any(1))) <= set(found.places[row])
        assert (np.bincount(one[one >= 0]) == np.bincount(other[other >= 0])).all()  # degrees
    near = [lesson.distances(strings) < lesson.alphabet_size for strings in (found.strings, found.others)]
    assert (near[0] != near[1]).any((1, 2)).all()
    if not lesson.of_whole:
        assert (np.sort(near[0].sum(2), 1) == np.sort(near[1].sum(2), 1)).all()


@pytest.mark.parametrize("form", ["pairs", "edges"])
def test_places_are_what_they_are_called(form: str) -> None:
    lesson = ConnectivityLesson.of_size(12, form=form)
    strings = lesson.strings(4)
    places = places_from_vertices(lesson, strings)
    whole = [places[name].astype(int) for name in ("its edges", "other edges", "all vertices", "other tokens")]
    assert (sum(whole) == 1).all()
    parted = [places[name].astype(int) for name in ("itself", "its component", "other components")]
    assert (sum(parted) == places["all vertices"]).all()
    each = lesson.ids.slots_an_edge
    for graph, edges in enumerate(lesson.ids.edges_of(strings)):
        for vertex in range(12):
            mine = [place for place, edge in enumerate(edges) if vertex in edge]
            slots = [BEFORE + each * place + half for place in mine for half in range(each)]
            assert np.flatnonzero(places["its edges"][graph, vertex]).tolist() == slots
    from_edges = places_from_edges(lesson, strings)
    asked = np.any(list(from_edges.values()), 0).any(2)
    assert (sum(part.astype(int) for part in from_edges.values())[asked] == 1).all()
    assert (from_edges["its ends"].sum(2)[asked] == 2).all() and (from_edges["itself"].sum(2)[asked] == each).all()


def test_analyze_graphs(tmp_path: Path) -> None:
    """Every family's net, with what it has: rows of all kinds, pictures, a page; a net without heads has fewer."""
    torch.manual_seed(0)
    for family, many in (("modern", 4), ("gru", 2)):
        recipe: Any = fast if family == "modern" else partial(plain, family=family)
        config = recipe(2, task="connectivity", graph=GraphTold(12), embed_dim=16)
        model = build_model(config.model).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        subject = run_subject(family, model, config, 1)
        found = analyze(subject, tmp_path / family, k=4, strings=8)
        assert found["verdict"]["verdict"] in SENTENCES and found["k"] == 4
        rows = [json.loads(line) for line in (tmp_path / family / "rows.jsonl").read_text().splitlines()]
        kinds = {row["what"] for row in rows}
        assert {"error", "probe", "patch", "verdict"} <= kinds and ("attention" in kinds) == (family == "modern")
        assert len(list((tmp_path / family).glob("*.png"))) == many
        assert say(subject, subject.task.strings(2), 4).said.dtype == bool
    config = fast(1, task="connectivity", graph=GraphTold(8), embed_dim=8, num_heads=2)
    subject = run_subject("modern", build_model(config.model), config, 0)
    shares = attention_rows(subject, 3, subject.task.strings(3))
    assert all(0 <= row["low"] <= row["share"] <= row["high"] <= 1 for row in shares)


def test_analyses_of_graphs_that_cannot_be(tmp_path: Path, squaring: Subject) -> None:
    with pytest.raises(InputError, match=r"k is 16; squaring takes 2\.\.15"):
        analyze(squaring, tmp_path / "a", k=16)
    with pytest.raises(InputError, match="no other seed of squaring"):
        analyze(squaring, tmp_path / "a", also=[exact("squaring", 4)])
    with pytest.raises(InputError, match="strings is 1"):
        analyze(squaring, tmp_path / "a", strings=1)
    found = analyze(squaring, tmp_path / "b", k=15, strings=10, also=[exact("breadth-first")])
    assert found["verdict"]["verdict"] == "undecided" and "squaring at 0.75 to 0.95" in found["conclusion"]
    khop = run_subject("khop", nn.Linear(1, 1), fast(1, embed_dim=8, max_k=1, length=12), 0)
    with pytest.raises(InputError, match="which has no graphs"):
        say(khop, np.zeros((1, 12), int), 1)
