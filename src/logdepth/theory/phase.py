"""Depth against width: where a task can be done, where it cannot (and under what), and where nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from logdepth.errors import InputError
from logdepth.theory.asked import Asked
from logdepth.theory.judgement import Judgement, judge_sizes
from logdepth.theory.statement import SUFFICES

MOST_CELLS = 20_000


@dataclass(frozen=True)
class Phase:
    """judgements[row][column]: what is known at depths[row], widths[column]."""

    asked: Asked
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    judgements: tuple[tuple[Judgement, ...], ...]

    @property
    def regions(self) -> list[str]:
        """Every region's name, in order of appearance."""
        return list(dict.fromkeys(region_of(found) for row in self.judgements for found in row))

    def to_json(self) -> dict[str, Any]:
        """Plain data: the name of the region of every cell."""
        return {
            "task": self.asked.task,
            "arch": self.asked.arch,
            "depths": list(self.depths),
            "widths": list(self.widths),
            "regions": [[region_of(found) for found in row] for row in self.judgements],
        }


def region_of(found: Judgement) -> str:
    """What a cell is called: the verdict and what it rests on.

    >>> region_of(judge_sizes(Asked("khop", "transformer", length=10**6, k=1, layers=1)))
    'impossible, unconditionally (one layer, one hop)'
    """
    if found.by is None:
        return "open"
    name = found.by.statement.name
    if found.verdict == SUFFICES:
        return f"possible ({found.by.statement.construction or name})"
    under = f"under the {found.conjecture}" if found.conjecture else "unconditionally"
    given = f", constant {found.asked.constants[name]}" if found.by.statement.open_constant else ""
    return f"impossible, {under} ({name}{given})"


def phase_diagram(asked: Asked, *, most_depth: int | None = None, widths: tuple[int, ...] | None = None) -> Phase:
    """Judgements on a grid: depths 1.. and widths in powers of 2, past the length of the input.

    Depths go two beyond what is known to be enough, or to `most_depth`.
    Raises `InputError` if nothing speaks of the task and the architecture, or of a size that was not said.

    >>> phase = phase_diagram(Asked("khop", "transformer", length=10**4, k=16, heads=1))
    >>> phase.depths[-1], phase.widths[-1], len(phase.regions)
    (8, 16384, 4)
    """
    if asked.layers is not None:
        raise InputError(f"layers is {asked.layers}, but the diagram is of all depths")
    enough = judge_sizes(asked).depth_suffices
    depth = most_depth or (enough + 2 if enough else 12)
    size = max(asked.length or 0, asked.vertices or 0, 2)
    widths = widths or tuple(1 << power for power in range((2 * size - 1).bit_length()))
    if not 1 <= depth * len(widths) <= MOST_CELLS:
        raise InputError(f"{depth} depths and {len(widths)} widths are more than {MOST_CELLS:,} cells; give fewer")
    depths = tuple(range(1, depth + 1))
    grid = tuple(
        tuple(judge_sizes(replace(asked, layers=layers, width=width)) for width in widths) for layers in depths
    )
    return Phase(asked, depths, widths, grid)
