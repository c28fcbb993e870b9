"""Hooking: depth as stated, the bound on rounds from both sides, every program against its own depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from logdepth.programs import hooking
from tests.graph_programs import all_graphs, compiled, wrong

DEPTHS = {  # layers, for r rounds
    "connectivity_hooking": lambda r: 3 * r + 1,
    "spanning_forest_hooking": lambda r: 3 * r + 1,
    "msf_hooking": lambda r: 3 * r + 1,
    "one_cycle_hooking": lambda r: 3 * r + 2,
    "bipartite_hooking": lambda r: 3 * r + 2,
}


@pytest.mark.parametrize("program", DEPTHS)
@pytest.mark.parametrize("vertices", [2, 3, 4, 7, 8, 15, 16])
def test_depth_is_exactly_what_is_stated(program: str, vertices: int) -> None:
    assert compiled(program, vertices, 4).schedule.depth == DEPTHS[program](vertices.bit_length() - 1)


@pytest.mark.parametrize("vertices", [2, 3, 4, 5, 9, 16, 17])
def test_depth_of_reachability(vertices: int) -> None:
    assert compiled("reachability_doubling", vertices, 4).schedule.depth == (vertices - 1).bit_length() + 2


@pytest.mark.parametrize("vertices", [2, 4])
def test_one_round_fewer_is_too_few(vertices: int, monkeypatch: Any) -> None:
    """On V = 2^t vertices some graph takes t rounds."""
    graphs, edges = all_graphs(vertices), vertices * (vertices - 1) // 2
    assert wrong(compiled("connectivity_hooking", vertices, edges), graphs, stock=False) == 0
    rounds = vertices.bit_length() - 2
    monkeypatch.setattr(hooking, "num_rounds", lambda of: rounds)
    assert wrong(compiled("connectivity_hooking", vertices, edges), graphs, stock=False) > 0


def test_one_round_fewer_is_too_few_for_eight_vertices(monkeypatch: Any) -> None:
    rng = np.random.default_rng(0)
    steps = np.stack([np.arange(7), np.arange(1, 8)], 1)
    graphs = [rng.permutation(8)[rng.permutation(steps)] for _ in range(2000)]
    assert wrong(compiled("connectivity_hooking", 8, 7), graphs, stock=False) == 0
    monkeypatch.setattr(hooking, "num_rounds", lambda of: 2)
    assert wrong(compiled("connectivity_hooking", 8, 7), graphs, stock=False) > 0
