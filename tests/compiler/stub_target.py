"""A second target for the tests: stock GPT-2 weights whose mask is left open, so that tokens see the whole sequence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from logdepth.compiler.compile import Compilation
from logdepth.compiler.targets.gpt2 import Gpt2Target
from logdepth.lang.graph import ProgramGraph
from tests.gpt2 import hugging_face


@dataclass(frozen=True)
class OpenGpt2(Gpt2Target):
    name: str = "open"

    def check(self, graph: ProgramGraph) -> None:
        assert graph.nodes


def open_logits(compilation: Compilation, tokens: np.ndarray, attention: str = "eager") -> np.ndarray:
    """Logits of the stock model under a mask that hides nothing."""
    ids = torch.as_tensor(tokens)
    rows, slots = ids.shape
    model = hugging_face(compilation, attention)
    nothing_hidden = torch.zeros(rows, 1, slots, slots, dtype=next(model.parameters()).dtype)
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=nothing_hidden, use_cache=False).logits.double().numpy()
