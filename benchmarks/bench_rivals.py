"""A training step of every rival against torch's own LSTM of the same shape, interleaved, in processor seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from logdepth.experiments.contenders import CONTENDERS
from logdepth.models.build import build_model
from logdepth.records import Record
from logdepth.train.recipes import plain
from measure import save

LAYERS, WIDTH, BATCH, SLOTS, CLASSES, RUNS = 2, 128, 32, 99, 30, 7


class TorchLstm(nn.Module):
    """Embedding, torch's stack of LSTMs, readout."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.unembed = nn.Embedding(CLASSES, WIDTH), nn.Linear(WIDTH, CLASSES, bias=False)
        self.lstm = nn.LSTM(WIDTH, WIDTH, LAYERS, batch_first=True)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.unembed(self.lstm(self.tokens(ids))[0])


def step(model: nn.Module) -> Callable[[], None]:
    """Forward and backward over one batch."""
    ids = torch.randint(0, CLASSES, (BATCH, SLOTS), generator=torch.Generator().manual_seed(0))

    def run() -> None:
        model.zero_grad(set_to_none=True)
        functional.cross_entropy(model(ids).flatten(0, 1), ids.flatten()).backward()

    return run


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    families = dict.fromkeys(made.family for made in CONTENDERS if made.family != "cot")
    steps = {"torch's LSTM": step(TorchLstm())}
    for family in families:
        steps[family] = step(build_model(plain(LAYERS, family=family, embed_dim=WIDTH).model).train())
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(RUNS):
        for name, run in steps.items():
            began = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - began)
    shape = {"layers": LAYERS, "width": WIDTH, "batch": BATCH, "slots": SLOTS, "threads": 1}
    records = []
    for name, seconds in best.items():
        values = {"milliseconds": round(1000 * seconds, 1), "of_lstm": round(seconds / best["torch's LSTM"], 2)}
        records.append(Record("rival step", {"family": name, **shape}, values))
    save("rivals", records)


if __name__ == "__main__":
    main()
