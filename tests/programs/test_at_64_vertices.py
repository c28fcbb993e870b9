"""64 vertices and 128 edges: graphs of every family, ids shuffled, through the stock BERT in float32."""

from __future__ import annotations

import numpy as np
import pytest

from tests.graph_programs import CASES, compiled, task_of, wrong


@pytest.mark.parametrize("program", ["connectivity_hooking", "connectivity_squaring"])
def test_components_of_every_family(program: str) -> None:
    found = compiled(program, 64, 128)
    assert found.schedule.depth == {"connectivity_hooking": 19, "connectivity_squaring": 8}[program]
    task = task_of(found)
    assert wrong(found, [task.draw(np.random.default_rng(1), family) for family in task.families]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("program", "options"), CASES)
def test_every_program_on_every_family(program: str, options: dict) -> None:
    found = compiled(program, 64, 128, **options)
    task = task_of(found)
    assert (
        wrong(found, [task.draw(np.random.default_rng(s), family) for family in task.families for s in range(8)]) == 0
    )
