"""Trained models as players play them. A family joins with a function here and a line in `FORMS`.

What a family has to say is what its layers pass on: a `RecurrentLayer`, `KernelLayer` or `SparseLayer` over its own
modules, or a `ThinkingModel`. Everything else, the protocol and the count of bits, is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Int

from logdepth.errors import InputError
from logdepth.models.family import TrainableModel
from logdepth.models.lstm import Lstm, LstmLayer
from logdepth.separations.blackboard import Message, Played
from logdepth.separations.layers import LayeredModel, Rows
from logdepth.separations.recurrent import RecurrentLayer


class PlayedLstm(RecurrentLayer):
    """An LSTM's layer: what is passed on is h and c."""

    def __init__(self, layer: LstmLayer) -> None:
        self.layer, self.width = layer, layer.lstm.hidden_size

    @property
    def state_bits(self) -> int:
        return 2 * 32 * self.width

    def initial(self, batch: int) -> Message:
        return (np.zeros((batch, self.width), np.float32), np.zeros((batch, self.width), np.float32))

    @torch.no_grad()
    def run(self, rows: Rows, state: Message) -> tuple[Rows, Message]:
        x = torch.from_numpy(np.ascontiguousarray(rows))
        given = tuple(torch.from_numpy(part.copy())[None] for part in state)
        out, (h, c) = self.layer.lstm(self.layer.norm(x), given)
        return (x + out).numpy(), (h[0].numpy(), c[0].numpy())


def played_lstm(model: Lstm) -> Played:
    """A stack of LSTMs, its layers played one a round."""

    @torch.no_grad()
    def embed(ids: np.ndarray, first: int) -> Rows:
        return model.tokens(torch.from_numpy(ids.astype(np.int64))).numpy()

    @torch.no_grad()
    def read_out(rows: Rows) -> np.ndarray:
        return model.unembed(model.final_norm(torch.from_numpy(np.ascontiguousarray(rows)))).numpy()

    return LayeredModel("rnn", embed, tuple(PlayedLstm(layer) for layer in model.layers), read_out)


FORMS: dict[str, Callable[[Any], Played]] = {"lstm": lambda model: played_lstm(cast(Lstm, model))}
"""By family."""


def played_model(model: TrainableModel) -> Played:
    """A trainable model as players play it, on the processor and in float32.

    Raises `InputError` for families whose layers pass on more than players can write: attention to everything does.
    """
    family = model.config.family
    if family not in FORMS:
        raise InputError(
            f"{model.described(model.config)} cannot be played at a blackboard: its layers look at everything at once; "
            f"families that can: {', '.join(FORMS)}"
        )
    return FORMS[family](model.eval().float().cpu())


@torch.no_grad()
def own_outputs(model: TrainableModel, ids: Int[np.ndarray, "batch slots"]) -> np.ndarray:
    """The model's own outputs at the last slot, by its own forward pass."""
    return model(torch.from_numpy(ids.astype(np.int64)))[:, -1].numpy()
