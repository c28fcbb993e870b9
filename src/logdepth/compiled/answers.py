"""The right answers as token ids, and a count of what a model gets wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.compiled.folder import Folder
from logdepth.compiled.task import task_of
from logdepth.lang.interpreter import interpret


def expected_ids(found: Folder, strings: np.ndarray, header: np.ndarray | None, *, solver: bool = True) -> np.ndarray:
    """The right token at every slot: the interpreter's answer, checked against the solver of the task that the program
    computes, if any (unless the folder is known not to be what it says)."""
    words = interpret(found.graph, strings, header=header)
    assert isinstance(words, np.ndarray)
    if solver and (task := task_of(found)) and (mistake := task.mistake(strings, words, header)):
        raise AssertionError(f"the program and the reference solver of {mistake}")
    return found.vocabulary.answer_ids(words)


class Tally:
    """Counts what is wrong and keeps the least margin."""

    def __init__(self) -> None:
        self.positions = self.wrong = 0
        self.margin = float("inf")
        self.first_wrong = ""

    def add(self, scores: Any, want: np.ndarray, tokens: np.ndarray, first: int) -> None:
        """Logits (rows, some slots, vocabulary) from slot `first` on; they are overwritten. `want` and `tokens` are of
        whole rows."""
        import torch

        wanted = torch.as_tensor(want[:, first : first + scores.shape[1]], device=scores.device)[..., None]
        scores = scores if scores.dtype == torch.float64 else scores.float()
        best = scores.argmax(-1)
        right = scores.gather(-1, wanted)[..., 0]
        rest = scores.scatter_(-1, wanted, float("-inf")).amax(-1)  # in place: a copy is a vocabulary wide
        margin = right - rest
        wrong = ~(margin > 0)  # a NaN is wrong, too
        self.positions += margin.numel()
        self.wrong += int(wrong.sum())
        least = float(margin.min())
        self.margin = least if least != least else min(self.margin, least)
        if wrong.any() and not self.first_wrong:
            row, slot = (int(i) for i in wrong.nonzero()[0])
            at = first + slot
            shown = " ".join(map(str, tokens[row, : min(at + 1, 40)]))
            self.first_wrong = f"position {at}: id {int(best[row, slot])}, should be {want[row, at]}; input ids {shown}"
