"""k-hop one hop a token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.tasks.chains import ChainQuestion, ChainTask
from logdepth.tasks.khop.definition import find_by_definition
from logdepth.tasks.khop.solver import solve


@final
@dataclass(frozen=True)
class KhopChain(ChainTask):
    """hop_k of one position, by writing find, find^2, .., find^k (Definition 4.1)."""

    name = "khop-cot"
    summary = "the letter that k induction pointers lead to, from the position asked for"
    header = "k"
    programs = {"khop_cot": "narrow", "khop_cot_wide": "wide"}  # noqa: RUF012 (a ClassVar of Checked's)

    def following(self, string: Sequence[int], position: int) -> int:
        return find_by_definition(string, position)

    def answer(self, asked: ChainQuestion) -> int:
        return int(solve(np.array([asked.string]), asked.header, self.letters)[0, asked.at - 1])

    def draw(self, rng: np.random.Generator) -> list[int]:
        """Uniform, without adjacent repeats, of two letters, or periodic."""
        n = self.text if rng.random() < 0.5 else int(rng.integers(1, self.text + 1))
        match int(rng.integers(4)):
            case 0 if self.letters > 1:
                string = (rng.integers(self.letters) + np.cumsum(rng.integers(1, self.letters, n))) % self.letters
            case 1:
                string = rng.integers(0, self.letters, 2)[rng.integers(0, 2, n)]
            case 2:
                string = np.resize(rng.integers(0, self.letters, int(rng.integers(1, 12))), n)
            case _:
                string = rng.integers(0, self.letters, n)
        return string.tolist()
