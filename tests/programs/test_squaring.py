"""Squaring: its depth as stated, on both sides; the promise on the diameter, kept and broken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from logdepth.lang import interpret
from logdepth.programs import squaring
from logdepth.tasks.graphs import Connectivity, OneVersusTwoCycle
from logdepth.tasks.graphs.promise import eccentricities
from tests.graph_programs import compiled, strings_of, task_of, wrong

SIZES = [2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33]


def path(length: int) -> np.ndarray:
    return np.stack([np.arange(length - 1), np.arange(1, length)], 1)


def digits(number: int) -> int:
    """ceil(log2(number + 1))."""
    return number.bit_length()


@pytest.mark.parametrize("vertices", SIZES)
def test_depth_is_exactly_what_is_stated(vertices: int) -> None:
    levels = digits(vertices - 1)  # ceil(log2 V)
    assert compiled("connectivity_squaring", vertices, 3).schedule.depth == levels + 2 <= levels + 6
    assert compiled("one_cycle_squaring", vertices, 3).schedule.depth == levels + 3


@pytest.mark.parametrize("vertices", [8, 33])
@pytest.mark.parametrize("diameter", [1, 2, 3, 4, 7, 8, 15, 31, 32, 1000])
def test_depth_under_a_promise(vertices: int, diameter: int) -> None:
    levels, fewer = digits(vertices - 1), digits(diameter)
    depths = [
        compiled(name, vertices, 2, diameter=diameter).schedule.depth
        for name in ("connectivity_squaring", "one_cycle_squaring")
    ]
    assert depths == [min(levels + 2, fewer + 3), min(levels + 3, fewer + 3)]


@pytest.mark.parametrize("program", ["connectivity_squaring", "one_cycle_squaring"])
def test_one_squaring_fewer_is_too_few(program: str, monkeypatch: Any) -> None:
    """The bound is tight: a path of 2^t + 1 vertices needs t + 1 squarings to be seen from its end."""
    graphs = [path(9), path(9)[::-1]]
    assert wrong(compiled(program, 9, 8), graphs, stock=False) == 0
    monkeypatch.setattr(squaring, "num_squarings", lambda vertices, diameter: digits(vertices - 1) - 1)
    assert wrong(compiled(program, 9, 8), graphs, stock=False) > 0


@pytest.mark.parametrize("name", ["connectivity_squaring", "one_cycle_squaring"])
@pytest.mark.parametrize("diameter", [1, 3])
def test_outside_the_promise_nothing_is_said_and_nothing_is_wrong(name: str, diameter: int) -> None:
    found = compiled(name, 12, 14, diameter=diameter)
    task = task_of(found)
    assert isinstance(task, Connectivity | OneVersusTwoCycle) and task.nothing == (12 if "conn" in name else 2)
    graphs = [task.draw(np.random.default_rng(seed), family) for family in task.families for seed in range(30)]
    assert wrong(found, graphs) == 0
    words = interpret(found.graph, strings_of(task, graphs))
    assert isinstance(words, np.ndarray)
    free, said = type(task)(12, 14), words[:, task.ids.slots(task.of)]
    none = said == task.nothing
    right = np.array([free.solve(edges) for edges in graphs])
    assert none.any() and not none.all() and ((said == right) | none).all()
    for edges, row in zip(graphs, none, strict=True):
        if eccentricities(12, edges).max() <= diameter:  # the promise is kept
            assert not row.any()


def test_without_the_check_answers_would_be_wrong(monkeypatch: Any) -> None:
    """What the check is there for: with balls declared closed, a long path gets several labels."""
    graphs = [path(9)]
    assert wrong(compiled("connectivity_squaring", 9, 8, diameter=1), graphs, stock=False) == 0
    monkeypatch.setattr(squaring.Balls, "leaving", lambda self: self.end < 0)
    assert wrong(compiled("connectivity_squaring", 9, 8, diameter=1), graphs, stock=False) == 1


def test_a_promise_that_spares_nothing_is_not_made_use_of() -> None:
    """So it costs neither a layer nor an answer."""
    for diameter in (0, 4, 9):
        found = compiled("connectivity_squaring", 8, 8, diameter=diameter)
        assert task_of(found).num_classes == 8 and found.schedule.depth == 5


def test_width_follows_the_vertices() -> None:
    """A bit a vertex in each of three fields (the ball, its union, a token's name), and little besides."""
    widths = {v: compiled("connectivity_squaring", v, 2 * v).shape.width for v in (16, 32, 64)}
    assert widths[32] - widths[16] > 6 * 16 and widths[64] - widths[32] > 6 * 32
